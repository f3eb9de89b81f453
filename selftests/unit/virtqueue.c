// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtqueues of good, broken and hostile drivers: vmm/virtio/queue.c. */
#include "../../vmm/virtio/queue.h"

#include <errno.h>
#include <string.h>

#include "../../vmm/memory.h"
#include "tap.h"

/* Guest memory: two ranges, with nothing between and around them. */
#define RAM_SIZE	0x8000u
#define LOW_GPA		0x10000u
#define HIGH_GPA	0x40000u

#define SIZE		8u
#define DESC_GPA	LOW_GPA
#define AVAIL_GPA	(LOW_GPA + 0x1000)
#define USED_GPA	(LOW_GPA + 0x2000)
#define TABLE_GPA	(LOW_GPA + 0x3000)

#define NEXT		1
#define WRITE		2
#define INDIRECT	4

static unsigned char *low, *high;	/* of their own, so that ASan sees ends */
static struct queue queue;
static struct queue_setup setup;
static struct queue_chain chain;

void *memory_at(uint64_t gpa, uint64_t len)
{
	if (gpa >= LOW_GPA && gpa < LOW_GPA + RAM_SIZE &&
	    len <= LOW_GPA + RAM_SIZE - gpa)
		return low + (gpa - LOW_GPA);
	if (gpa >= HIGH_GPA && gpa < HIGH_GPA + RAM_SIZE &&
	    len <= HIGH_GPA + RAM_SIZE - gpa)
		return high + (gpa - HIGH_GPA);
	return NULL;
}

static void put(uint64_t gpa, uint64_t value, unsigned int len)
{
	memcpy(memory_at(gpa, len), &value, len);
}

static uint64_t get(uint64_t gpa, unsigned int len)
{
	uint64_t value = 0;

	memcpy(&value, memory_at(gpa, len), len);
	return value;
}

static void put_desc(uint64_t table, unsigned int index, uint64_t addr,
		     uint32_t len, uint16_t flags, uint16_t next)
{
	uint64_t at = table + index * 16;

	put(at, addr, 8);
	put(at + 8, len, 4);
	put(at + 12, flags, 2);
	put(at + 14, next, 2);
}

static void offer(uint16_t head)
{
	uint16_t idx = get(AVAIL_GPA + 2, 2);

	put(AVAIL_GPA + 4 + idx % SIZE * 2, head, 2);
	put(AVAIL_GPA + 2, idx + 1u, 2);
}

static void begin(bool event_idx)
{
	memset(low, 0, RAM_SIZE);
	memset(high, 0, RAM_SIZE);
	queue_reset(&queue);
	setup = (struct queue_setup) {
		.size = SIZE, .desc = DESC_GPA, .avail = AVAIL_GPA,
		.used = USED_GPA,
	};
	if (queue_start(&queue, &setup, event_idx))
		tap_bail("the queue does not start");
}

static void test_start(void)
{
	static const struct {
		const char *what;
		struct queue_setup setup;
	} bad[] = {
		{ "no size", { 0, true, DESC_GPA, AVAIL_GPA, USED_GPA } },
		{ "a size of 6", { 6, true, DESC_GPA, AVAIL_GPA, USED_GPA } },
		{ "a size of 512",
		  { 512, true, DESC_GPA, AVAIL_GPA, USED_GPA } },
		{ "descriptors at an odd place",
		  { SIZE, true, DESC_GPA + 8, AVAIL_GPA, USED_GPA } },
		{ "no memory at the end of the descriptors",
		  { SIZE, true, LOW_GPA + RAM_SIZE - 16 * SIZE + 16, AVAIL_GPA,
		    USED_GPA } },
		{ "no memory for the used event",
		  { SIZE, true, DESC_GPA, LOW_GPA + RAM_SIZE - 4 - 2 * SIZE,
		    USED_GPA } },
		{ "no memory for the avail event",
		  { SIZE, true, DESC_GPA, AVAIL_GPA,
		    LOW_GPA + RAM_SIZE - 4 - 8 * SIZE } },
		{ "a ring at the end of all addresses",
		  { SIZE, true, DESC_GPA, UINT64_MAX - 1, USED_GPA } },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		queue_reset(&queue);
		tap_ok(queue_start(&queue, &bad[i].setup, true) == -EINVAL &&
		       !queue_is_started(&queue),
		       "not started: %s", bad[i].what);
	}
}

