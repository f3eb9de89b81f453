// SPDX-License-Identifier: GPL-2.0-or-later
/* What no driver may do, and any can, whatever the device. */
#include "abuse.h"

#define RAM_END		0x4000000ull	/* the runner gives 64 MiB */
#define HOLE		0xb0000000ull	/* no RAM there */
#define FLASH		0xfffff000ull
#define ROUNDS		400
#define QUEUES		8		/* that random ones are chosen from */

static struct ring rings[QUEUES];
static unsigned char buffer[65536] __attribute__((aligned(4096)));

/* ---- queues ----------------------------------------------------------------- */

struct place {
	const char *what;
	uint16_t size;
	uint64_t desc, avail, used;
};

void abuse_places(struct virtio *v)
{
	const uint64_t d = (uintptr_t)rings[0].desc;
	const uint64_t a = (uintptr_t)rings[0].avail;
	const uint64_t u = (uintptr_t)rings[0].used;
	const struct place places[] = {
		{ "descriptors nowhere", 256, HOLE, a, u },
		{ "descriptors across the end of memory", 256,
		  RAM_END - 16, a, u },
		{ "descriptors across the end of addresses", 256,
		  -16ull, a, u },
		{ "available ring in flash", 256, d, FLASH, u },
		{ "available ring across the end of memory", 256,
		  d, RAM_END - 2, u },
		{ "used ring nowhere", 256, d, a, 1ull << 63 },
		{ "used ring across the end of memory", 256, d, a, RAM_END - 4 },
		{ "descriptors at an odd address", 256, d + 1, a, u },
		{ "available ring at an odd address", 256, d, a + 1, u },
		{ "used ring at an odd address", 256, d, a, u + 2 },
		{ "a queue of size 0", 0, d, a, u },
		{ "a queue of size 3", 3, d, a, u },
		{ "a queue of size 512", 512, d, a, u },
		{ "a queue of size 65535", 65535, d, a, u },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *p = &places[i];

		virtio_negotiate(v, 0);
		virtio_set_queue(v, 0, p->size, p->desc, p->avail, p->used);
		virtio_set_status(v, READY);
		virtio_notify(v, 0);
		guest_ok((virtio_status(v) & NEEDS_RESET) && virtio_is_well(v),
			 "%s", p->what);
	}
}

/* ---- chains ----------------------------------------------------------------- */

