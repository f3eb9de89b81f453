// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The planner's decisions about CPUs: one at a time, since only then the next periods show
 * whether it was right.
 */
#include "memory.h"

#include <stdio.h>

#define CLEAR		2	/* the gain must be so many times the loss */
#define ALIKE		0.8	/* gains that differ by less are alike */
#define IDLE		0.05	/* share of the time below which a CPU is idle */
#define IDLE_RATE	0.1	/* and its faults, in parts of what is gained */
#define LEAST_BUSY	0.01

static double net_of(const struct planner *planner, const struct planner_cpu *cpu,
		     uint32_t to)
{
	return planner->gain[cpu->id][to] - planner->loss[cpu->id];
}

/* The counts of who served the faults are exact; the gain is an estimate. */
static void bound_gains(struct planner *planner, const struct planner_cpu *cpu)
{
	for (int n = 0; n < PLANNER_NODES; n++)
		if (planner->gain[cpu->id][n] > planner->served[cpu->id][n])
			planner->gain[cpu->id][n] = planner->served[cpu->id][n];
}

static uint32_t best_node(const struct planner *planner, const struct planner_cpu *cpu)
{
	uint32_t best = cpu->node;

	for (size_t i = 0; i < planner->now->num_nodes; i++) {
		uint32_t n = planner->now->nodes[i].id;

		if (n != cpu->node && (best == cpu->node || planner->gain[cpu->id][n] >
				       planner->gain[cpu->id][best]))
			best = n;
	}
	return best;
}

static void update_wish(struct planner *planner, const struct planner_cpu *cpu)
{
	struct wish *wish = &planner->wishes[cpu->id];
	uint32_t to = best_node(planner, cpu);
	bool better = to != cpu->node &&
		      net_of(planner, cpu, to) >= planner->rules.min_rate &&
		      planner->gain[cpu->id][to] >= CLEAR * planner->loss[cpu->id];

	if (!better)
		wish->streak = 0;
	else
		wish->streak = wish->to == to ? wish->streak + 1 : 1;
	wish->to = to;
}

/* ---- room for it ---- */

static unsigned int count_on(const struct planner *planner, uint32_t node)
{
	unsigned int count = 0;

	for (size_t i = 0; i < planner->now->num_cpus; i++)
		count += planner->now->cpus[i].node == node;
	return count;
}

/* A CPU on node @from that does nothing, and could take the place of @cpu. */
static const struct planner_cpu *find_idle(const struct planner *planner, uint32_t from,
					   double gain)
{
	for (size_t i = planner->now->num_cpus; i--;) {
		const struct planner_cpu *cpu = &planner->now->cpus[i];

		if (cpu->node == from && cpu->id < PLANNER_CPUS && cpu->busy < IDLE &&
		    planner->rate[cpu->id] < IDLE_RATE * gain &&
		    !memory_rests(planner, PLANNER_MOVE_CPU, cpu->id))
			return cpu;
	}
	return NULL;
}

/**
 * struct candidate - a CPU that could move
 * @cpu: the CPU, or NULL: there is none
 * @partner: an idle one that goes the other way, or NULL: there is a slot
 * @to: node
 * @net: faults in a second that are saved
 */
struct candidate {
	const struct planner_cpu *cpu;
	const struct planner_cpu *partner;
	uint32_t to;
	double net;
};

/* Return: whether there is a place. */
static bool find_place(const struct planner *planner, struct candidate *candidate)
{
	const struct planner_node *node = memory_node(planner, candidate->to);

	candidate->partner = NULL;
	if (!node)
		return false;
	if (count_on(planner, node->id) < node->slots)
		return true;
	candidate->partner = find_idle(planner, node->id, candidate->net);
	return candidate->partner;
}

