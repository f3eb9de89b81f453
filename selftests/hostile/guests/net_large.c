// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Large packets on a tap: gives back a packet of 8000 bytes that the runner sends,
 * and sends 20000 bytes of TCP for the host to cut into segments.
 */
#include "virtio.h"

#define F_CSUM		(1u << 0)
#define F_GUEST_CSUM	(1u << 1)
#define F_MTU		(1u << 3)
#define F_GUEST_TSO4	(1u << 7)
#define F_HOST_TSO4	(1u << 11)
#define F_MRG_RXBUF	(1u << 15)
#define FEATURES	(F_CSUM | F_GUEST_CSUM | F_GUEST_TSO4 | F_HOST_TSO4 | \
			 F_MRG_RXBUF)
#define HEADER		12
#define LARGE		8014u	/* with an Ethernet header */
#define SEGMENTS	20000u
#define EACH		1536u
#define BUFFERS		32u
#define RX		0
#define TX		1
#define WAIT_US		20000000

static struct ring rings[2];
static unsigned char room[BUFFERS][EACH];
static unsigned char packet[HEADER + 54 + SEGMENTS];
static uint16_t sent;

static bool send(struct virtio *v, unsigned int len)
{
	ring_describe(&rings[TX], 0, packet, HEADER + len, 0);
	ring_offer(&rings[TX], 0);
	virtio_notify(v, TX);
	return ring_wait(v, &rings[TX], ++sent);
}

/* Wait for the runner's packet among those of the host itself. */
static bool receive(struct virtio *v)
{
	uint64_t end = guest_us() + WAIT_US;
	uint16_t next = 0;

	while (guest_us() < end) {
		unsigned int count, len = 0;

		if (ring_used(&rings[RX]) == next)
			continue;
		count = room[next % BUFFERS][10];
		for (unsigned int i = 0; i < count; i++) {
			uint16_t at = (next + i) % BUFFERS;
			unsigned int bytes = ring_used_len(&rings[RX], next + i);

			if (len + bytes <= sizeof(packet))
				memcpy(packet + len, room[at], bytes);
			len += bytes;
			ring_offer(&rings[RX], at);
		}
		next += count;
		virtio_notify(v, RX);
		if (len == HEADER + LARGE)
			return true;
	}
	return false;
}

static void make_segments(void)
{
	static const unsigned char header[HEADER] = {
		1, 1, 54, 0, 1448 & 255, 1448 >> 8, 34, 0, 16, 0,
	};
	unsigned char *ip = packet + HEADER + 14, *tcp = ip + 20;
	const unsigned int len = 40 + SEGMENTS;

	memset(packet, 0, sizeof(packet));
	memcpy(packet, header, HEADER);
	memset(packet + HEADER, 0xff, 6);
	packet[HEADER + 6] = 2;
	packet[HEADER + 12] = 8;
	ip[0] = 0x45;
	ip[2] = len >> 8;
	ip[3] = len & 255;
	ip[8] = 64;
	ip[9] = 6;
	ip[12] = ip[16] = 10;
	ip[15] = 1;
	ip[19] = 2;
	tcp[12] = 5 << 4;
	tcp[13] = 0x10;
}

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_NET, 0);
	guest_ok(virtio_negotiate(&v, FEATURES), "features are accepted");
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(&v, i, &rings[i], BUFFERS);
	for (unsigned int i = 0; i < BUFFERS; i++) {
		ring_describe(&rings[RX], i, room[i], EACH, DESC_WRITE);
		ring_offer(&rings[RX], i);
	}
	virtio_set_status(&v, READY);
	guest_say("up");
	if (!guest_ok(receive(&v), "a large packet comes"))
		return;
	memset(packet, 0, HEADER);
	guest_ok(send(&v, LARGE), "and goes back");
	make_segments();
	guest_ok(send(&v, 54 + SEGMENTS), "segments are sent");
	/* what the host must not believe */
	packet[6] = packet[7] = 0xff;
	guest_ok(send(&v, 54 + SEGMENTS), "a checksum outside of the packet");
	make_segments();
	packet[4] = packet[5] = 0;
	guest_ok(send(&v, 54 + SEGMENTS), "segments of no size");
	guest_wait_us(500000);
}
