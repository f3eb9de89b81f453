// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resets itself in each of the ways of a PC, the last of which is a triple fault,
 * one after the other, with a device at work; the disk, whose first sector counts,
 * tells which is next.
 */
#include "virtio.h"

#define T_IN	0
#define T_OUT	1
#define MAGIC	0x5253u
#define WAYS	4

static struct ring ring;
static struct {
	uint32_t type, reserved;
	uint64_t sector;
} header;
static struct {
	uint16_t magic;
	uint8_t resets;
	unsigned char rest[509];
} sector;
static volatile uint8_t status;
static uint32_t marker;

static bool transfer(struct virtio *v, uint32_t type)
{
	virtio_negotiate(v, 0);
	virtio_use_ring(v, 0, &ring, 16);
	virtio_set_status(v, READY);
	header.type = type;
	ring_describe(&ring, 0, &header, sizeof(header), DESC_NEXT);
	ring_describe(&ring, 1, &sector, 512,
		      DESC_NEXT | (type == T_IN ? DESC_WRITE : 0));
	ring_describe(&ring, 2, (const void *)&status, 1, DESC_WRITE);
	status = 1;
	ring_offer(&ring, 0);
	virtio_notify(v, 0);
	return ring_wait(v, &ring, 1) && !status;
}

static void reset(unsigned int way)
{
	switch (way) {
	case 0:
		outb(0xcf9, 2);		/* a hard one, at the next write */
		outb(0xcf9, 6);
		break;
	case 1:
		outb(0x64, 0xfe);
		break;
	case 2:
		outb(0x92, 1);
		break;
	default:
		guest_triple_fault();
	}
	guest_halt();
}

void guest_main(void)
{
	struct virtio v;

	virtio_need(&v, VIRTIO_BLK, 0);
	guest_ok(!*(volatile uint32_t *)(uintptr_t)0x3000000,
		 "memory is empty");
	marker = MAGIC;
	*(volatile uint32_t *)(uintptr_t)0x3000000 = marker;
	if (!guest_ok(transfer(&v, T_IN), "the disk is read"))
		return;
	if (sector.magic != MAGIC)
		sector.resets = 0;
	sector.magic = MAGIC;
	if (sector.resets == WAYS)
		return;
	sector.resets++;
	guest_ok(transfer(&v, T_OUT), "reset %u is written", sector.resets);
	/* no reset */
	outb(0x64, 0xd1);
	outb(0xcf9, 0);
	outb(0x92, 2);
	ring_offer(&ring, 0);
	virtio_notify(&v, 0);
	reset(sector.resets - 1);
}
