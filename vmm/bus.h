/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port and MMIO accesses: from an exit to the device that has the address. */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <pthread.h>
#include <stdint.h>

enum bus_space {
	BUS_PORT,
	BUS_MMIO,
};

/**
 * struct bus_device - a device's range of addresses
 * @name: for the log
 * @space: which bus
 * @base: first address
 * @size: bytes
 * @read: return the value at an offset; missing: all ones
 * @write: store a value at an offset; missing: ignored
 *
 * Both are called with the device lock held. @len is 1, 2, 4 or 8.
 */
struct bus_device {
	const char *name;
	enum bus_space space;
	uint64_t base;
	uint64_t size;
	uint64_t (*read)(uint64_t offset, unsigned int len);
	void (*write)(uint64_t offset, unsigned int len, uint64_t value);
};

/* Add a device, which must stay. Ranges do not overlap; while setting up. */
void bus_add(const struct bus_device *device);

/*
 * One access of a CPU. Without a device at the address, reads return all ones and
 * writes do nothing. Takes the device lock.
 */
uint64_t bus_read(enum bus_space space, uint64_t addr, unsigned int len);
void bus_write(enum bus_space space, uint64_t addr, unsigned int len,
	       uint64_t value);

/* The device lock: for events that reach a device from outside of the guest. */
void bus_lock(void);
void bus_unlock(void);

/* With the device lock held: release it and wait for @changed. */
void bus_wait(pthread_cond_t *changed);

#endif /* VMM_BUS_H */
