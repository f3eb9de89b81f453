// SPDX-License-Identifier: GPL-2.0-or-later
/* A model of a guest's memory on several nodes. */
#include "model.h"

#include <string.h>

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) */
uint32_t model_random(struct model *model, uint32_t limit)
{
	uint64_t z = model->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) % limit;
}

void model_init(struct model *model, uint32_t nodes, uint32_t cpus, uint64_t seed)
{
	memset(model, 0, sizeof(*model));
	model->num_nodes = nodes;
	model->num_cpus = cpus;
	model->random = seed;
	for (uint32_t b = 0; b < MODEL_BLOCKS; b++)
		model->home[b] = b * nodes / MODEL_BLOCKS;
	for (uint32_t n = 0; n < nodes; n++) {
		model->slots[n] = cpus;
		model->cache[n] = MODEL_PAGES;
		model->room[n] = MODEL_BLOCKS;
	}
	for (uint32_t c = 0; c < cpus; c++)
		model->cpus[c].node = c * nodes / cpus;
}

/* ---- who has a page ---- */

static bool is_cached(const struct model *model, uint32_t page, uint32_t node)
{
	return model->pages[page].copies >> node & 1 &&
	       model->home[page / MODEL_BLOCK] != node;
}

static void set_copies(struct model *model, uint32_t page, uint8_t copies)
{
	uint32_t home = model->home[page / MODEL_BLOCK];

	for (uint32_t n = 0; n < model->num_nodes; n++) {
		model->cached[n] -= is_cached(model, page, n);
		model->cached[n] += copies >> n & 1 && home != n;
	}
	model->pages[page].copies = copies;
}

/* The clock hand finds a page that @node does not need; its home gets what it owned. */
static void evict_one(struct model *model, uint32_t node, uint32_t keep)
{
	uint32_t page;

	do
		model->hand = (model->hand + 1) % MODEL_PAGES;
	while (!is_cached(model, model->hand, node) || model->hand == keep);
	page = model->hand;
	if (model->pages[page].owner == node) {
		model->pages[page].owner = model->home[page / MODEL_BLOCK];
		set_copies(model, page, 1u << model->pages[page].owner);
		model->pages[page].exclusive = true;
	} else {
		set_copies(model, page, model->pages[page].copies & ~(1u << node));
	}
}

static void touch_first(struct model *model, uint32_t node, uint32_t page)
{
	struct model_page *of = &model->pages[page];

	of->touched = true;
	of->owner = node;
	of->exclusive = true;
	set_copies(model, page, 1u << node);
}

void model_own(struct model *model, uint32_t node, uint32_t first, uint32_t count)
{
	for (uint32_t page = first; page < first + count; page++)
		touch_first(model, node, page);
}

/* ---- an access ---- */

static bool hits(const struct model_page *page, uint32_t node, bool store)
{
	return page->copies >> node & 1 && (!store || page->exclusive);
}

static void count_fault(struct model *model, uint32_t cpu, uint32_t page, bool store)
{
	struct model_cpu *of = &model->cpus[cpu];
	const struct model_page *what = &model->pages[page];
	uint32_t *counts = store ? model->writes[cpu] : model->reads[cpu];

	counts[page / MODEL_BLOCK]++;
	of->missed++;
	of->wait_us += MODEL_FAULT_US;
	of->at += MODEL_FAULT_US;
	for (uint32_t n = 0; n < model->num_nodes; n++)
		if (n != of->node && (store ? what->copies >> n & 1 : what->owner == n))
			of->served[n]++;
}

static void fetch(struct model *model, uint32_t node, uint32_t page, bool store)
{
	struct model_page *of = &model->pages[page];

	if (store) {
		of->owner = node;
		of->exclusive = true;
		set_copies(model, page, 1u << node);
	} else {
		of->exclusive = false;
		set_copies(model, page, of->copies | 1u << node);
	}
}

void model_access(struct model *model, uint32_t cpu, uint32_t page, bool store)
{
	struct model_cpu *of = &model->cpus[cpu];

	of->done++;
	of->busy_us += MODEL_ACCESS_US;
	of->at += MODEL_ACCESS_US;
	if (!model->pages[page].touched) {
		touch_first(model, of->node, page);
	} else if (!hits(&model->pages[page], of->node, store)) {
		count_fault(model, cpu, page, store);
		fetch(model, of->node, page, store);
	}
	while (model->cached[of->node] > model->cache[of->node])
		evict_one(model, of->node, page);
}

