// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Port and MMIO accesses: find the device of an address and call it.
 *
 * All devices share one lock: they are few, and none of them is on a fast path.
 */
#include "bus.h"

#include <stddef.h>

#include "log.h"

#define BUS_MAX_DEVICES	32

static const struct bus_device *bus_devices[BUS_MAX_DEVICES];
static unsigned int bus_count;

/* Protects the state of every device. */
static pthread_mutex_t bus_mutex = PTHREAD_MUTEX_INITIALIZER;

void bus_add(const struct bus_device *device)
{
	if (bus_count == BUS_MAX_DEVICES)
		die(EXIT_HOST, "There is no place for the device %s: the bus is full.",
		    device->name);
	bus_devices[bus_count++] = device;
}

static const struct bus_device *find_device(enum bus_space space,
					    uint64_t addr, unsigned int len)
{
	for (unsigned int i = 0; i < bus_count; i++) {
		const struct bus_device *dev = bus_devices[i];

		if (dev->space == space && addr >= dev->base &&
		    addr - dev->base + len <= dev->size)
			return dev;
	}
	log_debug("No device at %s 0x%llx.", space == BUS_PORT ? "port" : "address",
		  (unsigned long long)addr);
	return NULL;
}

uint64_t bus_read(enum bus_space space, uint64_t addr, unsigned int len)
{
	const struct bus_device *dev = find_device(space, addr, len);
	uint64_t value = UINT64_MAX;

	if (!dev || !dev->read)
		return value;
	bus_lock();
	value = dev->read(addr - dev->base, len);
	bus_unlock();
	return value;
}

void bus_write(enum bus_space space, uint64_t addr, unsigned int len,
	       uint64_t value)
{
	const struct bus_device *dev = find_device(space, addr, len);

	if (!dev || !dev->write)
		return;
	bus_lock();
	dev->write(addr - dev->base, len, value);
	bus_unlock();
}

void bus_lock(void)
{
	pthread_mutex_lock(&bus_mutex);
}

void bus_unlock(void)
{
	pthread_mutex_unlock(&bus_mutex);
}

void bus_wait(pthread_cond_t *changed)
{
	pthread_cond_wait(changed, &bus_mutex);
}
