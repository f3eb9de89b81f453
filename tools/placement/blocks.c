// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The planner's look at each block: where its home belongs, and what its faults say about
 * the CPUs.
 */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTENDER	0.1	/* share of the faults from which a node counts */
#define STORES		0.02	/* share of stores below which nodes only read */
#define NOTES_MAX	4	/* blocks left alone that are told of in one period */

/**
 * struct group - a block with faults
 * @begin: its first trail
 * @end: the trail behind its last one
 * @block: its number
 * @home: its home
 * @total: faults in a second
 * @stores: those for a store
 * @guesses: exclusive requests for loads
 * @nodes: that have a share of CONTENDER
 * @top: the node with the largest share
 * @second: the node with the second largest share
 * @shares: by node
 */
struct group {
	size_t begin;
	size_t end;
	uint64_t block;
	uint32_t home;
	double total;
	double stores;
	double guesses;
	unsigned int nodes;
	uint32_t top;
	uint32_t second;
	struct share shares[PLANNER_NODES];
};

/* What has been noted in this period. */
struct notes {
	unsigned int count;
	int err;
};

/* ---- a group ---- */

static void add_trail(const struct planner *planner, struct group *group,
		      const struct trail *trail)
{
	const struct planner_touch *touch = &trail->touch;
	struct share *share = &group->shares[touch->node];
	double refault = planner->rules.refault;

	share->rate += trail->rate;
	share->now += ((double)touch->reads + touch->writes + touch->guesses) /
		      planner->now->seconds;
	if (trail->streak > share->streak)
		share->streak = trail->streak;
	share->refaults |= trail->reads > refault || trail->writes > refault;
	group->total += trail->rate;
	group->stores += trail->rate_writes + trail->rate_guesses;
	group->guesses += trail->rate_guesses;
	if (trail->streak)	/* an old trail has the home of its time */
		group->home = touch->home;
}

static void rank(struct group *group)
{
	double top = 0, second = 0;

	for (uint32_t n = 0; n < PLANNER_NODES; n++) {
		double rate = group->shares[n].rate;

		group->nodes += rate > CONTENDER * group->total;
		if (rate > top) {
			group->second = group->top;
			second = top;
			group->top = n;
			top = rate;
		} else if (rate > second) {
			group->second = n;
			second = rate;
		}
	}
}

static void look_at(const struct planner *planner, size_t begin, struct group *group)
{
	*group = (struct group){
		.begin = begin, .end = memory_group_end(planner, begin),
		.block = planner->trails[begin].touch.block,
		.home = planner->trails[begin].touch.home,
		.second = PLANNER_NODES,
	};
	for (size_t i = begin; i < group->end; i++)
		add_trail(planner, group, &planner->trails[i]);
	rank(group);
}

/* Nodes take its pages from each other. */
static bool is_contended(const struct group *group)
{
	return group->nodes > 1 && group->stores > STORES * group->total;
}

/* ---- the home ---- */

/* One node, which is not the home, fetches the same pages again and again. */
static bool has_better_home(const struct planner *planner, const struct group *group)
{
	const struct share *top = &group->shares[group->top];

	return group->top != group->home && top->refaults &&
	       top->streak >= planner->rules.streak && top->now >= top->rate / 2 &&
	       top->rate >= planner->rules.dominance * group->total &&
	       top->rate >= planner->rules.min_rate / 8;
}

/* Return: 1 if it moves, 0 if there is no room, -1 without memory. */
static int move_home(struct planner *planner, const struct group *group)
{
	const struct share *top = &group->shares[group->top];
	struct planner_decision *decision;

	if (memory_rests(planner, PLANNER_MOVE_HOME, group->block))
		return 1;
	if (!planner->room[group->top])
		return 0;
	decision = memory_decide(planner, PLANNER_MOVE_HOME, group->block);
	if (!decision)
		return 1;	/* in one of the next periods */
	planner->room[group->top]--;
	decision->from = group->home;
	decision->to = group->top;
	decision->gain = top->rate;
	decision->loss = group->total - top->rate;
	snprintf(decision->why, sizeof(decision->why), "node %u has %.0f %% of the block's faults and fetches its pages again",
		 group->top, 100 * top->rate / group->total);
	return memory_rest(planner, PLANNER_MOVE_HOME, group->block) ? -1 : 1;
}

/* ---- left alone ---- */