static void test_chain(void)
{
	begin(false);
	tap_ok(queue_pop(&queue, &chain) == 0, "an empty queue is empty");
	put_desc(DESC_GPA, 3, HIGH_GPA, 16, NEXT, 1);
	put_desc(DESC_GPA, 1, HIGH_GPA + 64, 8, NEXT | WRITE, 7);
	put_desc(DESC_GPA, 7, LOW_GPA + RAM_SIZE - 4, 4, WRITE, 0);
	offer(3);
	tap_ok(queue_pop(&queue, &chain) == 1 && chain.head == 3 &&
	       chain.num_out == 1 && chain.num_in == 2 &&
	       chain.iov[0].iov_base == high && chain.iov[0].iov_len == 16 &&
	       chain.iov[2].iov_base == low + RAM_SIZE - 4,
	       "a chain of three is followed");
	queue_copy_to(chain.iov + 1, 2, 6, "abcd", 4);
	tap_ok(!memcmp(high + 64 + 6, "ab", 2) &&
	       !memcmp(low + RAM_SIZE - 4, "cd", 2),
	       "a copy goes on in the next buffer");
	queue_push(&queue, 3, 10);
	tap_ok(get(USED_GPA + 2, 2) == 1 && get(USED_GPA + 4, 4) == 3 &&
	       get(USED_GPA + 8, 4) == 10, "the answer is in the used ring");
}

static void test_indirect(void)
{
	begin(false);
	put_desc(TABLE_GPA, 0, HIGH_GPA, 16, NEXT, 2);
	put_desc(TABLE_GPA, 2, HIGH_GPA + 16, 16, WRITE, 0);
	put_desc(DESC_GPA, 5, TABLE_GPA, 3 * 16, INDIRECT, 0);
	offer(5);
	tap_ok(queue_pop(&queue, &chain) == 1 && chain.num_out == 1 &&
	       chain.num_in == 1 && chain.iov[1].iov_base == high + 16,
	       "an indirect table is followed");
}

static void refused(const char *what)
{
	tap_ok(queue_pop(&queue, &chain) == -EPROTO, "refused: %s", what);
}

static void test_broken(void)
{
	begin(false);
	offer(SIZE);
	refused("a head that does not exist");
	begin(false);
	put(AVAIL_GPA + 2, SIZE + 1, 2);
	refused("more than fits into the ring");
	begin(false);
	put_desc(DESC_GPA, 0, HIGH_GPA, 16, NEXT, 1);
	put_desc(DESC_GPA, 1, HIGH_GPA, 16, NEXT, 0);
	offer(0);
	refused("a chain that is a loop");
	begin(false);
	put_desc(DESC_GPA, 0, HIGH_GPA, 16, NEXT, SIZE);
	offer(0);
	refused("a next that does not exist");
	begin(false);
	put_desc(DESC_GPA, 0, HIGH_GPA, 16, NEXT | WRITE, 1);
	put_desc(DESC_GPA, 1, HIGH_GPA, 16, 0, 0);
	offer(0);
	refused("a buffer to read behind one to write");
	begin(false);
	put_desc(DESC_GPA, 0, HIGH_GPA + RAM_SIZE - 15, 16, 0, 0);
	offer(0);
	refused("a buffer that ends behind memory");
	begin(false);
	put_desc(DESC_GPA, 0, UINT64_MAX - 3, 16, 0, 0);
	offer(0);
	refused("a buffer that wraps around");
	begin(false);
	put_desc(DESC_GPA, 0, HIGH_GPA, 0, 0, 0);
	offer(0);
	refused("a buffer of no bytes");
}

static void test_broken_indirect(void)
{
	begin(false);
	put_desc(TABLE_GPA, 0, TABLE_GPA, 16, INDIRECT, 0);
	put_desc(DESC_GPA, 0, TABLE_GPA, 16, INDIRECT, 0);
	offer(0);
	refused("an indirect table in an indirect table");
	begin(false);
	put_desc(DESC_GPA, 0, TABLE_GPA, 16, INDIRECT | NEXT, 1);
	offer(0);
	refused("an indirect table that has a next");
	begin(false);
	put_desc(DESC_GPA, 0, TABLE_GPA, 24, INDIRECT, 0);
	offer(0);
	refused("an indirect table of one and a half");
	begin(false);
	put_desc(DESC_GPA, 0, TABLE_GPA, 257 * 16, INDIRECT, 0);
	offer(0);
	refused("an indirect table longer than a queue can be");
	begin(false);
	put_desc(DESC_GPA, 0, HIGH_GPA + RAM_SIZE - 16, 32, INDIRECT, 0);
	offer(0);
	refused("an indirect table that ends behind memory");
}

