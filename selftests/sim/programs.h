/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs: threads that load, store and add at pages, on every node.
 */
#ifndef SIM_PROGRAMS_H
#define SIM_PROGRAMS_H

#include "sim.h"

struct ssi_region;

/* A program on the node of each of @regions; they begin. A task. */
void programs_start(struct ssi_region *const *regions);

/* They end with what they are at. */
void programs_stop(void);
bool programs_have_ended(void);

/* Fails if one has waited for longer than it ever should. */
void programs_check_waits(void);

/* In ns, while no node was lost. */
u64 programs_longest_wait(void);

/* One thread of all is killed. */
void programs_kill_one(void);

/* Some program's mapping loses the PTE of a page, as by madvise(). A task. */
void programs_zap(void);

/* All have ended: their mappings go, and their files. A task. */
void programs_close(void);

#endif /* SIM_PROGRAMS_H */
