/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A barrier that spins, and the alignment that keeps variables apart. */
#ifndef SSI_GUEST_BARRIER_H
#define SSI_GUEST_BARRIER_H

#include <stdint.h>

#define PAGE_SIZE	4096
#define PAGE_ALIGNED	__attribute__((aligned(PAGE_SIZE)))

/**
 * struct barrier - a barrier that spins; on a page of its own
 * @waiting: threads that have arrived
 * @generation: rises when all have arrived
 */
struct barrier {
	uint32_t waiting;
	uint32_t generation;
} PAGE_ALIGNED;

/* Wait for @count threads. Pairs with itself: orders everything around it. */
void barrier_wait(struct barrier *barrier, uint32_t count);

/* Pass a moment in a loop that waits for another CPU. */
static inline void barrier_relax(void)
{
	__builtin_ia32_pause();
}

#endif /* SSI_GUEST_BARRIER_H */
