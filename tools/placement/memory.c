// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the planner remembers: trails of faults, and objects that are left alone.
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define SMOOTH		0.3	/* weight of the last period */
#define FORGET_RATE	0.05	/* faults in a second */
#define FORGET_RESTS	2	/* a rest is remembered for so many times its length */
#define FADE		0.99	/* of what a move has taught, in a period */
#define TIMES_MAX	6	/* a rest is doubled so often at most */

const struct planner_node *memory_node(const struct planner *planner, uint32_t id)
{
	for (size_t i = 0; i < planner->now->num_nodes; i++)
		if (planner->now->nodes[i].id == id)
			return &planner->now->nodes[i];
	return NULL;
}

const struct planner_cpu *memory_cpu(const struct planner *planner, uint32_t id)
{
	for (size_t i = 0; i < planner->now->num_cpus; i++)
		if (planner->now->cpus[i].id == id)
			return &planner->now->cpus[i];
	return NULL;
}

/* ---- trails ---- */

static int compare_touches(const void *a, const void *b)
{
	const struct planner_touch *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	return x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

static void smooth(double *rate, double count, double seconds)
{
	*rate += SMOOTH * (count / seconds - *rate);
}

/* @count is all zero if the trail has no faults in this period. */
static void add_period(struct trail *trail, const struct planner_touch *count,
		       double seconds)
{
	double stores = (double)count->writes + count->guesses;

	trail->touch = *count;
	smooth(&trail->rate, count->reads + stores, seconds);
	smooth(&trail->rate_writes, count->writes, seconds);
	smooth(&trail->rate_guesses, count->guesses, seconds);
	if (!count->reads && stores <= 0) {
		trail->streak = 0;
		trail->reads = trail->writes = 0;
		return;
	}
	trail->streak++;
	trail->reads += count->reads;
	trail->writes += stores;
}

/* A CPU that has moved leaves no faults where it was. */
static bool is_over(const struct planner *planner, const struct trail *trail)
{
	const struct planner_cpu *cpu;

	if (trail->streak)
		return false;
	cpu = memory_cpu(planner, trail->touch.cpu);
	return trail->rate < FORGET_RATE || (cpu && cpu->node != trail->touch.node);
}

static struct planner_touch without_counts(const struct planner_touch *touch)
{
	return (struct planner_touch){
		.block = touch->block, .home = touch->home, .node = touch->node,
		.cpu = touch->cpu,
	};
}

/* Both are sorted: go through them together. Return: the number of new trails. */
static size_t merge(const struct planner *planner, const struct planner_touch *touches,
		    size_t count, struct trail *to)
{
	const struct trail *old = planner->trails;
	const struct trail *end = old + planner->num_trails;
	size_t n = 0, i = 0;

	while (old < end || i < count) {
		int order = old == end ? 1 : i == count ? -1 :
			    compare_touches(&old->touch, &touches[i]);
		static const struct trail new;
		struct planner_touch none;

		to[n] = order > 0 ? new : *old;
		none = order < 0 ? without_counts(&old->touch) : touches[i];
		add_period(&to[n], &none, planner->now->seconds);
		if (!is_over(planner, &to[n]))
			n++;
		old += order <= 0;
		i += order >= 0;
	}
	return n;
}

static void take_cpus(struct planner *planner)
{
	for (size_t i = 0; i < planner->now->num_cpus; i++) {
		const struct planner_cpu *cpu = &planner->now->cpus[i];

		if (cpu->id < PLANNER_CPUS)
			planner->hidden[cpu->id] *= FADE;
		for (int n = 0; n < PLANNER_NODES && cpu->id < PLANNER_CPUS; n++)
			smooth(&planner->served[cpu->id][n], cpu->served[n],
			       planner->now->seconds);
	}
}

static void take_total(struct planner *planner)
{
	double total = 0;

	for (size_t i = 0; i < planner->now->num_touches; i++) {
		const struct planner_touch *touch = &planner->now->touches[i];

		total += (double)touch->reads + touch->writes + touch->guesses;
	}
	planner->recent[planner->period % MEMORY_RECENT] = total / planner->now->seconds;
}

double memory_recent(const struct planner *planner, unsigned int periods)
{
	double sum = 0;

	for (unsigned int i = 0; i < periods; i++)
		sum += planner->recent[(planner->period - i) % MEMORY_RECENT];
	return sum / periods;
}

int memory_take(struct planner *planner)
{
	size_t count = planner->now->num_touches;
	struct planner_touch *touches = malloc((count + 1) * sizeof(*touches));
	struct trail *trails = calloc(planner->num_trails + count + 1, sizeof(*trails));

	if (!touches || !trails) {
		free(touches);
		free(trails);
		return -1;
	}
	if (count)
		memcpy(touches, planner->now->touches, count * sizeof(*touches));
	qsort(touches, count, sizeof(*touches), compare_touches);
	planner->num_trails = merge(planner, touches, count, trails);
	free(planner->trails);
	planner->trails = trails;
	free(touches);
	take_cpus(planner);
	take_total(planner);
	return 0;
}

size_t memory_group_end(const struct planner *planner, size_t i)
{
	uint64_t block = planner->trails[i].touch.block;

	while (i < planner->num_trails && planner->trails[i].touch.block == block)
		i++;
	return i;
}

/* ---- rests ---- */

static struct rest *find_rest(const struct planner *planner, enum planner_kind kind,
			      uint64_t object)
{
	for (size_t i = 0; i < planner->num_rests; i++)
		if (planner->rests[i].kind == kind && planner->rests[i].object == object)
			return &planner->rests[i];
	return NULL;
}

bool memory_rests(const struct planner *planner, enum planner_kind kind, uint64_t object)
{
	const struct rest *rest = find_rest(planner, kind, object);

	return rest && planner->period < rest->until;
}

/* Make room in place: those whose end is long ago. */
static void forget_rests(struct planner *planner)
{
	size_t kept = 0;

	for (size_t i = 0; i < planner->num_rests; i++) {
		const struct rest *rest = &planner->rests[i];
		uint64_t length = (uint64_t)planner->rules.rest << rest->times;

		if (planner->period < rest->until + FORGET_RESTS * length)
			planner->rests[kept++] = *rest;
	}
	planner->num_rests = kept;
}

static struct rest *add_rest(struct planner *planner, enum planner_kind kind,
			     uint64_t object)
{
	struct rest *rests;

	forget_rests(planner);
	rests = realloc(planner->rests, (planner->num_rests + 1) * sizeof(*rests));
	if (!rests)
		return NULL;
	planner->rests = rests;
	rests += planner->num_rests++;
	*rests = (struct rest){ .kind = kind, .object = object };
	return rests;
}

int memory_rest(struct planner *planner, enum planner_kind kind, uint64_t object)
{
	struct rest *rest = find_rest(planner, kind, object);

	if (!rest)
		rest = add_rest(planner, kind, object);
	if (!rest)
		return -1;
	rest->until = planner->period + ((uint64_t)planner->rules.rest << rest->times);
	if (rest->times < TIMES_MAX)
		rest->times++;
	return 0;
}

/* ---- decisions ---- */

struct planner_decision *memory_decide(struct planner *planner, enum planner_kind kind,
				       uint64_t object)
{
	bool is_home = kind == PLANNER_MOVE_HOME;
	size_t *count = is_home ? &planner->num_homes : &planner->num_others;
	struct planner_decision *decision;

	if (*count >= (is_home ? planner->rules.max_homes : PLANNER_OTHERS_MAX))
		return NULL;
	(*count)++;
	decision = &planner->decisions[planner->num_decisions++];
	*decision = (struct planner_decision){ .kind = kind, .object = object };
	return decision;
}
