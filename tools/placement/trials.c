// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The planner looks at what its last change has done, and undoes it if it has not helped.
 *
 * What CPUs share on one node causes no faults, so nothing counts it: a move of a CPU that
 * looks right may be wrong. Only the periods after it tell.
 */
#include "memory.h"

#include <stdio.h>

#define SETTLE		3	/* periods in which pages follow the change */
#define MEASURE		4	/* periods */
#define WORSE		1.1	/* a CPU goes back from so many times the faults on */
#define MUCH_WORSE	1.5	/* and from so many times at once */
#define EARLY		2	/* periods that must be much worse */
#define HELPS		0.75	/* longer holding stays below so many times the faults */
#define HOLD_FAULTS	60	/* a longer hold window, in remote faults */
#define HOLD_MAX_US	100000
#define CONTENDED	0.8

void trials_begin(struct planner *planner, const struct planner_decision *decision,
		  uint32_t partner)
{
	planner->trial = (struct trial){
		.kind = decision->kind, .object = decision->object,
		.from = decision->from, .to = decision->to, .partner = partner,
		.before = memory_recent(planner, planner->rules.streak < MEMORY_RECENT ?
					planner->rules.streak : MEMORY_RECENT),
		.gain = decision->gain, .began = planner->period,
	};
	/* what others seemed to gain may be different now */
	for (int c = 0; c < PLANNER_CPUS; c++)
		planner->wishes[c].streak = 0;
}

static void end_trial(struct planner *planner)
{
	planner->trial.kind = PLANNER_NOTHING;
	for (int c = 0; c < PLANNER_CPUS; c++)
		planner->wishes[c].streak = 0;
}

/* Is the change carried out? */
static bool is_seen(const struct planner *planner)
{
	const struct trial *trial = &planner->trial;
	const struct planner_node *node;
	const struct planner_cpu *cpu;

	if (trial->kind == PLANNER_MOVE_CPU) {
		cpu = memory_cpu(planner, trial->object);
		return cpu && cpu->node == trial->to;
	}
	node = memory_node(planner, trial->object);
	return node && node->hold_us == trial->to;
}

/* ---- a CPU ---- */

static int send_back(struct planner *planner, uint32_t id, uint32_t from, uint32_t to,
		     double after)
{
	struct planner_decision *decision =
		memory_decide(planner, PLANNER_MOVE_CPU, id);

	if (!decision)
		return 0;
	decision->is_back = true;
	decision->from = from;
	decision->to = to;
	decision->gain = after - planner->trial.before;
	snprintf(decision->why, sizeof(decision->why), "the guest had %.0f remote faults in a second before its move, and %.0f after it",
		 planner->trial.before, after);
	return memory_rest(planner, PLANNER_MOVE_CPU, id) |
	       memory_rest(planner, PLANNER_MOVE_CPU, id);
}

static bool is_worse(const struct planner *planner, double after, double times)
{
	return after >= times * planner->trial.before + planner->rules.min_rate / 2;
}

static int judge_cpu(struct planner *planner, double after)
{
	const struct trial *trial = &planner->trial;

	if (!is_worse(planner, after, WORSE))
		return 0;
	if (trial->object < PLANNER_CPUS)
		planner->hidden[trial->object] += after - trial->before + trial->gain;
	if (send_back(planner, trial->object, trial->to, trial->from, after))
		return -1;
	return trial->partner == PLANNER_NO_CPU ? 0 :
	       send_back(planner, trial->partner, trial->from, trial->to, after);
}

/* ---- the hold window ---- */

