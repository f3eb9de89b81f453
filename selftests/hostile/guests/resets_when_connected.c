// SPDX-License-Identifier: GPL-2.0-or-later
/* Resets itself as soon as its network card receives something. */
#include "virtio.h"

#define RESET_PORT	0xcf9
#define RESET		6

static struct ring rings[2];
static unsigned char room[16][2048];

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_NET, 0);
	virtio_negotiate(&v, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(&v, i, &rings[i], 256);
	for (unsigned int i = 0; i < ARRAY_SIZE(room); i++) {
		ring_describe(&rings[0], i, room[i], sizeof(room[i]), DESC_WRITE);
		ring_offer(&rings[0], i);
	}
	virtio_set_status(&v, READY);
	guest_say("listening");
	while (!ring_used(&rings[0]))
		__asm__ volatile("pause");
	outb(RESET_PORT, RESET);
	guest_halt();
}
