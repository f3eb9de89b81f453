// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtio console, badly used. */
#include "abuse.h"

#define RX	0
#define TX	1

static struct ring rings[2];
static unsigned char text[4096];

static void start(struct virtio *v)
{
	virtio_negotiate(v, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(v, i, &rings[i], 256);
	virtio_set_status(v, READY);
}

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_CONSOLE, 0);
	memset(text, '\n', sizeof(text));
	start(&v);
	for (unsigned int i = 0; i < 256; i++)
		ring_describe(&rings[TX], i, text, 1, i < 255 ? DESC_NEXT : 0);
	ring_offer(&rings[TX], 0);
	virtio_notify(&v, TX);
	guest_ok(ring_wait(&v, &rings[TX], 1), "a text in 256 pieces");
	start(&v);
	ring_describe(&rings[TX], 0, text, sizeof(text), DESC_WRITE);
	ring_offer(&rings[TX], 0);
	virtio_notify(&v, TX);
	guest_ok(ring_wait(&v, &rings[TX], 1), "a text to be written into");
	abuse_places(&v);
	abuse_registers(&v);
	abuse_resets(&v);
	abuse_chains(&v, TX);
}