struct chain {
	const char *what;
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

static void try_chain(struct virtio *v, unsigned int queue,
		      const struct chain *chain)
{
	struct ring *ring = &rings[queue];

	virtio_negotiate(v, F_INDIRECT);
	virtio_use_ring(v, queue, ring, RING_SIZE);
	for (unsigned int i = 0; i < RING_SIZE; i++)
		ring->desc[i] = (struct desc) {
			.addr = chain->addr, .len = chain->len,
			.flags = chain->flags, .next = chain->next,
		};
	ring_offer(ring, 0);
	virtio_set_status(v, READY);
	virtio_notify(v, queue);
	guest_ok(virtio_breaks(v) && virtio_is_well(v), "queue %u: %s", queue,
		 chain->what);
}

/* An indirect table within @buffer of @count copies of a descriptor. */
static void fill_table(uint16_t flags, uint16_t next)
{
	struct desc *table = (void *)buffer;

	for (unsigned int i = 0; i < 512; i++)
		table[i] = (struct desc) {
			.addr = (uintptr_t)buffer, .len = 16, .flags = flags,
			.next = next,
		};
}

static void try_rings(struct virtio *v, unsigned int queue, uint16_t idx,
		      uint16_t head, const char *what)
{
	virtio_negotiate(v, 0);
	virtio_use_ring(v, queue, &rings[queue], RING_SIZE);
	virtio_set_status(v, READY);
	rings[queue].avail[2] = head;
	guest_barrier();
	rings[queue].avail[1] = idx;
	virtio_notify(v, queue);
	guest_ok(virtio_breaks(v) && virtio_is_well(v), "queue %u: %s", queue,
		 what);
}

void abuse_chains(struct virtio *v, unsigned int queue)
{
	const uint64_t b = (uintptr_t)buffer;
	const struct chain chains[] = {
		{ "a buffer nowhere", HOLE, 16, 0, 0 },
		{ "a buffer across the end of memory", RAM_END - 1, 2, 0, 0 },
		{ "a buffer across the end of addresses", -1ull, 2, 0, 0 },
		{ "a buffer of no bytes", b, 0, 0, 0 },
		{ "a buffer of 4 GiB", b, UINT32_MAX, DESC_WRITE, 0 },
		{ "a chain that is a loop", b, 16, DESC_NEXT, 0 },
		{ "a chain that leaves the table", b, 16, DESC_NEXT, 256 },
		{ "a chain that leaves memory", b, 16, DESC_NEXT, 65535 },
		{ "an indirect table nowhere", HOLE, 16, DESC_INDIRECT, 0 },
		{ "an indirect table of no entry", b, 0, DESC_INDIRECT, 0 },
		{ "an indirect table of half an entry", b, 8, DESC_INDIRECT, 0 },
		{ "an indirect table that is too long", b, 16 * 257,
		  DESC_INDIRECT, 0 },
		{ "an indirect table of 4 GiB", b, 0xfffffff0u,
		  DESC_INDIRECT, 0 },
		{ "an indirect table and more", b, 16,
		  DESC_INDIRECT | DESC_NEXT, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(chains); i++)
		try_chain(v, queue, &chains[i]);
	fill_table(DESC_INDIRECT, 0);
	try_chain(v, queue, &(struct chain) {
		"an indirect table in an indirect table", b, 16, DESC_INDIRECT, 0 });
	fill_table(DESC_NEXT, 0);
	try_chain(v, queue, &(struct chain) {
		"an indirect table with a loop", b, 4096, DESC_INDIRECT, 0 });
	fill_table(DESC_NEXT, 300);
	try_chain(v, queue, &(struct chain) {
		"an indirect table that points out of itself", b, 4096,
		DESC_INDIRECT, 0 });
	try_rings(v, queue, RING_SIZE + 1, 0, "more entries than the ring has");
	try_rings(v, queue, 0x8000, 0, "half of all indices at once");
	try_rings(v, queue, 1, RING_SIZE, "a head out of the table");
	try_rings(v, queue, 1, 65535, "a head out of memory");
}

/* ---- registers -------------------------------------------------------------- */

static void write_sized(uint64_t addr, unsigned int len, uint64_t value)
{
	switch (len) {
	case 1:
		MMIO8(addr) = value;
		break;
	case 2:
		MMIO16(addr) = value;
		break;
	case 4:
		MMIO32(addr) = value;
		break;
	default:
		MMIO64(addr) = value;
	}
}

static uint64_t read_sized(uint64_t addr, unsigned int len)
{
	switch (len) {
	case 1:
		return MMIO8(addr);
	case 2:
		return MMIO16(addr);
	case 4:
		return MMIO32(addr);
	default:
		return MMIO64(addr);
	}
}

/* Every place, in every size, from well before to well behind. */
static void touch_part(uint64_t part, uint64_t value)
{
	for (unsigned int len = 1; len <= 8; len *= 2) {
		for (unsigned int at = 0; at < COMMON_SIZE + 16; at++) {
			read_sized(part + at, len);
			write_sized(part + at, len, value);
		}
		/* which may not be the device's any more */
		read_sized(part + 4096 - 1, len);
		write_sized(part + 4096 - 1, len, value);
	}
}

static void change_while_running(struct virtio *v)
{
	uint64_t place = (uintptr_t)rings[0].desc;

	virtio_negotiate(v, 0);
	virtio_use_ring(v, 0, &rings[0], 16);
	virtio_set_status(v, READY);
	virtio_set_queue(v, 0, 128, HOLE, HOLE, HOLE);
	MMIO32(v->common + DRIVER_SELECT) = 0;
	MMIO32(v->common + DRIVER_FEATURES) = F_EVENT_IDX;
	guest_ok(MMIO16(v->common + QUEUE_SIZE) == 16 &&
		 MMIO64(v->common + QUEUE_DESC) == place &&
		 !(MMIO32(v->common + DRIVER_FEATURES) & F_EVENT_IDX),
		 "a running device keeps its queues and features");
	virtio_notify(v, 0);
	guest_ok(virtio_is_well(v), "and is none the worse for it");
}

/* A queue that is enabled when the device runs already was never checked. */
static void enable_late(struct virtio *v)
{
	unsigned int queues = MMIO16(v->common + NUM_QUEUES);

	virtio_negotiate(v, 0);
	virtio_set_status(v, READY);
	guest_wait_us(20000);
	for (unsigned int i = 0; i < queues && i < QUEUES; i++) {
		virtio_use_ring(v, i, &rings[i], 16);
		virtio_notify(v, i);
		virtio_set_queue(v, i, 16, HOLE, HOLE, HOLE);
		virtio_notify(v, i);
	}
	guest_wait_us(50000);
	guest_ok(virtio_is_well(v), "queues enabled after DRIVER_OK");
}

void abuse_registers(struct virtio *v)
{
	static const uint64_t values[] = { 0, UINT64_MAX, 0x0101010101010101ull };

	for (unsigned int i = 0; i < ARRAY_SIZE(values); i++) {
		touch_part(v->common, values[i]);
		touch_part(v->notify, values[i]);
		touch_part(v->isr, values[i]);
		if (v->device)
			touch_part(v->device, values[i]);
	}
	guest_ok(virtio_is_well(v), "every register in every size");
	virtio_set_status(v, DRIVER_OK);
	virtio_notify(v, 0);
	virtio_set_status(v, NEEDS_RESET);
	guest_ok(virtio_is_well(v), "DRIVER_OK before anything else");
	change_while_running(v);
	enable_late(v);
}

/* ---- resets ----------------------------------------------------------------- */

/* Offer as much as a queue takes: reads and writes of @buffer. */
static void fill_ring(struct ring *ring)
{
	for (unsigned int i = 0; i + 1 < ring->size; i += 2) {
		ring_describe(ring, i, buffer, 64, DESC_NEXT);
		ring_describe(ring, i + 1, buffer + 4096, 512, DESC_WRITE);
		ring_offer(ring, i);
	}
}

void abuse_resets(struct virtio *v)
{
	unsigned int queues = MMIO16(v->common + NUM_QUEUES);

	for (unsigned int round = 0; round < 12; round++) {
		virtio_negotiate(v, 0);
		for (unsigned int i = 0; i < queues && i < QUEUES; i++) {
			virtio_use_ring(v, i, &rings[i], 64);
			fill_ring(&rings[i]);
		}
		virtio_set_status(v, READY);
		for (unsigned int i = 0; i < queues && i < QUEUES; i++)
			virtio_notify(v, i);
		guest_wait_us(guest_below(300));
		virtio_set_status(v, 0);
	}
	guest_ok(virtio_is_well(v), "resets of a busy device");
}

/* ---- chance ----------------------------------------------------------------- */

static uint64_t random_address(void)
{
	switch (guest_below(4)) {
	case 0:
		return guest_odd_number();
	case 1:
		return RAM_END - guest_below(8192);
	default:
		return (uintptr_t)buffer + guest_below(sizeof(buffer));
	}
}

static void scribble(struct ring *ring)
{
	struct desc *table = guest_below(4) ? ring->desc : (void *)buffer;
	unsigned int i = guest_below(RING_SIZE);

	table[i] = (struct desc) {
		.addr = random_address(),
		.len = guest_below(8) ? guest_below(600) : guest_odd_number(),
		.flags = guest_below(16) ? guest_below(4) : guest_below(8),
		.next = guest_below(16) ? guest_below(RING_SIZE) :
					  guest_random(),
	};
}

static void do_anything(struct virtio *v, unsigned int queues)
{
	unsigned int queue = guest_below(queues);
	struct ring *ring = &rings[queue];

	switch (guest_below(12)) {
	case 0:
		virtio_negotiate(v, guest_random() & (F_INDIRECT | F_EVENT_IDX));
		for (unsigned int i = 0; i < queues; i++)
			virtio_use_ring(v, i, &rings[i], 1u << guest_below(9));
		virtio_set_status(v, READY);
		break;
	case 1:
		virtio_set_status(v, guest_random());
		break;
	case 2:
		write_sized(v->common + guest_below(COMMON_SIZE),
			    1u << guest_below(4), guest_odd_number());
		break;
	case 3:
		ring->avail[guest_below(2)] = guest_odd_number();
		break;
	case 4:
	case 5:
	case 6:
		scribble(ring);
		break;
	case 7:
		ring->avail[2 + guest_below(RING_SIZE)] = guest_odd_number();
		break;
	default:
		ring_offer(ring, guest_below(RING_SIZE));
		virtio_notify(v, queue);
	}
}

void abuse_at_random(struct virtio *v)
{
	unsigned int queues = MMIO16(v->common + NUM_QUEUES);

	queues = queues < QUEUES ? queues : QUEUES;
	for (unsigned int i = 0; i < QUEUES; i++)
		rings[i].size = RING_SIZE;
	for (unsigned int round = 0; round < ROUNDS; round++)
		do_anything(v, queues);
	guest_ok(virtio_is_well(v), "%u random operations", ROUNDS);
}

void abuse_device(struct virtio *v)
{
	abuse_places(v);
	abuse_registers(v);
	abuse_resets(v);
	abuse_at_random(v);
}
