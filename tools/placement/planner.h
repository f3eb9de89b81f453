/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner: which CPU and which home of the guest's memory belongs where.
 *
 * Pure: it reads no clock, no file and no random number, and calls nothing that acts. So
 * the same snapshots give the same decisions, and a recorded trace can be replayed.
 * Documentation/placement.rst says what it decides and why.
 */
#ifndef PLANNER_H
#define PLANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLANNER_NODES	32
#define PLANNER_CPUS	256
#define PLANNER_WHY_MAX	192
#define PLANNER_SECONDS_MIN	0.001	/* length of a period */
#define PLANNER_SECONDS_MAX	1e6
#define PLANNER_NO_CPU	UINT32_MAX	/* a device, or another program of the node */

/**
 * struct planner_node - a node in one period
 * @id: of the node
 * @slots: CPUs of the guest that may be real there
 * @room: blocks whose home it can become
 * @wait: share of the time of its CPUs in which they waited for pages, 0 to 1
 * @fault_us: mean time of a remote fault, in us
 * @hold_us: the hold window that was set, 0: the module decides
 */
struct planner_node {
	uint32_t id;
	uint32_t slots;
	uint64_t room;
	double wait;
	double fault_us;
	uint64_t hold_us;
};

/**
 * struct planner_cpu - a CPU of the guest in one period
 * @id: of the CPU
 * @node: on which it is real
 * @busy: share of the time in which it ran, 0 to 1
 * @served: by node: its remote faults that this node served
 */
struct planner_cpu {
	uint32_t id;
	uint32_t node;
	double busy;
	uint32_t served[PLANNER_NODES];
};

/**
 * struct planner_touch - remote faults of one CPU at one block in one period
 * @block: number of the block (2 MiB)
 * @home: of the block
 * @node: where the faults were
 * @cpu: whose they were, or PLANNER_NO_CPU
 * @reads: copies that were fetched
 * @writes: pages that were fetched, or made, exclusive for a store
 * @guesses: pages that were fetched exclusively for a load
 */
struct planner_touch {
	uint64_t block;
	uint32_t home;
	uint32_t node;
	uint32_t cpu;
	uint32_t reads;
	uint32_t writes;
	uint32_t guesses;
};

/**
 * struct planner_snapshot - all that was counted in one period
 * @seconds: length of the period
 * @nodes: of the cluster
 * @num_nodes: of them, at most PLANNER_NODES
 * @cpus: of the guest
 * @num_cpus: of them, at most PLANNER_CPUS
 * @touches: in any order; each block, node and CPU once
 * @num_touches: of them
 */
struct planner_snapshot {
	double seconds;
	const struct planner_node *nodes;
	size_t num_nodes;
	const struct planner_cpu *cpus;
	size_t num_cpus;
	const struct planner_touch *touches;
	size_t num_touches;
};

enum planner_kind {
	PLANNER_NOTHING,	/* of @object, a block or a CPU: left where it is */
	PLANNER_MOVE_HOME,	/* of block @object */
	PLANNER_MOVE_CPU,	/* CPU @object */
	PLANNER_REPLICATE,	/* loads of block @object get copies */
	PLANNER_HOLD,		/* node @object keeps pages for @to us; 0: as the module decides */
	PLANNER_KINDS,
};

/**
 * struct planner_decision - one decision
 * @kind: what is to be done
 * @is_cpu: PLANNER_NOTHING: @object is a CPU, not a block
 * @is_back: undoes an earlier decision, after which the counters were worse
 * @object: with what
 * @from: node, or the hold window so far
 * @to: node, or the new hold window
 * @gain: remote faults in a second that this should save
 * @loss: remote faults in a second that this should cause
 * @why: one sentence without full stop
 */
struct planner_decision {
	enum planner_kind kind;
	bool is_cpu;
	bool is_back;
	uint64_t object;
	uint32_t from;
	uint32_t to;
	double gain;
	double loss;
	char why[PLANNER_WHY_MAX];
};

/**
 * struct planner_rules - numbers that decisions depend on
 * @streak: periods in sequence in which the reason must have been there
 * @rest: periods in which an object that was decided about is left alone; doubled each
 *	time that the object is decided about again soon
 * @min_rate: remote faults in a second below which nothing is worth a decision
 * @dominance: share of a block's faults that one node must have to become its home
 * @refault: faults of one kind of a node at a block after which pages must have been
 *	fetched again: more than the block has pages
 * @max_homes: homes that move in one period
 * @wait: share of waiting from which longer holding is tried
 */
struct planner_rules {
	unsigned int streak;
	unsigned int rest;
	double min_rate;
	double dominance;
	double refault;
	unsigned int max_homes;
	double wait;
};

extern const struct planner_rules planner_rules;

/* At most so many decisions in one period, beside the homes. */
#define PLANNER_OTHERS_MAX	32

struct planner;

/* Return: a planner that has seen nothing, or NULL without memory. */
struct planner *planner_new(const struct planner_rules *rules);

void planner_free(struct planner *planner);

/* Are all numbers of a snapshot in their ranges? Else planner_step() decides nothing. */
bool planner_may_take(const struct planner_snapshot *snapshot);

/**
 * planner_step() - one period is over
 * @planner: what it remembers of earlier periods changes
 * @snapshot: of the period; a decision that was carried out shows in it
 * @decisions: valid until the next call
 *
 * Return: the number of decisions, or -1 without memory.
 */
int planner_step(struct planner *planner, const struct planner_snapshot *snapshot,
		 const struct planner_decision **decisions);

/* "home", "cpu", "replicate", "hold", "nothing". */
const char *planner_kind_name(enum planner_kind kind);

#endif /* PLANNER_H */
