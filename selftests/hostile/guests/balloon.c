// SPDX-License-Identifier: GPL-2.0-or-later
/* Free page reporting, with reports of what is not free, or no page. */
#include "abuse.h"

#define F_REPORTING	(1u << 5)
#define REPORTS		2
#define QUEUES		3

static struct ring rings[QUEUES];
static unsigned char block[2 << 20] __attribute__((aligned(2 << 20)));

static void start(struct virtio *v)
{
	virtio_negotiate(v, F_REPORTING);
	for (unsigned int i = 0; i < QUEUES; i++)
		virtio_use_ring(v, i, &rings[i], 256);
	virtio_set_status(v, READY);
}

static bool report(struct virtio *v, const void *at, uint32_t len)
{
	start(v);
	ring_describe(&rings[REPORTS], 0, at, len, DESC_WRITE);
	ring_offer(&rings[REPORTS], 0);
	virtio_notify(v, REPORTS);
	return ring_wait(v, &rings[REPORTS], 1);
}

/* Pages of which only a part is reported are not free. */
static void test_parts(struct virtio *v)
{
	memset(block, 0x5a, 3 * 4096);
	guest_ok(report(v, block + 1, 4096), "a report of two parts of pages");
	guest_ok(block[0] == 0x5a && block[8191] == 0x5a,
		 "takes nothing of either");
	guest_ok(report(v, block + 4096, 1), "a report of one byte");
	guest_ok(block[4096] == 0x5a && block[4097] == 0x5a, "takes nothing");
}

static void test_wholes(struct virtio *v)
{
	block[0] = 1;
	guest_ok(report(v, block, sizeof(block)), "a report of 2 MiB");
	block[0] = 2;
	block[sizeof(block) - 1] = 3;
	guest_ok(block[0] == 2 && block[sizeof(block) - 1] == 3,
		 "whose memory can be used again");
	start(v);
	for (unsigned int i = 0; i < 256; i++)
		ring_describe(&rings[REPORTS], i, block, sizeof(block),
			      DESC_WRITE | (i < 255 ? DESC_NEXT : 0));
	ring_offer(&rings[REPORTS], 0);
	virtio_notify(v, REPORTS);
	guest_ok(ring_wait(v, &rings[REPORTS], 1), "the same 256 times");
}

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_BALLOON, 0);
	test_parts(&v);
	test_wholes(&v);
	abuse_places(&v);
	abuse_registers(&v);
	abuse_chains(&v, REPORTS);
	abuse_resets(&v);
	guest_ok(report(&v, block, 4096), "after all that a report is taken");
}
