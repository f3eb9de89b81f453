/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run: a cluster's life, from a seed.
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "sim.h"

/**
 * struct run_result - of a run that found nothing
 * @steps: how often the scheduler chose
 * @accesses: loads, stores and adds
 * @wait_ns: the longest that a thread waited while no node was lost
 * @digest: of all choices
 */
struct run_result {
	u64 steps;
	u64 accesses;
	u64 wait_ns;
	u64 digest;
};

/* Once in a process. Does not return if something is wrong. */
void run_seed(u64 seed, struct run_result *result);

#endif /* SIM_RUN_H */
