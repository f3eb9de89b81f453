// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a host of the cluster tells nodes to do, wherever they are.
 */
#include "orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/ssi_dsm.h>

#include "guest.h"
#include "nodes.h"
#include "plan.h"
#include "remote.h"

/* Tell another host; @file goes with it, or is NULL. */
static int tell(const json_t *node, const char *method, const char *path,
		const char *file, struct failure *failure)
{
	json_t *answer = remote_call(node, method, path, file, failure);

	json_decref(answer);
	return answer ? 0 : -1;
}

static const char *file_of(const json_t *plan)
{
	return json_string_value(json_object_get(plan, "file"));
}

int order_start(json_t *plan, const json_t *node, struct failure *failure)
{
	char path[64];

	if (plan_is_here(node))
		return nodes_start(plan, plan_node_id(node), failure);
	snprintf(path, sizeof(path), "/nodes?id=%u", plan_node_id(node));
	return tell(node, "POST", path, file_of(plan), failure);
}

int order_end(json_t *plan, const json_t *node, struct failure *failure)
{
	char path[64];

	(void)plan;
	if (plan_is_here(node))
		return nodes_end(plan_node_id(node), failure);
	snprintf(path, sizeof(path), "/nodes/%u", plan_node_id(node));
	return tell(node, "DELETE", path, NULL, failure);
}

int order_press(json_t *plan, const json_t *node, struct failure *failure)
{
	char path[64];

	(void)plan;
	if (plan_is_here(node))
		return guest_press(plan_node_id(node)) ? 0 :
		       rest_fail(failure, 409, "not_running", "Node %u does not run",
				 plan_node_id(node));
	snprintf(path, sizeof(path), "/nodes/%u/button", plan_node_id(node));
	return tell(node, "POST", path, NULL, failure);
}

int order_change(json_t *plan, const json_t *node, struct failure *failure)
{
	char path[64];

	if (plan_is_here(node))
		return nodes_change(plan, plan_node_id(node), failure);
	snprintf(path, sizeof(path), "/nodes/%u", plan_node_id(node));
	return tell(node, "PUT", path, file_of(plan), failure);
}

bool order_may_run(const struct failure *failure)
{
	return !strcmp(failure->code, "node_silent");
}

static void *run_order(void *arg)
{
	struct order *order = arg;

	order->ret = order->give(order->plan, order->node, &order->failure);
	return NULL;
}

struct order *orders_give(json_t *plan, uint32_t nodes, order_fn *give)
{
	struct order *orders = calloc(SSI_DSM_MAX_NODES, sizeof(*orders));
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node) {
		struct order *order = &orders[i];

		if (!orders || i >= SSI_DSM_MAX_NODES)
			break;
		if (!(nodes & UINT32_C(1) << i))
			continue;
		order->node = node;
		order->plan = plan;
		order->give = give;
		order->has_thread = !pthread_create(&order->thread, NULL,
						    run_order, order);
		if (!order->has_thread)
			run_order(order);
	}
	for (i = 0; orders && i < SSI_DSM_MAX_NODES; i++)
		if (orders[i].has_thread)
			pthread_join(orders[i].thread, NULL);
	return orders;
}
