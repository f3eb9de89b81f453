// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A network card whose guest answers ARP, and takes every TCP connection, sends
 * a byte with its SYN+ACK, and keeps it, without a word more.
 */
#include "virtio.h"

#define HEADER		12
#define ARP		0x0806
#define IPV4		0x0800
#define TCP		6
#define SYN		2
#define ROOM		64

static struct ring rings[2];
static unsigned char room[ROOM][2048];
static unsigned char answer[HEADER + 60];
static uint16_t sent;
static struct virtio v;

static unsigned int get16(const unsigned char *at)
{
	return at[0] << 8 | at[1];
}

static void put16(unsigned char *at, unsigned int value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void send(unsigned int len)
{
	ring_describe(&rings[1], 0, answer, HEADER + len, 0);
	ring_offer(&rings[1], 0);
	virtio_notify(&v, 1);
	ring_wait(&v, &rings[1], ++sent);
}

/* The frame goes back to where it came from. */
static void turn_frame(const unsigned char *frame, unsigned int len)
{
	memset(answer, 0, sizeof(answer));
	memcpy(answer + HEADER, frame, len);
	memcpy(answer + HEADER, frame + 6, 6);
	for (unsigned int i = 0; i < 6; i++)
		answer[HEADER + 6 + i] = MMIO8(v.device + i);
}

static void answer_arp(const unsigned char *frame)
{
	unsigned char *arp = answer + HEADER + 14;

	if (get16(frame + 20) != 1)
		return;
	turn_frame(frame, 42);
	put16(arp + 6, 2);
	memcpy(arp + 8, answer + HEADER + 6, 6);
	memcpy(arp + 14, frame + 38, 4);
	memcpy(arp + 18, frame + 22, 10);
	send(60);
}

static uint32_t sum16(uint32_t sum, const unsigned char *at, unsigned int len)
{
	for (unsigned int i = 0; i < len; i += 2)
		sum += get16(at + i);
	return sum;
}

static unsigned int fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* SYN+ACK and a byte for a SYN; 20 bytes each of IP and TCP. */
static void answer_syn(const unsigned char *frame)
{
	unsigned char *ip = answer + HEADER + 14, *tcp = ip + 20;
	const unsigned char *theirs = frame + 34;
	uint32_t acked = ((uint32_t)get16(theirs + 4) << 16 |
			  get16(theirs + 6)) + 1;

	if ((theirs[13] & 0x17) != SYN)
		return;
	turn_frame(frame, 54);
	put16(ip + 2, 41);
	memcpy(ip + 12, frame + 30, 4);
	memcpy(ip + 16, frame + 26, 4);
	put16(ip + 10, 0);
	put16(ip + 10, fold(sum16(0, ip, 20)));
	memcpy(tcp, theirs + 2, 2);
	memcpy(tcp + 2, theirs, 2);
	put16(tcp + 8, acked >> 16);
	put16(tcp + 10, acked);
	tcp[12] = 0x50;
	tcp[13] = 0x12;
	put16(tcp + 14, 8192);
	put16(tcp + 16, 0);
	put16(tcp + 18, 0);
	tcp[20] = '!';
	put16(tcp + 16, fold(sum16(TCP + 21 + sum16(0, ip + 12, 8), tcp, 22)));
	send(60);
}

static void take(const unsigned char *frame)
{
	if (get16(frame + 12) == ARP)
		answer_arp(frame);
	else if (get16(frame + 12) == IPV4 && frame[14] == 0x45 &&
		 frame[23] == TCP)
		answer_syn(frame);
}

void guest_main(void)
{
	uint16_t taken = 0;

	virtio_need(&v, VIRTIO_NET, 0);
	virtio_negotiate(&v, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(rings); i++)
		virtio_use_ring(&v, i, &rings[i], ROOM);
	for (unsigned int i = 0; i < ROOM; i++) {
		ring_describe(&rings[0], i, room[i], sizeof(room[i]), DESC_WRITE);
		ring_offer(&rings[0], i);
	}
	virtio_set_status(&v, READY);
	guest_say("listening");
	for (;;) {
		const volatile uint16_t *elem;

		while (ring_used(&rings[0]) == taken)
			__asm__ volatile("pause");
		guest_barrier();
		elem = &rings[0].used[2 + taken++ % ROOM * 4];
		take(room[elem[0]] + HEADER);
		ring_offer(&rings[0], elem[0]);
		virtio_notify(&v, 0);
	}
}
