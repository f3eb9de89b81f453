/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of a guest's memory on several nodes, for the planner: who has which page, what
 * an access costs, and what the module would count.
 *
 * It has pages, owners, copies, homes and caches of limited size as the module has them,
 * and one access at a time. A remote fault costs MODEL_FAULT_US, everything else an access
 * has to do MODEL_ACCESS_US.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "../../tools/placement/planner.h"

#define MODEL_NODES	3
#define MODEL_CPUS	8
#define MODEL_BLOCKS	64
#define MODEL_BLOCK	64	/* pages of a block; fewer than the module's, to be fast */
#define MODEL_PAGES	(MODEL_BLOCKS * MODEL_BLOCK)
#define MODEL_PERIOD_US	200000.0
#define MODEL_ACCESS_US	20.0
#define MODEL_FAULT_US	100.0
#define MODEL_MOVE_US	5000.0	/* a CPU stands still when it moves */

struct model;

/**
 * struct model_cpu - a CPU of the guest
 * @node: where it is real
 * @run: makes its next access with model_access(); NULL: it is idle
 * @at: its time in this period, in us
 * @done: accesses so far
 * @missed: of them, remote faults
 * @step: of use to @run
 * @busy_us: in this period
 * @wait_us: in this period
 * @served: in this period, by node
 */
struct model_cpu {
	uint32_t node;
	void (*run)(struct model *model, uint32_t cpu);
	double at;
	uint64_t done;
	uint64_t missed;
	uint64_t step;
	double busy_us;
	double wait_us;
	uint32_t served[MODEL_NODES];
};

struct model_page {
	uint8_t owner;
	uint8_t copies;		/* bit mask, with the owner */
	bool exclusive;
	bool touched;
};

/**
 * struct model - the guest
 * @num_nodes: of the cluster
 * @num_cpus: of the guest
 * @slots: by node
 * @room: by node: blocks whose home it can become
 * @cache: by node: pages with another home that it can keep
 * @cached: by node: those that it has
 * @cpus: by id
 * @home: by block
 * @pages: all
 * @reads: by CPU and block, in this period
 * @writes: by CPU and block, in this period
 * @hold_us: by node
 * @random: state of the random numbers
 * @hand: where the eviction goes on
 * @moved_cpus: moves that were carried out
 * @moved_homes: moves that were carried out
 * @off: carry out no decision
 */
struct model {
	uint32_t num_nodes;
	uint32_t num_cpus;
	uint32_t slots[MODEL_NODES];
	uint64_t room[MODEL_NODES];
	uint64_t cache[MODEL_NODES];
	uint64_t cached[MODEL_NODES];
	struct model_cpu cpus[MODEL_CPUS];
	uint32_t home[MODEL_BLOCKS];
	struct model_page pages[MODEL_PAGES];
	uint32_t reads[MODEL_CPUS][MODEL_BLOCKS];
	uint32_t writes[MODEL_CPUS][MODEL_BLOCKS];
	uint64_t hold_us[MODEL_NODES];
	uint64_t random;
	uint32_t hand;
	unsigned int moved_cpus;
	unsigned int moved_homes;
	bool off;
};

/* The snapshot of a period, with the arrays that it refers to. */
struct model_snapshot {
	struct planner_snapshot snapshot;
	struct planner_node nodes[MODEL_NODES];
	struct planner_cpu cpus[MODEL_CPUS];
	struct planner_touch touches[MODEL_CPUS * MODEL_BLOCKS];
};

/* The first half of the blocks is at node 0, and so on; nothing is touched. */
void model_init(struct model *model, uint32_t nodes, uint32_t cpus, uint64_t seed);

/* A number below @limit. */
uint32_t model_random(struct model *model, uint32_t limit);

/* A load or store, in the time of the CPU. */
void model_access(struct model *model, uint32_t cpu, uint32_t page, bool store);

/* Node @node has written to these pages before. */
void model_own(struct model *model, uint32_t node, uint32_t first, uint32_t count);

/* All CPUs run for a period. */
void model_run(struct model *model);

/* What was counted since the last call. */
void model_snapshot(struct model *model, struct model_snapshot *to);

void model_apply(struct model *model, const struct planner_decision *decision);

#endif /* MODEL_H */
