// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes to the virtio console for ever. */
#include "virtio.h"

static struct ring rings[2];
static unsigned char text[4096];

void guest_main(void)
{
	struct virtio v;
	uint16_t count = 0;

	virtio_need(&v, VIRTIO_CONSOLE, 0);
	virtio_negotiate(&v, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(&v, i, &rings[i], 16);
	memset(text, '.', sizeof(text));
	ring_describe(&rings[1], 0, text, sizeof(text), 0);
	virtio_set_status(&v, READY);
	for (;;) {
		ring_offer(&rings[1], 0);
		virtio_notify(&v, 1);
		count++;
		while (ring_used(&rings[1]) != count)
			__asm__ volatile("pause");
	}
}
