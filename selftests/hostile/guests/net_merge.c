// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets in several receive buffers: small ones, too few, and ones that are too
 * small for a header; and headers that ask the host for what it must not do. The
 * network's host, 10.0.2.2, answers ARP.
 */
#include "virtio.h"

#define F_MRG_RXBUF	(1u << 15)
#define HEADER		12
#define RX		0
#define TX		1
#define EACH		16u
#define REPLY		(HEADER + 42)	/* or more, with padding */
#define BUFFERS		8u

static struct ring rings[2];
static unsigned char room[BUFFERS][EACH];
static unsigned char packet[HEADER + 42];
static uint16_t sent;

static void start(struct virtio *v)
{
	virtio_negotiate(v, F_MRG_RXBUF);
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(v, i, &rings[i], 16);
	virtio_set_status(v, READY);
	memset(room, 0, sizeof(room));
	sent = 0;
}

static void offer(struct virtio *v, unsigned int first, unsigned int count,
		  uint32_t each)
{
	for (unsigned int i = first; i < first + count; i++) {
		ring_describe(&rings[RX], i, room[i], each, DESC_WRITE);
		ring_offer(&rings[RX], i);
	}
	virtio_notify(v, RX);
}

/* Who has 10.0.2.2? Return: the device has taken the question. */
static bool ask(struct virtio *v)
{
	static const unsigned char arp[42] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6,
		0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 2, 15,
		0, 0, 0, 0, 0, 0, 10, 0, 2, 2,
	};

	memcpy(packet + HEADER, arp, sizeof(arp));
	ring_describe(&rings[TX], 0, packet, sizeof(packet), 0);
	ring_offer(&rings[TX], 0);
	virtio_notify(v, TX);
	return ring_wait(v, &rings[TX], ++sent);
}

/* Bytes in the first used buffers, one after the other. */
static unsigned int received(unsigned int count)
{
	unsigned int bytes = 0;

	for (unsigned int i = 0; i < count; i++)
		bytes += ring_used_len(&rings[RX], i);
	return bytes;
}

static void test_merge(struct virtio *v)
{
	unsigned int count;

	start(v);
	memset(packet, 0, HEADER);
	offer(v, 0, 3, EACH);
	guest_ok(ask(v), "a question is taken");
	guest_wait_us(50000);
	guest_ok(!ring_used(&rings[RX]), "three buffers are too few for an answer");
	offer(v, 3, BUFFERS - 3, EACH);
	guest_ok(ask(v), "a question is taken");
	guest_wait_us(50000);
	count = ring_used(&rings[RX]);
	guest_ok(count >= 4 && room[0][10] == count && received(count) >= REPLY,
		 "an answer takes %u buffers and says %u", count, room[0][10]);
	/* behind the header and 12 bytes of addresses */
	guest_ok(room[1][8] == 8 && room[1][9] == 6, "it is an answer");
}

/* The host does nothing for a driver that has not accepted that it may. */
static void test_headers(struct virtio *v)
{
	static const unsigned char types[] = { 1, 3, 4, 5, 0x81, 0xff };
	unsigned int before;

	start(v);
	offer(v, 0, BUFFERS, EACH);
	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		memset(packet, 0xff, HEADER);
		packet[1] = types[i];
		guest_ok(ask(v), "a question is taken");
	}
	guest_wait_us(50000);
	before = ring_used(&rings[RX]);
	guest_ok(!before, "packets with headers that are not allowed are lost");
	memset(packet, 0xff, HEADER);
	packet[1] = 0;
	guest_ok(ask(v), "a question is taken");
	guest_wait_us(50000);
	guest_ok(ring_used(&rings[RX]) >= 4, "flags are ignored");
}

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_NET, 0);
	test_merge(&v);
	test_headers(&v);
	start(&v);
	memset(packet, 0, HEADER);
	offer(&v, 0, BUFFERS, HEADER - 1);
	ask(&v);
	guest_ok(virtio_breaks(&v), "buffers too small for a header");
	guest_ok(virtio_is_well(&v), "until the reset");
}
