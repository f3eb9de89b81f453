/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workloads of the model whose best placement is known. */
#ifndef WORKLOADS_H
#define WORKLOADS_H

#include "model.h"

/**
 * struct workload - one of them
 * @name: for results
 * @begin: gives the CPUs of an initialised model their work
 * @best: the remote miss ratio that the best placement has at most, in percent
 * @cpus: CPUs that may move, a bit mask
 * @homes: whether homes may move
 * @needs: a decision of this kind is needed
 */
struct workload {
	const char *name;
	void (*begin)(struct model *model);
	double best;
	uint32_t cpus;
	bool homes;
	enum planner_kind needs;
};

/* Ends with an entry without name. */
extern const struct workload workloads[];

/* Work that follows from a seed, with several CPUs, and sharing of all kinds. */
void workloads_mix(struct model *model);

#endif /* WORKLOADS_H */
