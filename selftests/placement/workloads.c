// SPDX-License-Identifier: GPL-2.0-or-later
/* Workloads of the model whose best placement is known. */
#include "workloads.h"

#include <stddef.h>

#define HALF	(MODEL_PAGES / 2)	/* the first page of node 1 */

static uint32_t in_block(struct model *model, uint32_t block, uint32_t pages)
{
	return block * MODEL_BLOCK + model_random(model, pages);
}

/* Memory that only this CPU uses: a block of its node. */
static void use_own(struct model *model, uint32_t cpu)
{
	model_access(model, cpu, in_block(model, cpu < 4 ? cpu : 40 + cpu, MODEL_BLOCK),
		     model_random(model, 2));
}

/* ---- a process whose memory is on the other node ---- */

static void run_far(struct model *model, uint32_t cpu)
{
	model_access(model, cpu, HALF + model_random(model, 10 * MODEL_BLOCK),
		     model_random(model, 4) == 0);
}

/* The cache keeps a part of what it uses. */
static void begin_far(struct model *model)
{
	model_init(model, 2, 4, 1);
	model_own(model, 1, HALF, 10 * MODEL_BLOCK);
	model->cpus[0].run = run_far;
	model->cpus[2].run = model->cpus[3].run = use_own;
	model->cache[0] = 2 * MODEL_BLOCK;
}

static void begin_far_full(struct model *model)
{
	begin_far(model);
	model->room[0] = 0;
}

static void begin_far_cached(struct model *model)
{
	begin_far(model);
	model->cache[0] = MODEL_PAGES;
}

/* ---- two processes that share ---- */

static void run_share(struct model *model, uint32_t cpu)
{
	if (model_random(model, 2))
		use_own(model, cpu);
	else
		model_access(model, cpu, in_block(model, 20, 16), model_random(model, 2));
}

static void begin_share(struct model *model)
{
	model_init(model, 2, 4, 2);
	model->cpus[0].run = model->cpus[2].run = run_share;
}

/* Each node has as many CPUs as it has slots; CPUs 1 and 3 are idle. */
static void begin_share_full(struct model *model)
{
	begin_share(model);
	model->slots[0] = model->slots[1] = 2;
}

/* The same without an idle CPU: nothing can be done. */
static void begin_share_busy(struct model *model)
{
	begin_share_full(model);
	model->cpus[1].run = model->cpus[3].run = use_own;
}

/* ---- a database and its client ---- */

#define TABLES	8	/* block */
#define SOCKET	21	/* block */

static void run_server(struct model *model, uint32_t cpu)
{
	uint64_t step = model->cpus[cpu].step++;

	if (step % 10 == 0)
		model_access(model, cpu, in_block(model, SOCKET, 8), true);
	else if (step % 10 == 1)
		model_access(model, cpu, in_block(model, SOCKET, 8), false);
	else
		model_access(model, cpu, TABLES * MODEL_BLOCK +
			     model_random(model, 6 * MODEL_BLOCK),
			     model_random(model, 4) == 0);
}

static void run_client(struct model *model, uint32_t cpu)
{
	uint64_t step = model->cpus[cpu].step++;

	if (step % 3)
		model_access(model, cpu, in_block(model, SOCKET, 8), step % 3 == 1);
	else
		use_own(model, cpu);
}

static void begin_database(struct model *model)
{
	model_init(model, 2, 4, 3);
	model->cpus[0].run = model->cpus[1].run = run_server;
	model->cpus[2].run = run_client;
}

/* ---- a scan ---- */

static void run_scan(struct model *model, uint32_t cpu)
{
	uint64_t step = model->cpus[cpu].step++;

	/* a page is read ten times, and never again */
	if (step / 10 < HALF)
		model_access(model, cpu, HALF + step / 10, false);
	else
		use_own(model, cpu);
}

static void begin_scan(struct model *model)
{
	model_init(model, 2, 4, 4);
	model_own(model, 1, HALF, HALF);
	model->cpus[0].run = run_scan;
}

