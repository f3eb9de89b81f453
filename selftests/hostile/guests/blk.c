// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk, badly used. Its image is 1 MiB. */
#include "abuse.h"

#define SECTORS		2048u
#define T_IN		0
#define T_OUT		1
#define T_FLUSH		4
#define T_GET_ID	8
#define T_DISCARD	11
#define T_ZEROES	13
#define S_OK		0
#define S_IOERR		1
#define S_UNSUPP	2
#define NO_ANSWER	0xee
#define F_FLUSH		(1u << 9)
#define F_DISCARD	(1u << 13)
#define F_ZEROES	(1u << 14)

static struct ring ring;
static struct {
	uint32_t type, reserved;
	uint64_t sector;
} header;
static struct {
	uint64_t sector;
	uint32_t count, flags;
} range;
static unsigned char data[65536] __attribute__((aligned(4096)));
static volatile uint8_t status;
static uint16_t returned;

static void start(struct virtio *v)
{
	virtio_negotiate(v, F_FLUSH | F_DISCARD | F_ZEROES);
	virtio_use_ring(v, 0, &ring, 64);
	virtio_set_status(v, READY);
	returned = 0;
}

/* One request. Return: its status; NO_ANSWER if there is none. */
static uint8_t request(struct virtio *v, uint32_t type, uint64_t sector,
		       const void *buffer, uint32_t len, uint16_t flags)
{
	header.type = type;
	header.sector = sector;
	status = NO_ANSWER;
	ring_describe(&ring, 0, &header, sizeof(header), DESC_NEXT);
	ring_describe(&ring, 1, buffer, len, DESC_NEXT | flags);
	ring_describe(&ring, 2, (const void *)&status, 1, DESC_WRITE);
	if (!len)
		ring.desc[0].next = 2;
	ring_offer(&ring, 0);
	virtio_notify(v, 0);
	if (!ring_wait(v, &ring, ++returned))
		return NO_ANSWER;
	return status;
}

static void test_places(struct virtio *v)
{
	static const uint64_t sectors[] = {
		SECTORS, SECTORS - 1, 1ull << 55, 1ull << 63, UINT64_MAX,
		UINT64_MAX / 512, UINT64_MAX / 512 + 1,
	};

	start(v);
	guest_ok(request(v, T_IN, SECTORS - 2, data, 1024, DESC_WRITE) == S_OK,
		 "the last sectors are read");
	for (unsigned int i = 0; i < ARRAY_SIZE(sectors); i++)
		guest_ok(request(v, T_IN, sectors[i], data, 1024, DESC_WRITE) ==
			 S_IOERR &&
			 request(v, T_OUT, sectors[i], data, 1024, 0) == S_IOERR,
			 "sectors %lx and on are not there",
			 (unsigned long)sectors[i]);
	guest_ok(request(v, T_OUT, 0, data, 511, 0) == S_IOERR,
		 "half a sector is not written");
	guest_ok(request(v, T_IN, 0, data, 0, 0) == S_IOERR,
		 "nothing is not read");
	guest_ok(request(v, 0x7fffffff, 0, data, 512, 0) == S_UNSUPP,
		 "an unknown request is refused");
	guest_ok(request(v, T_GET_ID, 0, data, 1, DESC_WRITE) == S_OK,
		 "an id without room");
	guest_ok(request(v, T_FLUSH, UINT64_MAX, data, 512, 0) == S_OK,
		 "a flush with data and a sector");
}

