// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The planner: one step for each period.
 */
#include "planner.h"

#include <stdlib.h>

#include "memory.h"

const struct planner_rules planner_rules = {
	.streak = 3,
	.rest = 15,
	.min_rate = 50,
	.dominance = 0.75,
	.refault = 640,
	.max_homes = 64,
	.wait = 0.5,
};

static const char *const kinds[PLANNER_KINDS] = {
	[PLANNER_NOTHING] = "nothing",
	[PLANNER_MOVE_HOME] = "home",
	[PLANNER_MOVE_CPU] = "cpu",
	[PLANNER_REPLICATE] = "replicate",
	[PLANNER_HOLD] = "hold",
};

const char *planner_kind_name(enum planner_kind kind)
{
	return kind < PLANNER_KINDS ? kinds[kind] : "unknown";
}

struct planner *planner_new(const struct planner_rules *rules)
{
	struct planner *planner = calloc(1, sizeof(*planner));

	if (!planner)
		return NULL;
	planner->rules = *rules;
	planner->decisions = calloc(rules->max_homes + PLANNER_OTHERS_MAX,
				    sizeof(*planner->decisions));
	if (planner->decisions)
		return planner;
	free(planner);
	return NULL;
}

void planner_free(struct planner *planner)
{
	if (!planner)
		return;
	free(planner->trails);
	free(planner->rests);
	free(planner->decisions);
	free(planner);
}

/* Nodes and CPUs are indices of arrays; counts are divided by the seconds. */
bool planner_may_take(const struct planner_snapshot *snapshot)
{
	bool valid = snapshot->seconds >= PLANNER_SECONDS_MIN &&
		     snapshot->seconds <= PLANNER_SECONDS_MAX &&
		     snapshot->num_nodes <= PLANNER_NODES &&
		     snapshot->num_cpus <= PLANNER_CPUS;

	for (size_t i = 0; valid && i < snapshot->num_nodes; i++)
		valid = snapshot->nodes[i].id < PLANNER_NODES;
	for (size_t i = 0; valid && i < snapshot->num_cpus; i++)
		valid = snapshot->cpus[i].node < PLANNER_NODES;
	for (size_t i = 0; valid && i < snapshot->num_touches; i++)
		valid = snapshot->touches[i].node < PLANNER_NODES &&
			snapshot->touches[i].home < PLANNER_NODES;
	return valid;
}

int planner_step(struct planner *planner, const struct planner_snapshot *snapshot,
		 const struct planner_decision **decisions)
{
	bool failed;

	*decisions = planner->decisions;
	planner->num_decisions = planner->num_homes = planner->num_others = 0;
	if (!planner_may_take(snapshot))
		return 0;
	planner->period++;
	planner->now = snapshot;
	failed = memory_take(planner) || blocks_decide(planner) ||
		 trials_decide(planner) || cpus_decide(planner) || holds_decide(planner);
	planner->now = NULL;
	return failed ? -1 : (int)planner->num_decisions;
}
