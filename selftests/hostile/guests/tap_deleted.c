// SPDX-License-Identifier: GPL-2.0-or-later
/* Kicks its network card while the host's interface goes away, then sleeps. */
#include "virtio.h"

#define KICKS	100

static struct ring rings[2];
static unsigned char packet[12 + 60];
static unsigned char room[4096];

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_NET, 0);
	virtio_negotiate(&v, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(&v, i, &rings[i], 256);
	ring_describe(&rings[0], 0, room, sizeof(room), DESC_WRITE);
	ring_offer(&rings[0], 0);
	ring_describe(&rings[1], 0, packet, sizeof(packet), 0);
	virtio_set_status(&v, READY);
	guest_say("up");
	for (unsigned int i = 0; i < KICKS; i++) {
		ring_offer(&rings[1], 0);
		virtio_notify(&v, 1);
		guest_wait_us(10000);
	}
	guest_say("idle");
	guest_halt();
}