void model_run(struct model *model)
{
	for (uint32_t c = 0; c < model->num_cpus; c++)
		if (!model->cpus[c].run)
			model->cpus[c].at = MODEL_PERIOD_US;
	for (;;) {
		uint32_t next = 0;

		for (uint32_t c = 1; c < model->num_cpus; c++)
			if (model->cpus[c].at < model->cpus[next].at)
				next = c;
		if (model->cpus[next].at >= MODEL_PERIOD_US)
			break;
		model->cpus[next].run(model, next);
	}
	for (uint32_t c = 0; c < model->num_cpus; c++)
		model->cpus[c].at -= MODEL_PERIOD_US;
}

/* ---- the planner's side ---- */

static void take_node(const struct model *model, uint32_t n, struct planner_node *node)
{
	double wait = 0, busy = 0;

	for (uint32_t c = 0; c < model->num_cpus; c++)
		if (model->cpus[c].node == n) {
			wait += model->cpus[c].wait_us;
			busy += model->cpus[c].busy_us;
		}
	*node = (struct planner_node){
		.id = n, .slots = model->slots[n], .room = model->room[n],
		.wait = wait + busy > 0 ? wait / (wait + busy) : 0,
		.fault_us = MODEL_FAULT_US, .hold_us = model->hold_us[n],
	};
}

static void take_cpu(struct model *model, uint32_t c, struct model_snapshot *to)
{
	struct model_cpu *of = &model->cpus[c];

	to->cpus[c] = (struct planner_cpu){
		.id = c, .node = of->node, .busy = of->busy_us / MODEL_PERIOD_US,
	};
	for (uint32_t n = 0; n < model->num_nodes; n++)
		to->cpus[c].served[n] = of->served[n];
	for (uint32_t b = 0; b < MODEL_BLOCKS; b++)
		if (model->reads[c][b] || model->writes[c][b])
			to->touches[to->snapshot.num_touches++] = (struct planner_touch){
				.block = b, .home = model->home[b], .node = of->node,
				.cpu = c, .reads = model->reads[c][b],
				.writes = model->writes[c][b],
			};
}

void model_snapshot(struct model *model, struct model_snapshot *to)
{
	to->snapshot = (struct planner_snapshot){
		.seconds = MODEL_PERIOD_US / 1e6,
		.nodes = to->nodes, .num_nodes = model->num_nodes,
		.cpus = to->cpus, .num_cpus = model->num_cpus,
		.touches = to->touches,
	};
	for (uint32_t n = 0; n < model->num_nodes; n++)
		take_node(model, n, &to->nodes[n]);
	for (uint32_t c = 0; c < model->num_cpus; c++) {
		take_cpu(model, c, to);
		memset(model->cpus[c].served, 0, sizeof(model->cpus[c].served));
		model->cpus[c].busy_us = model->cpus[c].wait_us = 0;
	}
	memset(model->reads, 0, sizeof(model->reads));
	memset(model->writes, 0, sizeof(model->writes));
}

static void move_home(struct model *model, uint32_t block, uint32_t to)
{
	uint32_t first = block * MODEL_BLOCK;

	for (uint32_t p = first; p < first + MODEL_BLOCK; p++)
		for (uint32_t n = 0; n < model->num_nodes; n++)
			model->cached[n] -= is_cached(model, p, n);
	model->room[model->home[block]]++;
	model->room[to]--;
	model->home[block] = to;
	for (uint32_t p = first; p < first + MODEL_BLOCK; p++)
		for (uint32_t n = 0; n < model->num_nodes; n++)
			model->cached[n] += is_cached(model, p, n);
	model->moved_homes++;
}

void model_apply(struct model *model, const struct planner_decision *decision)
{
	if (model->off)
		return;
	if (decision->kind == PLANNER_MOVE_HOME) {
		move_home(model, decision->object, decision->to);
	} else if (decision->kind == PLANNER_MOVE_CPU) {
		model->cpus[decision->object].node = decision->to;
		model->cpus[decision->object].at += MODEL_MOVE_US;
		model->moved_cpus++;
	} else if (decision->kind == PLANNER_HOLD) {
		model->hold_us[decision->object] = decision->to;
	}
}
