/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port and MMIO accesses go to the node that has the device. */
#ifndef VMM_FORWARD_H
#define VMM_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"

#define FORWARD_DEVICE_NODE	0	/* has what no other node has */

/**
 * struct forward_access - one access of a CPU
 * @space: which bus
 * @addr: first address
 * @len: bytes: 1, 2, 4 or 8
 * @is_write: what it is
 * @value: what is written; what was read
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

/*
 * Do an access for a CPU of this node. Reads, and writes to PCI configuration
 * space, wait for the answer.
 */
void forward_access(unsigned int cpu, struct forward_access *access);

#endif /* VMM_FORWARD_H */
