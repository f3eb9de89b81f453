// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How each node of the cluster does, wherever it is.
 */
#include "views.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/ssi_dsm.h>

#include "node_view.h"
#include "nodes.h"
#include "plan.h"
#include "remote.h"
#include "rest.h"

/* Is this of this cluster? */
static bool is_ours(const json_t *view, const json_t *plan, const json_t *node,
		    struct failure *failure)
{
	json_t *cluster = json_object_get(view, "cluster");

	/* A host of no cluster names none. */
	if (!cluster || json_equal(cluster, json_object_get(plan, "cluster")))
		return true;
	rest_fail(failure, 409, "cluster_exists", "The host of node %u is part of another cluster, %s",
		  plan_node_id(node), json_string_value(cluster) ?: "?");
	return false;
}

/* How much later it is there; it was asked some time between both ends of the span. */
static void add_skew(json_t *view, const struct remote_span *span)
{
	double there = json_number_value(json_object_get(view, "time"));
	double middle = (span->sent + span->came) / 2;

	json_object_del(view, "time");
	if (there > 0)
		json_object_set_new(view, "skew",
				    json_pack("{s:f, s:f}", "seconds",
					      there - middle, "error",
					      (span->came - span->sent) / 2));
}

static json_t *ask_node(const json_t *node, struct remote_span *span,
			struct failure *failure)
{
	char path[64];
	json_t *answer, *view;

	snprintf(path, sizeof(path), "/nodes/%u", plan_node_id(node));
	answer = remote_get(node, path, span, failure);
	view = node_view_clean(answer, plan_node_id(node));
	if (answer && !view)
		rest_fail(failure, 502, "node_refused", "The answer of node %u has no state",
			  plan_node_id(node));
	json_decref(answer);
	return view;
}

static json_t *view_node(const json_t *plan, const json_t *node)
{
	struct remote_span span;
	struct failure failure;
	json_t *view;

	if (plan_is_here(node))
		return nodes_view(plan, plan_node_id(node));
	view = ask_node(node, &span, &failure);
	if (view && is_ours(view, plan, node, &failure)) {
		add_skew(view, &span);
		return view;
	}
	json_decref(view);
	return json_pack("{s:i, s:s, s:s, s:[]}", "id", (int)plan_node_id(node),
			 "state", "unknown", "reason", failure.why, "links");
}

/* A question to a host, in a thread of its own: one that is gone delays no other. */
struct look {
	const json_t *plan;
	const json_t *node;
	json_t *view;
	pthread_t thread;
	bool has_thread;
};

static void *look_at_node(void *arg)
{
	struct look *look = arg;

	look->view = view_node(look->plan, look->node);
	return NULL;
}

static void begin_look(struct look *look, const json_t *plan, const json_t *node)
{
	*look = (struct look){ .plan = plan, .node = node };
	look->has_thread = !plan_is_here(node) &&
			   !pthread_create(&look->thread, NULL, look_at_node,
					   look);
	if (!look->has_thread)
		look_at_node(look);
}

json_t *views_of(const json_t *plan)
{
	struct look looks[SSI_DSM_MAX_NODES];
	json_t *views = json_array(), *node, *value;
	size_t i, count = 0;

	json_array_foreach(json_object_get(plan, "nodes"), i, node)
		if (count < SSI_DSM_MAX_NODES)
			begin_look(&looks[count++], plan, node);
	for (i = 0; i < count; i++) {
		static const char *const keys[] = { "address", "cpus", "memory" };

		if (looks[i].has_thread)
			pthread_join(looks[i].thread, NULL);
		for (size_t k = 0; k < 3; k++) {
			value = json_object_get(looks[i].node, keys[k]);
			if (value)
				json_object_set(looks[i].view, keys[k], value);
		}
		json_array_append_new(views, looks[i].view);
	}
	return views;
}
