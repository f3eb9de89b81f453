/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of the guest's CPUs, in memory that the keeper and the guest's process share.
 *
 * The guest's process writes them, the keeper reads them: to the keeper they are numbers
 * of an attacker, which it only prints.
 */
#ifndef VMM_COUNTS_H
#define VMM_COUNTS_H

#include <stdatomic.h>
#include <stdio.h>

#include "options.h"

/**
 * struct counts_cpu - of one CPU; all zero unless it is real on this node
 * @real: it is
 * @exits: returns from KVM_RUN
 * @ports: accesses to ports
 * @mmio: accesses to memory of devices
 * @busy_ns: CPU time of its thread on the host: the guest's code, and KVM's and
 *	ssi-vmm's work for it
 */
struct counts_cpu {
	atomic_ullong real;
	atomic_ullong exits;
	atomic_ullong ports;
	atomic_ullong mmio;
	atomic_ullong busy_ns;
};

/* In the keeper, before there is a guest's process. */
void counts_create(void);

/* In the keeper: a guest begins. */
void counts_clear(void);

/* Of CPU @cpu. Before counts_create(), memory that is of no use. */
struct counts_cpu *counts_of(unsigned int cpu);

/* Add one; only the CPU's own thread writes its counters, so no atomic addition is needed. */
static inline void counts_add(atomic_ullong *count)
{
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* Print the CPUs of this node as a JSON array. */
void counts_print(FILE *to);

#endif /* VMM_COUNTS_H */
