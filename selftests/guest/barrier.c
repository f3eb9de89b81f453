// SPDX-License-Identifier: GPL-2.0-or-later
/* A barrier that spins. */
#include "barrier.h"

#include <sched.h>

/* So that threads make progress even where two share a CPU. */
#define SPINS_BEFORE_YIELD	10000

void barrier_wait(struct barrier *barrier, uint32_t count)
{
	uint32_t generation = __atomic_load_n(&barrier->generation,
					      __ATOMIC_SEQ_CST);
	unsigned int spins = 0;

	if (__atomic_add_fetch(&barrier->waiting, 1, __ATOMIC_SEQ_CST) ==
	    count) {
		__atomic_store_n(&barrier->waiting, 0, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&barrier->generation, 1, __ATOMIC_SEQ_CST);
		return;
	}
	while (__atomic_load_n(&barrier->generation, __ATOMIC_SEQ_CST) ==
	       generation) {
		barrier_relax();
		if (++spins % SPINS_BEFORE_YIELD == 0)
			sched_yield();
	}
}
