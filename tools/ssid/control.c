// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The running guest, by the control socket of ssi-vmm.
 */
#include "control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/http.h"
#include "guest.h"
#include "plan.h"
#include "remote.h"
#include "settings.h"

#define PATH_LEN	512
#define CALL_PATH_LEN	4096
#define LIMIT_S		5	/* ssi-vmm answers at once */

/* The first node of the plan that runs on this host; failing this, one of another host. */
static json_t *find_node(const json_t *plan, bool *is_here)
{
	json_t *node, *other = NULL;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node) {
		*is_here = plan_is_here(node);
		if (*is_here && guest_runs(plan_node_id(node)))
			return node;
		if (!*is_here && !other)
			other = node;
	}
	*is_here = false;
	return other;
}

/* Return: the answer's body, or NULL. */
static json_t *call_vmm(unsigned int id, const char *method, const char *path,
			struct failure *failure)
{
	const struct http_request request = {
		.method = method, .path = path, .host = "x", .limit_s = LIMIT_S,
	};
	struct http_answer answer = { 0 };
	char socket[PATH_LEN], why[HTTP_WHY_MAX];
	json_t *body = NULL, *error;

	snprintf(socket, sizeof(socket), "%s/%u.control", settings.state, id);
	if (http_unix(socket, &request, &answer, why)) {
		rest_fail(failure, 502, "vmm_silent", "ssi-vmm of node %u does not answer: %s",
			  id, why);
		return NULL;
	}
	body = json_loadb(answer.body, answer.len, 0, NULL);
	error = json_object_get(body, "error");
	free(answer.body);
	if (json_is_object(body) && !error)
		return body;
	rest_fail(failure, 409, "vmm_refused", "ssi-vmm of node %u: %s", id,
		  json_string_value(json_object_get(error, "message")) ?:
		  "its answer is not JSON");
	json_decref(body);
	return NULL;
}

static json_t *call_local(unsigned int id, const char *method, const char *what,
			  struct failure *failure)
{
	char path[CALL_PATH_LEN];
	json_t *body, *statistics;

	snprintf(path, sizeof(path), "/%s", what ? what : "state");
	body = call_vmm(id, method, path, failure);
	if (body && !what) {
		statistics = call_vmm(id, method, "/statistics", failure);
		if (statistics)
			json_object_set_new(body, "statistics", statistics);
	}
	return body;
}

/* @what: for ssi-vmm here; @path: for ssid of another host. */
static json_t *call_guest(const char *method, const char *what, const char *path,
			  bool further, struct failure *failure)
{
	json_t *plan = plan_get(), *node, *body = NULL;
	bool is_here;

	node = find_node(plan, &is_here);
	if (!plan)
		rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	else if (is_here)
		body = call_local(plan_node_id(node), method, what, failure);
	else if (node && further)
		body = remote_call(node, method, path, NULL, failure);
	else
		rest_fail(failure, 409, "not_running", "The guest does not run on this host");
	json_decref(plan);
	return body;
}

json_t *control_node(unsigned int id, struct failure *failure)
{
	if (guest_runs(id))
		return call_local(id, "GET", NULL, failure);
	rest_fail(failure, 409, "not_running", "Node %u does not run on this host",
		  id);
	return NULL;
}

int control_order(const char *order, bool further, struct failure *failure)
{
	json_t *body;
	char path[64];

	snprintf(path, sizeof(path), "/guest/%s", order);
	body = call_guest("POST", order, path, further, failure);
	json_decref(body);
	return body ? 0 : -1;
}

json_t *control_checkpoint(bool further, struct failure *failure)
{
	return call_guest("GET", "checkpoint", "/guest/checkpoint", further, failure);
}

json_t *control_call(unsigned int id, const char *method, const char *what,
		     struct failure *failure)
{
	if (guest_runs(id))
		return call_local(id, method, what, failure);
	rest_fail(failure, 409, "not_running", "Node %u does not run on this host",
		  id);
	return NULL;
}

json_t *control_move(uint64_t cpu, uint64_t node, bool further,
		     struct failure *failure)
{
	char what[64], path[64];

	snprintf(what, sizeof(what), "move/%" PRIu64 "/%" PRIu64, cpu, node);
	snprintf(path, sizeof(path), "/guest/cpus/%" PRIu64 "?node=%" PRIu64, cpu,
		 node);
	return call_guest("POST", what, path, further, failure);
}

json_t *control_view(bool further, struct failure *failure)
{
	return call_guest("GET", NULL, "/guest", further, failure);
}
