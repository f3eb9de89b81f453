// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's memory as a map.
 *
 * The home of a page knows its owner. So each node gives the part whose home it is, and
 * the parts are added up.
 */
#include "heat.h"

#include <linux/netlink.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/ssi_dsm.h>

#include "../../lib/genl.h"
#include "../../lib/member.h"
#include "../../lib/number.h"
#include "dsm_view.h"
#include "plan.h"
#include "remote.h"

#define CELLS		1024
#define CELLS_MAX	4096
#define BLOCK		(UINT64_C(2) << 20)

/**
 * struct heat - the map, or a part of it
 * @cluster: whose memory
 * @node: the home whose blocks are taken
 * @size: of the guest's memory
 * @cell_size: of a cell, in bytes
 * @cells: number of cells
 * @moves: of each cell
 * @shared: of each cell
 * @owned: by node and cell
 */
struct heat {
	const char *cluster;
	unsigned int node;
	uint64_t size;
	uint64_t cell_size;
	size_t cells;
	uint64_t moves[CELLS_MAX];
	uint64_t shared[CELLS_MAX];
	uint64_t owned[SSI_DSM_MAX_NODES][CELLS_MAX];
};

/* ---- a part, from the module ---- */

static void take_block(struct nlattr *attr, struct heat *heat)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
	uint16_t owners[SSI_DSM_MAX_NODES];
	uint64_t cell;

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
	    !tb[SSI_DSM_A_BLOCK_INDEX] || !tb[SSI_DSM_A_BLOCK_MOVES] ||
	    !tb[SSI_DSM_A_BLOCK_SHARED] || !tb[SSI_DSM_A_BLOCK_OWNERS] ||
	    nla_len(tb[SSI_DSM_A_BLOCK_OWNERS]) != sizeof(owners))
		return;
	cell = nla_get_u64(tb[SSI_DSM_A_BLOCK_INDEX]) * BLOCK / heat->cell_size;
	if (cell >= heat->cells)
		return;
	heat->moves[cell] += nla_get_u32(tb[SSI_DSM_A_BLOCK_MOVES]);
	heat->shared[cell] += nla_get_u32(tb[SSI_DSM_A_BLOCK_SHARED]);
	memcpy(owners, nla_data(tb[SSI_DSM_A_BLOCK_OWNERS]), sizeof(owners));
	for (int n = 0; n < SSI_DSM_MAX_NODES; n++)
		heat->owned[n][cell] += owners[n];
}

static void take_blocks(const struct genl_reply *reply, void *arg)
{
	struct heat *heat = arg;
	struct nlattr *attr;
	int rem;

	if (strcmp(genl_string(reply, SSI_DSM_A_CLUSTER), heat->cluster) ||
	    genl_u32(reply, SSI_DSM_A_NODE_ID) != heat->node)
		return;
	nla_for_each_attr(attr, reply->attrs, reply->len, rem)
		if (nla_type(attr) == SSI_DSM_A_BLOCK)
			take_block(attr, heat);
}

static void add_local(struct heat *heat, unsigned int node)
{
	struct genl genl;

	heat->node = node;
	if (!genl_open(&genl))
		genl_dump(&genl, SSI_DSM_CMD_HEAT_GET, take_blocks, heat);
	genl_close(&genl);
}

/* ---- JSON ---- */

static json_t *list(const struct heat *heat, const uint64_t *cells)
{
	json_t *array = json_array();

	for (size_t i = 0; i < heat->cells; i++)
		json_array_append_new(array, json_integer(cells[i]));
	return array;
}

static bool owns_any(const struct heat *heat, int node)
{
	for (size_t i = 0; i < heat->cells; i++)
		if (heat->owned[node][i])
			return true;
	return false;
}

static json_t *make_view(const struct heat *heat)
{
	json_t *owned = json_array();

	for (int n = 0; n < SSI_DSM_MAX_NODES; n++)
		if (owns_any(heat, n))
			json_array_append_new(owned,
					      json_pack("{s:i, s:o}", "node", n, "pages",
							list(heat, heat->owned[n])));
	return json_pack("{s:I, s:I, s:o, s:o, s:o}", "size",
			 (json_int_t)heat->size, "cell_size",
			 (json_int_t)heat->cell_size, "moves",
			 list(heat, heat->moves), "shared",
			 list(heat, heat->shared), "owned", owned);
}