/* Return: 0, or -1 without memory. The node rests longer each time. */
static int set_hold(struct planner *planner, const struct planner_node *node, uint32_t us,
		    const char *why)
{
	struct planner_decision *decision;

	decision = memory_decide(planner, PLANNER_HOLD, node->id);
	if (!decision)
		return 0;
	decision->from = node->hold_us;
	decision->to = us;
	decision->is_back = !us;
	decision->gain = planner->contended[node->id];
	snprintf(decision->why, sizeof(decision->why), "%s", why);
	planner->held[node->id] = us;
	if (us && planner->trial.kind == PLANNER_NOTHING)
		trials_begin(planner, decision, PLANNER_NO_CPU);
	return memory_rest(planner, PLANNER_HOLD, node->id);
}

static int release_all(struct planner *planner, const char *why)
{
	int err = 0;

	for (size_t i = 0; i < planner->now->num_nodes; i++) {
		const struct planner_node *node = &planner->now->nodes[i];

		if (node->id < PLANNER_NODES && planner->held[node->id] &&
		    planner->held[node->id] == node->hold_us)
			err |= set_hold(planner, node, 0, why);
	}
	return err;
}

static int judge_hold(struct planner *planner, double after)
{
	char why[PLANNER_WHY_MAX];

	if (after < HELPS * planner->trial.before)
		return 0;
	snprintf(why, sizeof(why), "the guest had %.0f remote faults in a second before, and %.0f with the longer window",
		 planner->trial.before, after);
	return release_all(planner, why);
}

/* The node waits, and only for pages that nodes take from each other. */
static bool should_hold(const struct planner *planner, const struct planner_node *node)
{
	return node->wait >= planner->rules.wait && !node->hold_us &&
	       planner->faults[node->id] >= planner->rules.min_rate &&
	       planner->contended[node->id] >= CONTENDED * planner->faults[node->id];
}

static int hold(struct planner *planner, const struct planner_node *node)
{
	double us = HOLD_FAULTS * node->fault_us;
	char why[PLANNER_WHY_MAX];

	if (us < 1 || memory_rests(planner, PLANNER_HOLD, node->id))
		return 0;
	snprintf(why, sizeof(why), "its CPUs wait %.0f %% of their time, for pages that nodes take from each other",
		 100 * node->wait);
	return set_hold(planner, node, us > HOLD_MAX_US ? HOLD_MAX_US : (uint32_t)us, why);
}

int holds_decide(struct planner *planner)
{
	bool busy = planner->trial.kind != PLANNER_NOTHING;
	bool calm = true;
	int err = 0;

	for (size_t i = 0; i < planner->now->num_nodes; i++) {
		const struct planner_node *node = &planner->now->nodes[i];
		unsigned int *streak = &planner->hold_streak[node->id];

		calm &= node->wait < planner->rules.wait / 4;
		*streak = should_hold(planner, node) ? *streak + 1 : 0;
		if (*streak >= 2 * planner->rules.streak && !busy)
			err |= hold(planner, node);
	}
	if (calm && !busy && !err)
		err = release_all(planner, "no node waits for pages any more");
	return err ? -1 : 0;
}

/* ---- the trial ---- */

int trials_decide(struct planner *planner)
{
	struct trial *trial = &planner->trial;
	unsigned int periods = MEASURE;
	double after;
	int err;

	if (trial->kind == PLANNER_NOTHING)
		return 0;
	if (!is_seen(planner)) {
		/* not carried out yet, or changed by hand meanwhile */
		if (trial->seen || planner->period >= trial->began + planner->rules.rest)
			end_trial(planner);
		return 0;
	}
	if (!trial->seen)
		trial->seen = planner->period;
	if (planner->period < trial->seen + SETTLE + MEASURE) {
		periods = EARLY;
		if (trial->kind != PLANNER_MOVE_CPU ||
		    planner->period < trial->seen + SETTLE ||
		    !is_worse(planner, memory_recent(planner, EARLY), MUCH_WORSE))
			return 0;
	}
	after = memory_recent(planner, periods);
	err = trial->kind == PLANNER_MOVE_CPU ? judge_cpu(planner, after) :
						judge_hold(planner, after);
	end_trial(planner);
	return err;
}
