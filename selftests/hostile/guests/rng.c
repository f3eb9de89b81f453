// SPDX-License-Identifier: GPL-2.0-or-later
/* The random number generator, badly used. */
#include "abuse.h"

static struct ring ring;
static unsigned char bytes[65536];

static void test_sizes(struct virtio *v)
{
	static const uint32_t sizes[] = { 1, 7, 4096, 4097, 65536 };

	virtio_negotiate(v, 0);
	virtio_use_ring(v, 0, &ring, 16);
	virtio_set_status(v, READY);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(bytes, 0, sizeof(bytes));
		ring_describe(&ring, 0, bytes, sizes[i], DESC_WRITE);
		ring_offer(&ring, 0);
		virtio_notify(v, 0);
		guest_ok(ring_wait(v, &ring, i + 1) &&
			 ring_used_len(&ring, i) <= sizes[i],
			 "a request of %u bytes brings %u", sizes[i],
			 ring_used_len(&ring, i));
	}
}

/* A request with nothing to write into is answered with nothing. */
static void test_nothing(struct virtio *v)
{
	virtio_negotiate(v, 0);
	virtio_use_ring(v, 0, &ring, 16);
	virtio_set_status(v, READY);
	ring_describe(&ring, 0, bytes, 16, 0);
	ring_offer(&ring, 0);
	virtio_notify(v, 0);
	guest_ok(ring_wait(v, &ring, 1) && !ring_used_len(&ring, 0),
		 "a request without room");
}

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_RNG, 0);
	abuse_device(&v);
	abuse_chains(&v, 0);
	test_nothing(&v);
	test_sizes(&v);
}
