/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver for vmm/virtio: finds a device on its bus, sets up its first queue and
 * offers requests. The program that includes this makes RAM at RAM_GPA (libvmm.h)
 * and is linked with vmm/bus.c.
 */
#ifndef VIRTIO_DRIVER_H
#define VIRTIO_DRIVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "../../acpi/ssi_acpi.h"
#include "../../vmm/bus.h"
#include "../../vmm/memory.h"
#include "tap.h"

#define RAM_GPA		0x100000ull
#define RAM_SIZE	0x100000u
#define DEADLINE_S	20

/* Registers of the common configuration (virtio 1.2, 4.1.4.3). */
enum {
	DEVICE_SELECT = 0, DEVICE_FEATURES = 4, DRIVER_SELECT = 8,
	DRIVER_FEATURES = 12, CONFIG_VECTOR = 16, NUM_QUEUES = 18, STATUS = 20,
	GENERATION = 21,
	QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_VECTOR = 26,
	QUEUE_ENABLE = 28, QUEUE_DESC = 32, QUEUE_AVAIL = 40, QUEUE_USED = 48,
};

#define NOTIFY		0x1000
#define ISR		0x2000
#define CONFIG		0x3000

#define ACKNOWLEDGE	1
#define DRIVER		2
#define DRIVER_OK	4
#define FEATURES_OK	8
#define NEEDS_RESET	64
#define READY		(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)

#define SIZE		16u
#define DESC_GPA	RAM_GPA
#define AVAIL_GPA	(RAM_GPA + 0x1000)
#define USED_GPA	(RAM_GPA + 0x2000)
#define OTHER_RINGS	0x8000u		/* from those three, for a second queue */
#define DATA_GPA	(RAM_GPA + 0x10000)

#define NEXT		1
#define WRITE		2

#define VERSION_1	1u		/* of the upper half */

/* ---- the bus ---------------------------------------------------------------- */

static inline uint64_t load(uint64_t addr, unsigned int len)
{
	uint64_t value = bus_read(BUS_MMIO, addr, len);

	return len == 8 ? value : value & ((1ull << len * 8) - 1);
}

static inline void store(uint64_t addr, unsigned int len, uint64_t value)
{
	bus_write(BUS_MMIO, addr, len, value);
}

static inline uint64_t ecam(unsigned int slot, unsigned int offset)
{
	return SSI_ACPI_PCI_ECAM + (slot << 15) + offset;
}

/* ---- a driver --------------------------------------------------------------- */

static uint64_t bar;		/* of the device in use */
static unsigned int queue_number;	/* the queue in use */
static uint16_t avail_idx;

/*
 * Find the device in a slot and let it interrupt with vector 0 and 1. Its first
 * queue is the one in use.
 */
static inline void use(unsigned int slot)
{
	uint64_t table;

	queue_number = 0;
	store(ecam(slot, 4), 2, 6);
	bar = load(ecam(slot, 0x10), 4);
	table = load(ecam(slot, 0x14), 4);
	for (unsigned int at = load(ecam(slot, 0x34), 1); at;
	     at = load(ecam(slot, at + 1), 1))
		if (load(ecam(slot, at), 1) == 0x11)
			store(ecam(slot, at + 2), 2, 0x8000);
	store(table + 12, 4, 0);
	store(table + 28, 4, 0);
}

static inline void set_queue(uint64_t desc, uint64_t avail, uint64_t used)
{
	store(bar + QUEUE_SELECT, 2, queue_number);
	store(bar + QUEUE_SIZE, 2, SIZE);
	store(bar + QUEUE_DESC, 8, desc);
	/* in halves, as 32-bit drivers do */
	store(bar + QUEUE_AVAIL, 4, avail);
	store(bar + QUEUE_AVAIL + 4, 4, avail >> 32);
	store(bar + QUEUE_USED, 8, used);
	store(bar + QUEUE_VECTOR, 2, 1);
	store(bar + QUEUE_ENABLE, 2, 1);
}

static inline void negotiate(uint32_t features)
{
	store(bar + STATUS, 1, 0);
	store(bar + STATUS, 1, ACKNOWLEDGE | DRIVER);
	store(bar + CONFIG_VECTOR, 2, 0);
	store(bar + DRIVER_SELECT, 4, 0);
	store(bar + DRIVER_FEATURES, 4, features);
	store(bar + DRIVER_SELECT, 4, 1);
	store(bar + DRIVER_FEATURES, 4, VERSION_1);
	store(bar + STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
}

static inline void start(uint32_t features)
{
	negotiate(features);
	memset(memory_at(DESC_GPA, 0x3000), 0, 0x3000);
	avail_idx = 0;
	set_queue(DESC_GPA, AVAIL_GPA, USED_GPA);
	store(bar + STATUS, 1, READY);
}

static inline void put(uint64_t gpa, uint64_t value, unsigned int len)
{
	memcpy(memory_at(gpa, len), &value, len);
}

static inline void put_desc(unsigned int index, uint64_t addr, uint32_t len,
			    uint16_t flags)
{
	put(DESC_GPA + index * 16, addr, 8);
	put(DESC_GPA + index * 16 + 8, len, 4);
	put(DESC_GPA + index * 16 + 12, flags, 2);
	put(DESC_GPA + index * 16 + 14, index + 1, 2);
}

static inline void offer(uint16_t head)
{
	put(AVAIL_GPA + 4 + avail_idx++ % SIZE * 2, head, 2);
	atomic_thread_fence(memory_order_release);
	put(AVAIL_GPA + 2, avail_idx, 2);
	store(bar + NOTIFY + 4 * queue_number, 2, queue_number);
}

static inline uint16_t used_idx(void)
{
	return atomic_load((_Atomic uint16_t *)memory_at(USED_GPA + 2, 2));
}

/* How much the device says that it has written. */
static inline uint32_t get_used_len(unsigned int entry)
{
	uint32_t len;

	memcpy(&len, memory_at(USED_GPA + 8 + entry * 8, 4), sizeof(len));
	return len;
}

/* All that was offered is answered, or the device has given up. */
static inline bool wait_for_device(void)
{
	const struct timespec tick = { .tv_nsec = 100000 };
	time_t end = time(NULL) + DEADLINE_S;

	while (used_idx() != avail_idx &&
	       !(load(bar + STATUS, 1) & NEEDS_RESET)) {
		if (time(NULL) > end)
			tap_bail("no answer");
		nanosleep(&tick, NULL);
	}
	return used_idx() == avail_idx;
}

#endif /* VIRTIO_DRIVER_H */
