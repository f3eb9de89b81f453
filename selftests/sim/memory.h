/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that can run out, and is counted.
 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include "sim.h"

/* The next @count allocations that may fail do. */
void memory_fail_next(u32 count);

/* The kernel is short of memory: what the shrinker gives. A task. */
void memory_shrink(void);

/* Nothing may be left when all nodes are gone. */
void memory_check_empty(void);

#endif /* SIM_MEMORY_H */
