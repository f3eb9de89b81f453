// SPDX-License-Identifier: GPL-2.0-or-later
/* A driver that breaks virtio's rules as often as it can. */
#include "virtio.h"

#define TIMES	2000

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_RNG, 0);
	for (unsigned int i = 0; i < TIMES; i++) {
		virtio_negotiate(&v, 0);
		virtio_set_queue(&v, 0, 256, 1, 3, 5);
		virtio_set_status(&v, READY);
	}
	guest_ok(virtio_is_well(&v), "broken and reset %u times", TIMES);
}
