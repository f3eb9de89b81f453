/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One TSC for the guest, though every host has its own. */
#ifndef VMM_CLOCK_H
#define VMM_CLOCK_H

#include <stdint.h>

/* Register the messages, and begin the guest's time; before cluster_start(). */
void clock_init(void);

/*
 * Measure this host's distance to node 0's clock. Return: the offset of the
 * guest's TSC to this host's. Ends the process if node 0 does not answer.
 */
uint64_t clock_sync(void);

/* From now on keep the nodes' clocks together; after tsc_init(). */
void clock_watch(void);

/*
 * The guest has stood still for so many ticks, on all nodes: set the clock back. On
 * each node, first on node 0; no CPU of this node runs meanwhile.
 */
void clock_rewind(uint64_t ticks);

#endif /* VMM_CLOCK_H */
