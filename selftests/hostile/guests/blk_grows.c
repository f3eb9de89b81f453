// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk that becomes larger while the driver works. */
#include "blk.h"

#define SECTORS		2048u
#define GROWN		(3 * SECTORS)
#define ISR_CONFIG	2
#define GENERATION	21	/* in the common configuration */
#define WAIT_US		20000000

static unsigned char data[512];

void guest_main(void)
{
	uint64_t end = guest_us() + WAIT_US;
	struct virtio v;
	uint8_t generation, isr = 0;

	virtio_need(&v, VIRTIO_BLK, 0);
	blk_start(&v, 0);
	generation = MMIO8(v.common + GENERATION);
	guest_ok(MMIO64(v.device) == SECTORS &&
		 blk_request(&v, T_IN, SECTORS, data, 512) == S_IOERR,
		 "the disk has %u sectors", SECTORS);
	guest_say("waiting");
	while (!(isr & ISR_CONFIG) && guest_us() < end)
		isr |= MMIO8(v.isr);
	guest_ok(isr & ISR_CONFIG, "a change is told");
	guest_ok(MMIO64(v.device) == GROWN &&
		 MMIO8(v.common + GENERATION) != generation,
		 "the disk has %u sectors", GROWN);
	guest_ok(blk_request(&v, T_OUT, GROWN - 1, data, 512) == S_OK &&
		 blk_request(&v, T_IN, GROWN, data, 512) == S_IOERR,
		 "they can be written");
}
