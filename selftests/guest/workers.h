/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that are pinned to one CPU each, and a barrier between them. */
#ifndef SSI_GUEST_WORKERS_H
#define SSI_GUEST_WORKERS_H

#include <stdint.h>

#include "machine.h"

#define PAGE_SIZE	4096
#define PAGE_ALIGNED	__attribute__((aligned(PAGE_SIZE)))

/**
 * workers_run() - run one function on several CPUs at once and wait
 * @cpus: where; one thread each
 * @count: how many
 * @run: the function; @index is the place in @cpus
 * @arg: for it
 *
 * Return: 0, or -1 with the failure reported and nothing run.
 */
int workers_run(const struct machine_cpu *cpus, int count,
		void (*run)(int index, void *arg), void *arg);

/**
 * struct workers_barrier - a barrier that spins; on a page of its own
 * @waiting: threads that have arrived
 * @generation: rises when all have
 */
struct workers_barrier {
	uint32_t waiting;
	uint32_t generation;
} PAGE_ALIGNED;

/* Wait for @count threads. Pairs with itself: orders everything around it. */
void workers_wait(struct workers_barrier *barrier, uint32_t count);

/* Pass a moment in a loop that waits for another CPU. */
static inline void workers_relax(void)
{
	__builtin_ia32_pause();
}

#endif /* SSI_GUEST_WORKERS_H */
