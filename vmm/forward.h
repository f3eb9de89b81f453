/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port and MMIO accesses go to the node that has the device. */
#ifndef VMM_FORWARD_H
#define VMM_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"

#define FORWARD_DEVICE_NODE	0	/* has all devices that no other node has */

/**
 * struct forward_access - one access of a CPU
 * @space: which bus
 * @addr: first address
 * @len: bytes, 1 to 8
 * @is_write: a write, or a read
 * @value: in: the value to write; out: the value that was read
 */
struct forward_access {
	enum bus_space space;
	uint64_t addr;
	unsigned int len;
	bool is_write;
	uint64_t value;
};

/* Register the messages; before cluster_start(). */
void forward_init(unsigned int cpus);

/* Do the accesses of other nodes' CPUs from now on: the devices are there. */
void forward_serve(void);

/*
 * Do an access for a CPU of this node, on its thread. Reads, writes to PCI
 * configuration space, and some other writes wait for the answer. An access of 3, 5,
 * 6 or 7 bytes becomes several aligned ones.
 */
void forward_access(unsigned int cpu, struct forward_access *access);

/*
 * Wait until the writes of a CPU that were posted have been done, so that the next
 * access, from another node, does not overtake them. Called by the CPU's thread.
 */
void forward_settle(unsigned int cpu);

#endif /* VMM_FORWARD_H */