static void test_ranges(struct virtio *v)
{
	static const struct {
		uint64_t sector;
		uint32_t count, flags;
		uint8_t wanted;
	} ranges[] = {
		{ SECTORS, 1, 0, S_IOERR }, { 0, SECTORS + 1, 0, S_IOERR },
		{ UINT64_MAX, 2, 0, S_IOERR }, { 1ull << 55, 8, 0, S_IOERR },
		{ 0, UINT32_MAX, 0, S_IOERR }, { 0, 0, 0, S_IOERR },
		{ 0, 1, UINT32_MAX, S_UNSUPP },
	};

	start(v);
	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
		range.sector = ranges[i].sector;
		range.count = ranges[i].count;
		range.flags = ranges[i].flags;
		guest_ok(request(v, T_DISCARD, 0, &range, 16, 0) ==
			 ranges[i].wanted &&
			 request(v, T_ZEROES, 0, &range, 16, 0) ==
			 ranges[i].wanted, "range %lx and %x, flags %x",
			 (unsigned long)range.sector, range.count, range.flags);
	}
	guest_ok(request(v, T_DISCARD, 0, &range, 15, 0) == S_IOERR &&
		 request(v, T_DISCARD, 0, data, 32, 0) == S_IOERR,
		 "a range of another size");
}

/* Requests that are no requests break the device. */
static void test_shapes(struct virtio *v)
{
	start(v);
	ring_describe(&ring, 0, &header, 15, DESC_NEXT);
	ring_describe(&ring, 1, (const void *)&status, 1, DESC_WRITE);
	ring_offer(&ring, 0);
	virtio_notify(v, 0);
	guest_ok(virtio_breaks(v), "a header that is too short");
	start(v);
	ring_describe(&ring, 0, &header, sizeof(header), 0);
	ring_offer(&ring, 0);
	virtio_notify(v, 0);
	guest_ok(virtio_breaks(v), "no room for the status");
	start(v);
	ring_describe(&ring, 0, data, 512, DESC_WRITE);
	ring_offer(&ring, 0);
	virtio_notify(v, 0);
	guest_ok(virtio_breaks(v), "no header");
	/* one that is split over pieces of a byte is one, and its data too */
	start(v);
	header.type = T_IN;
	header.sector = 0;
	for (unsigned int i = 0; i < 16; i++)
		ring_describe(&ring, i, (char *)&header + i, 1, DESC_NEXT);
	ring_describe(&ring, 16, data, 1, DESC_NEXT | DESC_WRITE);
	ring_describe(&ring, 17, data + 1, 512, DESC_WRITE);
	ring_offer(&ring, 0);
	virtio_notify(v, 0);
	guest_ok(ring_wait(v, &ring, 1) && data[512] == S_OK,
		 "a header of 16 buffers, and the status at the end of data");
}

/* A chain that is offered twice, while the first is being worked on. */
static void test_twice(struct virtio *v)
{
	start(v);
	header.type = T_IN;
	header.sector = 0;
	ring_describe(&ring, 0, &header, sizeof(header), DESC_NEXT);
	ring_describe(&ring, 1, data, sizeof(data), DESC_NEXT | DESC_WRITE);
	ring_describe(&ring, 2, (const void *)&status, 1, DESC_WRITE);
	for (unsigned int i = 0; i < 60; i++)
		ring_offer(&ring, 0);
	virtio_notify(v, 0);
	guest_wait_us(100000);
	guest_ok(virtio_is_well(v), "the same chain 60 times at once");
}

/* Reads into the rings that say so. */
static void test_into_rings(struct virtio *v)
{
	start(v);
	request(v, T_IN, 0, ring.desc, 4096, DESC_WRITE);
	guest_wait_us(20000);
	start(v);
	request(v, T_IN, 0, (const void *)ring.used, 2048, DESC_WRITE);
	guest_wait_us(20000);
	guest_ok(virtio_is_well(v), "reads into rings");
	start(v);
	guest_ok(request(v, T_IN, 0, data, 512, DESC_WRITE) == S_OK,
		 "after all that the disk is read");
}

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_BLK, 0);
	test_places(&v);
	test_ranges(&v);
	test_shapes(&v);
	test_twice(&v);
	test_into_rings(&v);
	abuse_device(&v);
	abuse_chains(&v, 0);
}
