/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the planner remembers from period to period; private to its files.
 */
#ifndef PLANNER_MEMORY_H
#define PLANNER_MEMORY_H

#include "planner.h"

/**
 * struct trail - faults of one CPU at one block, over the last periods
 * @touch: of this period; its counts are 0 if there were none
 * @rate: faults in a second, smoothed
 * @rate_writes: those for a store, smoothed
 * @rate_guesses: smoothed
 * @streak: periods in sequence with faults
 * @reads: since the streak began
 * @writes: since the streak began, with guesses
 */
struct trail {
	struct planner_touch touch;
	double rate;
	double rate_writes;
	double rate_guesses;
	unsigned int streak;
	double reads;
	double writes;
};

/**
 * struct share - one node's part of the faults at a block
 * @rate: smoothed faults in a second
 * @now: faults in a second in this period
 * @streak: the longest of its CPUs
 * @refaults: its CPUs must have fetched pages again
 */
struct share {
	double rate;
	double now;
	unsigned int streak;
	bool refaults;
};

/**
 * struct rest - an object is left alone
 * @kind: of the decision
 * @object: number of the block, CPU or node
 * @until: period
 * @times: decisions about it of late
 */
struct rest {
	enum planner_kind kind;
	uint64_t object;
	uint64_t until;
	unsigned int times;
};

/**
 * struct trial - a CPU was moved, or the hold window was changed: does it help?
 * @kind: PLANNER_NOTHING: there is no trial
 * @object: of the decision
 * @from: of the decision
 * @to: of the decision
 * @partner: the CPU that went the other way, or PLANNER_NO_CPU
 * @before: remote faults in a second of the whole guest, before
 * @began: period
 * @gain: faults in a second that were to be saved
 * @seen: the change shows in the snapshots since this period; 0: it does not
 */
struct trial {
	enum planner_kind kind;
	uint64_t object;
	uint32_t from;
	uint32_t to;
	uint32_t partner;
	double before;
	double gain;
	uint64_t began;
	uint64_t seen;
};

/**
 * struct wish - a CPU would be better elsewhere
 * @to: node
 * @streak: periods in sequence
 */
struct wish {
	uint32_t to;
	unsigned int streak;
};

#define MEMORY_RECENT	8	/* periods */

/**
 * struct planner - what is remembered, and the calculation of the period
 * @rules: what decisions depend on
 * @period: number of the period, from 1
 * @now: its snapshot
 * @trails: sorted by block, node and CPU
 * @num_trails: of them
 * @rests: objects that are left alone
 * @num_rests: of them
 * @trial: the one change that is being watched
 * @wishes: by CPU
 * @hold_streak: by node: periods in which longer holding seemed right
 * @held: by node: the hold window that the planner has set, in us, or 0
 * @recent: remote faults in a second of the last periods, a ring
 * @served: by CPU and node: smoothed, in a second
 * @hidden: by CPU: remote faults in a second that an earlier move has caused beyond those
 *	that were foreseen; fades
 * @gain: by CPU and node: remote faults in a second that a move there would save
 * @loss: by CPU: those that a move away would cause
 * @rate: by CPU: its remote faults in a second
 * @contended: by node: faults in a second at blocks that nodes take from each other
 * @faults: by node: all its faults in a second
 * @room: by node: what is left of it
 * @decisions: of the period
 * @num_decisions: of them
 * @num_homes: homes among them
 * @num_others: all others
 */
struct planner {
	struct planner_rules rules;
	uint64_t period;
	const struct planner_snapshot *now;
	struct trail *trails;
	size_t num_trails;
	struct rest *rests;
	size_t num_rests;
	struct trial trial;
	struct wish wishes[PLANNER_CPUS];
	unsigned int hold_streak[PLANNER_NODES];
	uint64_t held[PLANNER_NODES];
	double recent[MEMORY_RECENT];
	double served[PLANNER_CPUS][PLANNER_NODES];
	double hidden[PLANNER_CPUS];
	double gain[PLANNER_CPUS][PLANNER_NODES];
	double loss[PLANNER_CPUS];
	double rate[PLANNER_CPUS];
	double contended[PLANNER_NODES];
	double faults[PLANNER_NODES];
	uint64_t room[PLANNER_NODES];
	struct planner_decision *decisions;
	size_t num_decisions;
	size_t num_homes;
	size_t num_others;
};

/* Return: an entry to be filled, or NULL: the period has enough of them. */
struct planner_decision *memory_decide(struct planner *planner, enum planner_kind kind,
				       uint64_t object);

/* Is the object left alone? */
bool memory_rests(const struct planner *planner, enum planner_kind kind, uint64_t object);

/* Leave the object alone from now on. Return: 0, or -1 without memory. */
int memory_rest(struct planner *planner, enum planner_kind kind, uint64_t object);

const struct planner_node *memory_node(const struct planner *planner, uint32_t id);
const struct planner_cpu *memory_cpu(const struct planner *planner, uint32_t id);

/* Take the period's touches into the trails. Return: 0, or -1 without memory. */
int memory_take(struct planner *planner);

/* The end of the group of trails that have the block of trail @i. */
size_t memory_group_end(const struct planner *planner, size_t i);

/* Look at all blocks: homes, replicas, and what CPUs would gain. -1 without memory. */
int blocks_decide(struct planner *planner);

/* Decide about CPUs. Return: 0, or -1 without memory. */
int cpus_decide(struct planner *planner);

/* Does the last change help? Undo it if not. Return: 0, or -1 without memory. */
int trials_decide(struct planner *planner);

/* Begin to watch a change: what it was, @before is taken from the last periods. */
void trials_begin(struct planner *planner, const struct planner_decision *decision,
		  uint32_t partner);

/* Decide about hold windows. Return: 0, or -1 without memory. */
int holds_decide(struct planner *planner);

/* Remote faults in a second of the whole guest, the mean of the last @periods. */
double memory_recent(const struct planner *planner, unsigned int periods);

#endif /* PLANNER_MEMORY_H */
