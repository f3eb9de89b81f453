// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nodes of the cluster that are on this host.
 */
#include "nodes.h"

#include <pthread.h>
#include <string.h>

#include "change.h"
#include "dsm_view.h"
#include "guest.h"
#include "host.h"
#include "plan.h"

/* One start or end at a time: the last node that ends cleans the host. */
static pthread_mutex_t nodes_mutex = PTHREAD_MUTEX_INITIALIZER;

static bool all_up(const json_t *links, size_t count)
{
	json_t *link;
	size_t i;

	json_array_foreach(links, i, link)
		if (strcmp(json_string_value(json_object_get(link, "state")), "up"))
			return false;
	return json_array_size(links) == count;
}

static bool is_ready(const json_t *region)
{
	const char *state = json_string_value(json_object_get(region, "state"));

	return state && !strcmp(state, "ready");
}

/* A link that fails later is judged with the health; the node runs on. */
static const char *running_state(const json_t *plan, unsigned int id,
				 const json_t *links, const json_t *region)
{
	size_t others = json_array_size(json_object_get(plan, "nodes")) - 1;

	if (guest_was_up(id))
		return is_ready(region) ? "running" : "ending";
	if (!all_up(links, others) || !is_ready(region))
		return "starting";
	guest_is_up(id);
	return "running";
}

static void view_running(const json_t *plan, unsigned int id, json_t *view)
{
	const char *cluster =
		json_string_value(json_object_get(plan, "cluster"));
	json_t *links = dsm_view_links(cluster, id);
	json_t *region = dsm_view_region(cluster, id);

	json_object_set_new(view, "state",
			    json_string(running_state(plan, id, links, region)));
	json_object_set_new(view, "links", links);
	if (region)
		json_object_set_new(view, "region", region);
}

static void view_ended(unsigned int id, json_t *view)
{
	json_t *ended = guest_exit(id);

	json_object_set_new(view, "state",
			    json_string(ended ? "ended" : "none"));
	json_object_set_new(view, "links", json_array());
	if (ended)
		json_object_set_new(view, "exit", ended);
}

json_t *nodes_view(const json_t *plan, unsigned int id)
{
	json_t *view = json_pack("{s:i, s:O}", "id", (int)id, "cluster",
				 json_object_get(plan, "cluster"));

	if (guest_runs(id))
		view_running(plan, id, view);
	else
		view_ended(id, view);
	return view;
}

bool nodes_any_runs(const json_t *plan)
{
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node)
		if (plan_is_here(node) && guest_runs(plan_node_id(node)))
			return true;
	return false;
}

static bool is_same_file(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, "file"), json_object_get(b, "file"));
}

/* What ended nodes of an earlier cluster have left would be taken for this one's. */
static void forget_ended(const json_t *plan)
{
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node)
		if (plan_is_here(node) && !guest_runs(plan_node_id(node)))
			guest_forget(plan_node_id(node));
}

static int take_plan(json_t *plan, struct failure *failure)
{
	json_t *old = plan_get();
	bool same = old && is_same_file(old, plan);
	int ret = 0;

	if (old && !same && nodes_any_runs(old))
		ret = rest_fail(failure, 409, "cluster_exists", "This host runs the cluster %s with another file; end it first with ssictl down",
				json_string_value(json_object_get(old, "cluster")));
	else if (old && !same)
		forget_ended(old);
	json_decref(old);
	return ret ? ret : plan_keep(plan, failure);
}

/* Clean the host, unless a node runs, or it must be known how one has ended. */
static void clean_if_last(void)
{
	json_t *plan = plan_get(), *exit, *node;
	bool last = true;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node) {
		exit = guest_exit(plan_node_id(node));
		last = last && !exit && !guest_runs(plan_node_id(node));
		json_decref(exit);
	}
	json_decref(plan);
	if (!last)
		return;
	host_clean();
	plan_forget();
}

static int start(json_t *plan, unsigned int id, struct failure *failure)
{
	json_t *node = plan_node(plan, id);

	if (!node)
		return rest_fail(failure, 404, "no_node", "The cluster has no node %u",
				 id);
	if (!plan_is_here(node))
		return rest_fail(failure, 409, "wrong_host", "This host does not have the address of node %u, %s",
				 id, json_string_value(json_object_get(node, "address")));
	if (guest_runs(id))
		return rest_fail(failure, 409, "runs_already", "Node %u runs already",
				 id);
	if (take_plan(plan, failure))
		return -1;
	if (!host_prepare(plan, node, failure) && !guest_start(id, failure))
		return 0;
	clean_if_last();
	return -1;
}

int nodes_start(json_t *plan, unsigned int id, struct failure *failure)
{
	int ret;

	pthread_mutex_lock(&nodes_mutex);
	ret = start(plan, id, failure);
	pthread_mutex_unlock(&nodes_mutex);
	return ret;
}

int nodes_end(unsigned int id, struct failure *failure)
{
	int ret = 0;

	guest_end(id);
	pthread_mutex_lock(&nodes_mutex);
	if (guest_runs(id))
		ret = rest_fail(failure, 500, "not_ended", "ssi-vmm of node %u does not end",
				id);
	else
		guest_forget(id);
	clean_if_last();
	pthread_mutex_unlock(&nodes_mutex);
	return ret;
}

int nodes_change(json_t *plan, unsigned int id, struct failure *failure)
{
	int ret;

	pthread_mutex_lock(&nodes_mutex);
	ret = change_node(plan, id, failure);
	pthread_mutex_unlock(&nodes_mutex);
	return ret;
}
