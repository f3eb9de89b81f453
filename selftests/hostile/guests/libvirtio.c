// SPDX-License-Identifier: GPL-2.0-or-later
/* A driver's half of virtio, for the well-behaved part of hostile guests. */
#include "virtio.h"

#include "pci.h"

#define VERSION_1	1u	/* of the upper half */
#define BREAK_US	2000000
#define ANSWER_US	5000000

/* Types of capabilities (4.1.4). */
enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE };

static void take_capability(struct virtio *v, uint64_t cap)
{
	unsigned int bar = MMIO8(cap + 4);
	uint64_t base, at;

	if (bar > 5)
		return;
	base = MMIO32(v->config + PCI_BAR + 4 * bar) & ~0xfu;
	at = base + MMIO32(cap + 8);
	switch (MMIO8(cap + 3)) {
	case CAP_COMMON:
		v->common = at;
		break;
	case CAP_NOTIFY:
		v->notify = at;
		v->notify_multiplier = MMIO32(cap + 16);
		break;
	case CAP_ISR:
		v->isr = at;
		break;
	case CAP_DEVICE:
		v->device = at;
		break;
	}
}

bool virtio_find_on(struct virtio *v, unsigned int bus, unsigned int type,
		    unsigned int nth)
{
	int slot = pci_find(bus, PCI_VIRTIO_ID(type), nth);
	unsigned int cap = 0;

	*v = (struct virtio) { 0 };
	if (slot < 0)
		return false;
	v->config = pci_config(bus, slot, 0);
	MMIO16(v->config + PCI_COMMAND) = PCI_COMMAND_MEMORY |
					  PCI_COMMAND_MASTER;
	while ((cap = pci_capability(v->config, PCI_CAP_VENDOR, cap)))
		take_capability(v, v->config + cap);
	return v->common && v->notify;
}

bool virtio_find(struct virtio *v, unsigned int type, unsigned int nth)
{
	return virtio_find_on(v, 0, type, nth);
}

void virtio_need(struct virtio *v, unsigned int type, unsigned int nth)
{
	if (virtio_find(v, type, nth))
		return;
	guest_ok(false, "there is a virtio device %u of type %u", nth, type);
	guest_end();
}

void virtio_set_status(struct virtio *v, uint8_t status)
{
	MMIO8(v->common + STATUS) = status;
}

uint8_t virtio_status(struct virtio *v)
{
	return MMIO8(v->common + STATUS);
}

/* A reset has ended when the status reads 0 (4.1.4.3.2). */
static bool reset(struct virtio *v)
{
	uint64_t end = guest_us() + ANSWER_US;

	virtio_set_status(v, 0);
	while (virtio_status(v))
		if (guest_us() > end)
			return false;
	return true;
}

bool virtio_negotiate(struct virtio *v, uint32_t features)
{
	if (!reset(v))
		return false;
	virtio_set_status(v, ACKNOWLEDGE | DRIVER);
	MMIO32(v->common + DRIVER_SELECT) = 0;
	MMIO32(v->common + DRIVER_FEATURES) = features;
	MMIO32(v->common + DRIVER_SELECT) = 1;
	MMIO32(v->common + DRIVER_FEATURES) = VERSION_1;
	virtio_set_status(v, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	return virtio_status(v) & FEATURES_OK;
}

void virtio_set_queue(struct virtio *v, unsigned int queue, uint16_t size,
		      uint64_t desc, uint64_t avail, uint64_t used)
{
	MMIO16(v->common + QUEUE_SELECT) = queue;
	MMIO16(v->common + QUEUE_SIZE) = size;
	MMIO64(v->common + QUEUE_DESC) = desc;
	MMIO64(v->common + QUEUE_AVAIL) = avail;
	MMIO64(v->common + QUEUE_USED) = used;
	MMIO16(v->common + QUEUE_VECTOR) = queue + 1;
	MMIO16(v->common + QUEUE_ENABLE) = 1;
}

void virtio_use_ring(struct virtio *v, unsigned int queue, struct ring *ring,
		     uint16_t size)
{
	memset(ring, 0, sizeof(*ring));
	ring->size = size;
	virtio_set_queue(v, queue, size, (uintptr_t)ring->desc,
			 (uintptr_t)ring->avail, (uintptr_t)ring->used);
}

void virtio_notify(struct virtio *v, unsigned int queue)
{
	guest_barrier();
	MMIO16(v->common + QUEUE_SELECT) = queue;
	MMIO16(v->notify + v->notify_multiplier *
	       MMIO16(v->common + QUEUE_NOTIFY_OFF)) = queue;
}

bool virtio_is_well(struct virtio *v)
{
	bool accepted = virtio_negotiate(v, 0);
	uint8_t status = virtio_status(v);

	return accepted && status == (ACKNOWLEDGE | DRIVER | FEATURES_OK) &&
	       reset(v);
}

bool virtio_breaks(struct virtio *v)
{
	uint64_t end = guest_us() + BREAK_US;

	while (!(virtio_status(v) & NEEDS_RESET))
		if (guest_us() > end)
			return false;
	return true;
}

void ring_describe(struct ring *ring, unsigned int index, const void *buffer,
		   uint32_t len, uint16_t flags)
{
	ring->desc[index] = (struct desc) {
		.addr = (uintptr_t)buffer, .len = len, .flags = flags,
		.next = index + 1,
	};
}

void ring_offer(struct ring *ring, uint16_t head)
{
	uint16_t idx = ring->avail[1];

	ring->avail[2 + idx % ring->size] = head;
	guest_barrier();
	ring->avail[1] = idx + 1;
}

uint16_t ring_used(const struct ring *ring)
{
	return ring->used[1];
}

uint32_t ring_used_len(const struct ring *ring, uint16_t entry)
{
	const volatile uint16_t *elem = &ring->used[2 + entry % ring->size * 4];

	return elem[2] | (uint32_t)elem[3] << 16;
}

bool ring_wait(struct virtio *v, const struct ring *ring, uint16_t count)
{
	uint64_t end = guest_us() + ANSWER_US;

	while (ring_used(ring) != count) {
		if (guest_us() > end || (virtio_status(v) & NEEDS_RESET))
			return ring_used(ring) == count;
		__asm__ volatile("pause");
	}
	return true;
}