static int note_full(struct planner *planner, const struct candidate *candidate)
{
	uint64_t key = UINT64_MAX - candidate->cpu->id;	/* beside the blocks */
	struct planner_decision *decision;

	if (memory_rests(planner, PLANNER_NOTHING, key))
		return 0;
	decision = memory_decide(planner, PLANNER_NOTHING, candidate->cpu->id);
	if (!decision)
		return 0;
	decision->is_cpu = true;
	decision->from = candidate->cpu->node;
	decision->to = candidate->to;
	decision->gain = planner->gain[candidate->cpu->id][candidate->to];
	decision->loss = planner->loss[candidate->cpu->id];
	snprintf(decision->why, sizeof(decision->why), "it would be better on node %u, which has neither a free slot nor an idle CPU",
		 candidate->to);
	return memory_rest(planner, PLANNER_NOTHING, key);
}

/* ---- the best one ---- */

static double density(const struct planner *planner, const struct planner_cpu *cpu)
{
	return planner->rate[cpu->id] / (cpu->busy > LEAST_BUSY ? cpu->busy : LEAST_BUSY);
}

/*
 * Two CPUs that share: each could go to the other one. The one that runs less between its
 * faults has less memory of its own where it is. If both are alike, the higher number
 * goes: CPU 0 has more to do for the whole guest.
 */
static bool is_better(const struct planner *planner, const struct candidate *a,
		      const struct candidate *b)
{
	double x, y;

	if (!b->cpu || b->net < ALIKE * a->net)
		return true;
	if (a->net < ALIKE * b->net)
		return false;
	x = density(planner, a->cpu);
	y = density(planner, b->cpu);
	if (x < ALIKE * y || y < ALIKE * x)
		return x > y;
	return a->cpu->id > b->cpu->id;
}

static int find_best(struct planner *planner, struct candidate *best)
{
	int err = 0;

	*best = (struct candidate){ 0 };
	for (size_t i = 0; i < planner->now->num_cpus; i++) {
		const struct planner_cpu *cpu = &planner->now->cpus[i];
		struct candidate candidate = { .cpu = cpu };

		if (cpu->id >= PLANNER_CPUS ||
		    planner->wishes[cpu->id].streak < planner->rules.streak ||
		    memory_rests(planner, PLANNER_MOVE_CPU, cpu->id))
			continue;
		candidate.to = planner->wishes[cpu->id].to;
		candidate.net = net_of(planner, cpu, candidate.to);
		if (!find_place(planner, &candidate))
			err |= note_full(planner, &candidate);
		else if (is_better(planner, &candidate, best))
			*best = candidate;
	}
	return err;
}

static int move(struct planner *planner, const struct candidate *best)
{
	const struct planner_cpu *cpu = best->cpu, *partner = best->partner;
	struct planner_decision *decision;

	decision = memory_decide(planner, PLANNER_MOVE_CPU, cpu->id);
	if (!decision)
		return 0;
	decision->from = cpu->node;
	decision->to = best->to;
	decision->gain = planner->gain[cpu->id][best->to];
	decision->loss = planner->loss[cpu->id];
	snprintf(decision->why, sizeof(decision->why), "it takes pages from node %u, and shares little with the CPUs of node %u%s",
		 best->to, cpu->node, partner ? "; an idle CPU takes its place" : "");
	trials_begin(planner, decision, partner ? partner->id : PLANNER_NO_CPU);
	if (memory_rest(planner, PLANNER_MOVE_CPU, cpu->id))
		return -1;
	if (!partner)
		return 0;
	decision = memory_decide(planner, PLANNER_MOVE_CPU, partner->id);
	if (!decision)
		return 0;
	decision->from = best->to;
	decision->to = cpu->node;
	snprintf(decision->why, sizeof(decision->why), "it is idle, and makes room for CPU %u",
		 cpu->id);
	return memory_rest(planner, PLANNER_MOVE_CPU, partner->id);
}

int cpus_decide(struct planner *planner)
{
	struct candidate best;

	for (size_t i = 0; i < planner->now->num_cpus; i++) {
		const struct planner_cpu *cpu = &planner->now->cpus[i];

		if (cpu->id >= PLANNER_CPUS)
			continue;
		bound_gains(planner, cpu);
		update_wish(planner, cpu);
	}
	if (planner->trial.kind != PLANNER_NOTHING)
		return 0;
	if (find_best(planner, &best))
		return -1;
	return best.cpu ? move(planner, &best) : 0;
}
