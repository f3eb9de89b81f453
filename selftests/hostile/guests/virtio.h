/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio 1.x over PCI, as a driver sees it (virtio 1.2, 4.1). */
#ifndef HOSTILE_VIRTIO_H
#define HOSTILE_VIRTIO_H

#include "guest.h"

#define VIRTIO_NET		1
#define VIRTIO_BLK		2
#define VIRTIO_CONSOLE		3
#define VIRTIO_RNG		4
#define VIRTIO_BALLOON		5

/* Registers of the common configuration (4.1.4.3). */
enum {
	DEVICE_SELECT = 0, DEVICE_FEATURES = 4, DRIVER_SELECT = 8,
	DRIVER_FEATURES = 12, CONFIG_VECTOR = 16, NUM_QUEUES = 18, STATUS = 20,
	QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_VECTOR = 26,
	QUEUE_ENABLE = 28, QUEUE_NOTIFY_OFF = 30, QUEUE_DESC = 32,
	QUEUE_AVAIL = 40, QUEUE_USED = 48, COMMON_SIZE = 56,
};

#define ACKNOWLEDGE	1
#define DRIVER		2
#define DRIVER_OK	4
#define FEATURES_OK	8
#define NEEDS_RESET	64
#define READY		(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)

#define DESC_NEXT	1
#define DESC_WRITE	2
#define DESC_INDIRECT	4

#define F_INDIRECT	(1u << 28)
#define F_EVENT_IDX	(1u << 29)

#define RING_SIZE	256

/* One device; the addresses are of its parts in the BAR. */
struct virtio {
	uint64_t config;	/* of PCI */
	uint64_t common;
	uint64_t notify;
	uint64_t isr;
	uint64_t device;
	uint32_t notify_multiplier;
};

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

/* A queue in memory. */
struct ring {
	struct desc desc[RING_SIZE];
	volatile uint16_t avail[3 + RING_SIZE];	/* flags, idx, ring, used_event */
	volatile uint16_t used[3 + 4 * RING_SIZE] __attribute__((aligned(4)));
	uint16_t size;
} __attribute__((aligned(4096)));

/* The @nth device of a type on bus 0. Return: whether there is one. */
bool virtio_find(struct virtio *v, unsigned int type, unsigned int nth);
bool virtio_find_on(struct virtio *v, unsigned int bus, unsigned int type,
		    unsigned int nth);

/* The same, but without it the guest has failed and ends. */
void virtio_need(struct virtio *v, unsigned int type, unsigned int nth);

/* Reset and negotiate; @features are of the lower half. */
bool virtio_negotiate(struct virtio *v, uint32_t features);

/* Tell where a queue is, and enable it. */
void virtio_set_queue(struct virtio *v, unsigned int queue, uint16_t size,
		      uint64_t desc, uint64_t avail, uint64_t used);
void virtio_use_ring(struct virtio *v, unsigned int queue, struct ring *ring,
		     uint16_t size);

void virtio_set_status(struct virtio *v, uint8_t status);
uint8_t virtio_status(struct virtio *v);
void virtio_notify(struct virtio *v, unsigned int queue);

/*
 * Is the device one that a driver can use, from the reset on? It has NEEDS_RESET
 * no more and accepts what it offers. Any device.
 */
bool virtio_is_well(struct virtio *v);

/* Wait up to 2 s for the device to ask for a reset. */
bool virtio_breaks(struct virtio *v);

/* Describe a buffer; offer a chain, by its first descriptor. */
void ring_describe(struct ring *ring, unsigned int index, const void *buffer,
		   uint32_t len, uint16_t flags);
void ring_offer(struct ring *ring, uint16_t head);

/* Entries that the device has returned. */
uint16_t ring_used(const struct ring *ring);
uint32_t ring_used_len(const struct ring *ring, uint16_t entry);

/* Wait up to 5 s until the device has returned @count. */
bool ring_wait(struct virtio *v, const struct ring *ring, uint16_t count);

#endif /* HOSTILE_VIRTIO_H */
