// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Queues that are enabled after DRIVER_OK, of every device that there is: the
 * device has never looked at their rings.
 */
#include "virtio.h"

static struct ring rings[3];

static void enable_late(unsigned int type)
{
	struct virtio v;
	unsigned int queues;

	if (!virtio_find(&v, type, 0))
		return;
	queues = MMIO16(v.common + NUM_QUEUES);
	virtio_negotiate(&v, 0);
	virtio_set_status(&v, READY);
	guest_wait_us(20000);
	for (unsigned int i = 0; i < queues && i < ARRAY_SIZE(rings); i++) {
		virtio_use_ring(&v, i, &rings[i], 16);
		virtio_notify(&v, i);
	}
	guest_wait_us(50000);
	guest_ok(virtio_is_well(&v), "type %u", type);
}

void guest_main(void)
{
	for (unsigned int type = VIRTIO_NET; type <= VIRTIO_BALLOON; type++)
		enable_late(type);
}
