// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk with blocks of 4096 bytes, of which a driver wants parts. */
#include "blk.h"

static unsigned char data[8192];

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_BLK, 0);
	blk_start(&v, F_BLK_SIZE);
	guest_ok(MMIO32(v.device + CONFIG_BLK_SIZE) == 4096,
		 "blocks have 4096 bytes");
	guest_ok(blk_request(&v, T_OUT, 8, data, 8192) == S_OK &&
		 blk_request(&v, T_IN, 8, data, 4096) == S_OK, "two blocks");
	guest_ok(blk_request(&v, T_IN, 8, data, 512) == S_IOERR &&
		 blk_request(&v, T_OUT, 8, data, 4096 + 512) == S_IOERR,
		 "a part of a block");
	guest_ok(blk_request(&v, T_IN, 7, data, 4096) == S_IOERR &&
		 blk_request(&v, T_OUT, 9, data, 4096) == S_IOERR,
		 "parts of two blocks");
	guest_ok(blk_request(&v, T_IN, 2048 - 8, data, 4096) == S_OK &&
		 blk_request(&v, T_IN, 2048 - 8, data, 8192) == S_IOERR,
		 "the last block");
	blk_start(&v, 0);
	guest_ok(blk_request(&v, T_IN, 9, data, 512) == S_OK,
		 "a sector, by a driver that was not told");
}
