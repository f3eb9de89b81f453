// SPDX-License-Identifier: GPL-2.0-or-later
/* A network card that is ready and that nobody uses, and a guest that sleeps. */
#include "virtio.h"

static struct ring rings[2];

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_NET, 0);
	virtio_negotiate(&v, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(&v, i, &rings[i], 256);
	virtio_set_status(&v, READY);
	guest_say("idle");
	guest_halt();
}