static uint64_t number_at(const json_t *array, size_t i)
{
	json_int_t value = json_integer_value(json_array_get(array, i));

	return value > 0 ? value : 0;
}

/* What another host says of its part. */
static void add_view(struct heat *heat, const json_t *view)
{
	json_t *one;
	size_t i, j;

	for (i = 0; i < heat->cells; i++) {
		heat->moves[i] += number_at(json_object_get(view, "moves"), i);
		heat->shared[i] += number_at(json_object_get(view, "shared"), i);
	}
	json_array_foreach(json_object_get(view, "owned"), j, one) {
		json_int_t node = member_number(one, "node");
		json_t *pages = json_object_get(one, "pages");

		if (node < 0 || node >= SSI_DSM_MAX_NODES)
			continue;
		for (i = 0; i < heat->cells; i++)
			heat->owned[node][i] += number_at(pages, i);
	}
}

/* ---- all parts ---- */

/* A question to another host, in a thread of its own. */
struct question {
	const json_t *node;
	size_t cells;
	json_t *view;
	struct failure failure;
	pthread_t thread;
};

static void *ask(void *arg)
{
	struct question *question = arg;
	char path[64];

	snprintf(path, sizeof(path), "/nodes/%u/heat?cells=%zu",
		 plan_node_id(question->node), question->cells);
	question->view = remote_call(question->node, "GET", path, NULL,
				     &question->failure);
	return NULL;
}

static int add_all(struct heat *heat, const json_t *plan, size_t cells,
		   struct failure *failure)
{
	struct question *questions = calloc(SSI_DSM_MAX_NODES, sizeof(*questions));
	json_t *node;
	size_t i, count = 0;
	int ret = 0;

	if (!questions)
		return rest_fail(failure, 500, "host", "The host has no memory for the map");
	json_array_foreach(json_object_get(plan, "nodes"), i, node) {
		if (plan_is_here(node)) {
			add_local(heat, plan_node_id(node));
			continue;
		}
		questions[count] = (struct question){ .node = node, .cells = cells };
		if (pthread_create(&questions[count].thread, NULL, ask,
				   &questions[count]))
			ret = rest_fail(failure, 500, "host", "The host gives no thread");
		else
			count++;
	}
	for (i = 0; i < count; i++) {
		pthread_join(questions[i].thread, NULL);
		if (!questions[i].view && !ret) {
			*failure = questions[i].failure;
			ret = -1;
		}
		add_view(heat, questions[i].view);
		json_decref(questions[i].view);
	}
	free(questions);
	return ret;
}

/* ---- a request ---- */

static int read_cells(const struct request *request, size_t *cells,
		      struct failure *failure)
{
	const char *text = request->query(request->of, "cells");
	uint64_t value = CELLS;

	if (text && (!number_parse(text, CELLS_MAX, &value) || !value))
		return rest_fail(failure, 400, "bad_cells", "The number of cells is not a number from 1 to %d",
				 CELLS_MAX);
	*cells = value;
	return 0;
}

/* Cells are whole blocks. */
static void measure(struct heat *heat, uint64_t size, size_t cells)
{
	uint64_t blocks = (size + BLOCK - 1) / BLOCK;

	heat->size = size;
	heat->cell_size = (blocks + cells - 1) / cells * BLOCK;
	heat->cells = (size + heat->cell_size - 1) / heat->cell_size;
}

static json_t *view_plan(const json_t *plan, size_t cells, int home,
			 struct failure *failure)
{
	struct heat *heat = calloc(1, sizeof(*heat));
	uint64_t size = dsm_view_size(plan);
	json_t *view = NULL;
	int ret = 0;

	if (!heat)
		rest_fail(failure, 500, "host", "The host has no memory for the map");
	else if (!size)
		rest_fail(failure, 409, "not_running", "The guest does not run on this host");
	if (heat && size) {
		heat->cluster = json_string_value(json_object_get(plan, "cluster"));
		measure(heat, size, cells);
		if (home >= 0)
			add_local(heat, home);
		else
			ret = add_all(heat, plan, cells, failure);
		view = ret ? NULL : make_view(heat);
	}
	free(heat);
	return view;
}

json_t *heat_view(const struct request *request, int home,
		  struct failure *failure)
{
	json_t *plan, *view = NULL;
	size_t cells = 0;

	if (read_cells(request, &cells, failure))
		return NULL;
	plan = plan_get();
	if (plan)
		view = view_plan(plan, cells, home, failure);
	else
		rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	json_decref(plan);
	return view;
}