static void note(struct planner *planner, const struct group *group, struct notes *notes,
		 const char *what)
{
	struct planner_decision *decision;

	if (group->total < planner->rules.min_rate || notes->count >= NOTES_MAX ||
	    memory_rests(planner, PLANNER_NOTHING, group->block))
		return;
	decision = memory_decide(planner, PLANNER_NOTHING, group->block);
	if (!decision)
		return;
	notes->count++;
	decision->from = decision->to = group->home;
	decision->gain = group->shares[group->top].rate;
	decision->loss = group->total - group->shares[group->top].rate;
	snprintf(decision->why, sizeof(decision->why), "%s: node %u has %.0f %% of its faults, node %u has %.0f %%",
		 what, group->top, 100 * group->shares[group->top].rate / group->total,
		 group->second, 100 * group->shares[group->second].rate / group->total);
	notes->err |= memory_rest(planner, PLANNER_NOTHING, group->block);
}

/*
 * A page that a node has written after reading it is requested exclusively by its next
 * load. With several nodes that mostly read, this is wrong.
 */
static bool is_read_mostly(const struct planner *planner, const struct group *group)
{
	double writes = group->stores - group->guesses;

	return group->nodes > 1 && group->guesses > 2 * writes &&
	       group->guesses >= planner->rules.min_rate &&
	       group->shares[group->top].streak >= planner->rules.streak;
}

static int replicate(struct planner *planner, const struct group *group)
{
	struct planner_decision *decision;

	if (memory_rests(planner, PLANNER_REPLICATE, group->block))
		return 0;
	decision = memory_decide(planner, PLANNER_REPLICATE, group->block);
	if (!decision)
		return 0;
	decision->from = decision->to = group->home;
	decision->gain = group->guesses;
	decision->loss = group->stores - group->guesses;
	snprintf(decision->why, sizeof(decision->why), "%u nodes read it; %.0f loads in a second take a page exclusively, %.0f stores do",
		 group->nodes, decision->gain, decision->loss);
	return memory_rest(planner, PLANNER_REPLICATE, group->block);
}

/* ---- what a CPU would gain elsewhere ---- */

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* Faults of others on its node at this block: they would be apart then. */
static double siblings(const struct planner *planner, const struct group *group,
		       const struct trail *trail)
{
	double sum = 0;

	for (size_t i = group->begin; i < group->end; i++) {
		const struct trail *other = &planner->trails[i];

		if (other != trail && other->touch.node == trail->touch.node)
			sum += smaller(other->rate, trail->rate);
	}
	return sum;
}

static void weigh_contended(struct planner *planner, const struct group *group,
			    const struct trail *trail)
{
	double others = group->total - group->shares[trail->touch.node].rate;
	uint32_t cpu = trail->touch.cpu;

	for (uint32_t n = 0; n < PLANNER_NODES && others > 0; n++) {
		double rate = group->shares[n].rate;

		if (n != trail->touch.node)
			planner->gain[cpu][n] += smaller(trail->rate * rate / others, rate);
	}
	planner->loss[cpu] += siblings(planner, group, trail);
}

/* @stays: the block would be better at the node of its CPU, but there is no room. */
static void weigh(struct planner *planner, const struct group *group, bool stays)
{
	bool contended = is_contended(group);

	for (size_t i = group->begin; i < group->end; i++) {
		const struct trail *trail = &planner->trails[i];
		const struct planner_touch *touch = &trail->touch;

		planner->faults[touch->node] += trail->rate;
		planner->contended[touch->node] += contended ? trail->rate : 0;
		if (touch->cpu >= PLANNER_CPUS)
			continue;
		planner->rate[touch->cpu] += trail->rate;
		if (contended)
			weigh_contended(planner, group, trail);
		else if (stays && touch->node == group->top)
			planner->gain[touch->cpu][group->home] += trail->rate;
	}
}

/* ---- all blocks ---- */

static void begin(struct planner *planner)
{
	memset(planner->gain, 0, sizeof(planner->gain));
	memcpy(planner->loss, planner->hidden, sizeof(planner->loss));
	memset(planner->rate, 0, sizeof(planner->rate));
	memset(planner->contended, 0, sizeof(planner->contended));
	memset(planner->faults, 0, sizeof(planner->faults));
	for (size_t i = 0; i < planner->now->num_nodes; i++)
		planner->room[planner->now->nodes[i].id] = planner->now->nodes[i].room;
}

static void decide(struct planner *planner, const struct group *group, struct notes *notes)
{
	bool stays = false;
	int moved;

	if (has_better_home(planner, group)) {
		moved = move_home(planner, group);
		notes->err |= moved < 0;
		stays = !moved;
	} else if (is_read_mostly(planner, group)) {
		notes->err |= replicate(planner, group);
	} else if (is_contended(group)) {
		note(planner, group, notes, "nodes take its pages from each other, and no home is better");
	}
	weigh(planner, group, stays);
}

int blocks_decide(struct planner *planner)
{
	struct notes notes = { 0 };
	struct group group;

	begin(planner);
	for (size_t i = 0; i < planner->num_trails; i = group.end) {
		look_at(planner, i, &group);
		decide(planner, &group, &notes);
	}
	return notes.err ? -1 : 0;
}