/* ---- false sharing ---- */

static void run_false(struct model *model, uint32_t cpu)
{
	if (model_random(model, 50) == 0)
		model_access(model, cpu, 22 * MODEL_BLOCK, true);
	else
		use_own(model, cpu);
}

static void begin_false(struct model *model)
{
	model_init(model, 2, 8, 5);
	for (int c = 0; c < 8; c++)
		model->cpus[c].run = run_false;
}

/* ---- what the counters cannot show before a move ---- */

/*
 * CPUs 0 and 1 share much, which no fault shows since they are on one node. CPU 0 and 2
 * share less: a move of CPU 0 looks right and is wrong, one of CPU 2 is right. CPU 2 has
 * less work of its own for each fault.
 */
static void run_pair(struct model *model, uint32_t cpu)
{
	if (cpu == 0 && model_random(model, 8) == 0)
		model_access(model, cpu, in_block(model, 23, 8), true);
	else
		model_access(model, cpu, in_block(model, 5, 32), true);
}

static void run_third(struct model *model, uint32_t cpu)
{
	if (model_random(model, 8) == 0)
		model_access(model, cpu, in_block(model, 23, 8), true);
	else
		use_own(model, cpu);
}

/* CPU 2 cannot move: node 0 has no place. */
static void begin_hidden(struct model *model)
{
	model_init(model, 2, 4, 6);
	model->cpus[0].run = model->cpus[1].run = run_pair;
	model->cpus[2].run = run_third;
	model->slots[0] = 2;
	model->slots[1] = 4;
}

/* ---- all of them ---- */

const struct workload workloads[] = {
	{ "a process whose memory is on the other node", begin_far, 5, 0, true,
	  PLANNER_MOVE_HOME },
	{ "the same, and its node has no room for it", begin_far_full, 5, 1, false,
	  PLANNER_MOVE_CPU },
	{ "the same, and its node can cache all of it", begin_far_cached, 5, 0, false,
	  PLANNER_NOTHING },
	{ "two processes that share", begin_share, 5, 5, false, PLANNER_MOVE_CPU },
	{ "two processes that share, an idle CPU in the way", begin_share_full, 5, 0xf,
	  false, PLANNER_MOVE_CPU },
	{ "two processes that share, and no place to move to", begin_share_busy, 100, 0,
	  false, PLANNER_NOTHING },
	{ "a database and its client", begin_database, 5, 4, false, PLANNER_MOVE_CPU },
	{ "a scan", begin_scan, 5, 0, false, PLANNER_NOTHING },
	{ "false sharing of all CPUs", begin_false, 100, 0, false, PLANNER_NOTHING },
	{ "a move that is wrong for a reason that nothing counts", begin_hidden, 100, 1,
	  false, PLANNER_MOVE_CPU },
	{ }
};

/* ---- a mix ---- */

/* CPU c uses its own block, the block of its pair, and one that all CPUs use. */
static void run_mix(struct model *model, uint32_t cpu)
{
	uint32_t what = model_random(model, 100);

	if (what < 3)
		model_access(model, cpu, in_block(model, 30, 64), what == 0);
	else if (what < model->cpus[cpu].step)
		model_access(model, cpu, in_block(model, 10 + cpu % 4, 24),
			     model_random(model, 2));
	else
		use_own(model, cpu);
}

void workloads_mix(struct model *model)
{
	uint64_t seed = model->random;

	model_init(model, 2 + model_random(model, MODEL_NODES - 1), MODEL_CPUS, seed);
	for (uint32_t c = 0; c < MODEL_CPUS; c++) {
		model->cpus[c].run = model_random(model, 5) ? run_mix : NULL;
		model->cpus[c].step = 3 + model_random(model, 40);
	}
	for (uint32_t n = 0; n < model->num_nodes; n++) {
		model->slots[n] = MODEL_CPUS / model->num_nodes + model_random(model, 4);
		model->cache[n] = model_random(model, 2) ? MODEL_PAGES : 128;
	}
}
