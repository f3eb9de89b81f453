// SPDX-License-Identifier: GPL-2.0-or-later
/* A network card, badly used; and packets that are none. */
#include "abuse.h"

#define HEADER	12
#define RX	0
#define TX	1

static struct ring rings[2];
static unsigned char packet[70000];
static unsigned char room[16][2048];
static uint16_t sent;

static void start(struct virtio *v)
{
	virtio_negotiate(v, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(v, i, &rings[i], 256);
	for (unsigned int i = 0; i < ARRAY_SIZE(room); i++) {
		/* from none of the header to a packet */
		ring_describe(&rings[RX], i, room[i], 1 + i * 100, DESC_WRITE);
		ring_offer(&rings[RX], i);
	}
	virtio_set_status(v, READY);
	sent = 0;
}

/* Send what is in @packet, behind the header. Return: it was taken. */
static bool send(struct virtio *v, unsigned int len)
{
	ring_describe(&rings[TX], 0, packet, HEADER + len, 0);
	ring_offer(&rings[TX], 0);
	virtio_notify(v, TX);
	return ring_wait(v, &rings[TX], ++sent);
}

static void begin_frame(unsigned int type)
{
	memset(packet, 0, 400);
	memset(packet + HEADER, 0xff, 6);
	packet[HEADER + 6] = 2;
	packet[HEADER + 12] = type >> 8;
	packet[HEADER + 13] = type;
}

/* From nothing, not even a header, to more than an IP packet can have. */
static void test_lengths(struct virtio *v)
{
	static const unsigned int lengths[] = {
		0, 1, 13, 14, 15, 41, 59, 60, 1514, 1518, 9000, 65535 + 14,
		65535 + 18, 65535 + 19, 69000,
	};
	bool taken = true;

	start(v);
	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		begin_frame(0x0800);
		taken = taken && send(v, lengths[i]);
	}
	ring_describe(&rings[TX], 0, packet, HEADER - 1, 0);
	ring_offer(&rings[TX], 0);
	virtio_notify(v, TX);
	guest_ok(ring_wait(v, &rings[TX], ++sent) && taken,
		 "packets of all lengths");
}

/* IPv4 with any version, header length, total length, fragment, protocol. */
static void test_ip(struct virtio *v)
{
	bool taken = true;

	start(v);
	for (unsigned int i = 0; i < 200; i++) {
		begin_frame(i % 8 ? 0x0800 : 0x0806);
		for (unsigned int at = 14; at < 80; at++)
			packet[HEADER + at] = guest_random();
		if (i % 3) {
			packet[HEADER + 14] = 0x45;
			packet[HEADER + 23] = "\1\6\21"[i % 3];
			/* to the host, the name server, or the guest */
			packet[HEADER + 30] = 10;
			packet[HEADER + 31] = 0;
			packet[HEADER + 32] = 2;
			packet[HEADER + 33] = "\2\3\17\377"[i % 4];
		}
		taken = taken && send(v, 14 + guest_below(300));
	}
	guest_ok(taken, "200 random packets");
}

/* A packet of 256 pieces of a byte, and one in its own receive buffer. */
static void test_pieces(struct virtio *v)
{
	start(v);
	begin_frame(0x0806);
	for (unsigned int i = 0; i < 256; i++)
		ring_describe(&rings[TX], i, packet + i, 1,
			      i < 255 ? DESC_NEXT : 0);
	ring_offer(&rings[TX], 0);
	virtio_notify(v, TX);
	guest_ok(ring_wait(v, &rings[TX], 1), "a packet in 256 pieces");
	start(v);
	ring_describe(&rings[TX], 0, room[15], 2048, 0);
	ring_offer(&rings[TX], 0);
	virtio_notify(v, TX);
	guest_ok(ring_wait(v, &rings[TX], 1), "a packet out of a receive buffer");
}

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_NET, 0);
	test_lengths(&v);
	test_ip(&v);
	test_pieces(&v);
	abuse_device(&v);
	abuse_chains(&v, TX);
}