static void test_interrupts(void)
{
	begin(false);
	tap_ok(!queue_wants_interrupt(&queue), "no interrupt for nothing");
	queue_push(&queue, 0, 0);
	tap_ok(queue_wants_interrupt(&queue) &&
	       !queue_wants_interrupt(&queue), "one for what was pushed");
	put(AVAIL_GPA, 1, 2);
	queue_push(&queue, 0, 0);
	tap_ok(!queue_wants_interrupt(&queue), "none if it is not wanted");

	begin(true);
	put(AVAIL_GPA + 4 + SIZE * 2, 1, 2);
	queue_push(&queue, 0, 0);
	tap_ok(!queue_wants_interrupt(&queue), "none before the event");
	queue_push(&queue, 0, 0);
	tap_ok(queue_wants_interrupt(&queue), "one at the event");
	queue_push(&queue, 0, 0);
	tap_ok(!queue_wants_interrupt(&queue), "none behind it");

	begin(true);
	tap_ok(queue_may_sleep(&queue) &&
	       !get(USED_GPA + 4 + SIZE * 8, 2), "may sleep on an empty queue");
	offer(0);
	tap_ok(!queue_may_sleep(&queue), "not when something has come");
}

static bool is_in(const struct iovec *iov, const unsigned char *ram)
{
	const unsigned char *base = iov->iov_base;

	return base >= ram && base < ram + RAM_SIZE &&
	       iov->iov_len <= (size_t)(ram + RAM_SIZE - base);
}

/* Mostly plausible values, so that not all end at the first check. */
static uint64_t random_gpa(void)
{
	uint64_t base = random() % 2 ? LOW_GPA : HIGH_GPA;

	return random() % 20 ? base + random() % RAM_SIZE :
			       (uint64_t)random() << 33 | random();
}

static void spoil(void)
{
	for (unsigned int i = 0; i < SIZE; i++) {
		put_desc(DESC_GPA, i, random_gpa(), random() % 300,
			 random() % 8, random() % (SIZE + 1));
		put_desc(TABLE_GPA, i, random_gpa(), random() % 300,
			 random() % 8, random() % (SIZE + 1));
		if (random() % 3 == 0)
			put_desc(DESC_GPA, i, TABLE_GPA, SIZE * 16, INDIRECT,
				 0);
	}
}

static void test_noise(void)
{
	unsigned int taken = 0, refusals = 0, outside = 0;
	unsigned char data[256];

	srandom(1);
	begin(true);
	for (unsigned int i = 0; i < 300000; i++) {
		int got;

		if (i % 16 == 0) {
			spoil();
			queue_start(&queue, &setup, i % 32);
		}
		if (i % 1000 == 999)
			put(AVAIL_GPA + 2, random(), 2);
		offer(random() % (SIZE + (i % 64 == 0)));
		got = queue_pop(&queue, &chain);
		refusals += got < 0;
		if (got < 0)	/* as after a reset */
			queue.next_avail = get(AVAIL_GPA + 2, 2);
		if (got != 1)
			continue;
		taken++;
		for (unsigned int b = 0; b < chain.num_out + chain.num_in; b++)
			outside += !is_in(&chain.iov[b], low) &&
				   !is_in(&chain.iov[b], high);
		queue_copy_from(chain.iov, chain.num_out, random() % 64, data,
				sizeof(data));
		queue_copy_to(chain.iov + chain.num_out, chain.num_in,
			      random() % 64, data, sizeof(data));
		queue_push(&queue, chain.head, random());
		queue_wants_interrupt(&queue);
		queue_may_sleep(&queue);
	}
	tap_diag("%u taken, %u refused", taken, refusals);
	tap_ok(taken > 10000 && refusals > 10000,
	       "a hostile driver gets this far and no further");
	tap_ok(!outside, "no buffer is outside of its memory");
}

int main(void)
{
	tap_plan(36);
	low = malloc(RAM_SIZE);
	high = malloc(RAM_SIZE);
	test_start();
	test_chain();
	test_indirect();
	test_broken();
	test_broken_indirect();
	test_interrupts();
	test_noise();
	free(low);
	free(high);
	return tap_exit();
}
