// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which function answers which request.
 */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/ssi_dsm.h>

#include "../../lib/number.h"
#include "caller.h"
#include "checkpoint.h"
#include "cluster.h"
#include "control.h"
#include "events.h"
#include "guest.h"
#include "guest_routes.h"
#include "heat.h"
#include "history.h"
#include "metrics.h"
#include "nodes.h"
#include "openapi.h"
#include "pages.h"
#include "placement.h"
#include "plan.h"
#include "remote.h"
#include "say.h"
#include "tls.h"
#include "touches.h"
#include "web.h"

/* Who may ask; POST /nodes checks the names that its file has. */
enum whose {
	WHOSE_ADMIN,	/* an administrator */
	WHOSE_NODES,	/* also the hosts of the other nodes of this host's cluster */
	WHOSE_ANY,	/* also each certificate, while this host is part of no cluster */
};

/**
 * struct route - one method of one path
 * @method: for example "GET"
 * @path: "/nodes/#" has the id of a node, "/pages/@" an address
 * @whose: who may ask it
 * @run: answers; or fills @failure and returns -1. It gets the number of the path
 */
struct route {
	const char *method;
	const char *path;
	enum whose whose;
	int (*run)(const struct request *request, uint64_t number,
		   struct answer *answer, struct failure *failure);
};

/* ---- the cluster ---- */

static int get_cluster(const struct request *request, uint64_t number,
		       struct answer *answer, struct failure *failure)
{
	(void)request;
	(void)number;
	(void)failure;
	rest_answer(answer, 200, cluster_view());
	return 0;
}

static int post_cluster(const struct request *request, uint64_t number,
			struct answer *answer, struct failure *failure)
{
	json_t *plan = plan_read(request->body, request->len, failure);
	int ret = plan ? cluster_up(plan, failure) : -1;

	(void)number;
	if (!ret)
		rest_answer(answer, 202, json_pack("{s:O}", "cluster",
						   json_object_get(plan, "cluster")));
	json_decref(plan);
	return ret;
}

static int delete_cluster(const struct request *request, uint64_t number,
			  struct answer *answer, struct failure *failure)
{
	(void)number;
	if (cluster_down(rest_flag(request, "now"), failure))
		return -1;
	rest_answer(answer, 202, json_object());
	return 0;
}

static int get_file(const struct request *request, uint64_t number,
		    struct answer *answer, struct failure *failure)
{
	json_t *plan = plan_get();
	const char *file = json_string_value(json_object_get(plan, "file"));

	(void)request;
	(void)number;
	if (file)
		rest_answer_text(answer, "application/yaml", strdup(file));
	else
		rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	json_decref(plan);
	return file ? 0 : -1;
}

static int get_health(const struct request *request, uint64_t number,
		      struct answer *answer, struct failure *failure)
{
	json_t *view = cluster_view();
	const char *health = json_string_value(json_object_get(view, "health"));

	(void)request;
	(void)number;
	(void)failure;
	rest_answer(answer, strcmp(health, "ok") ? 503 : 200,
		    json_pack("{s:s, s:O}", "health", health, "problems",
			      json_object_get(view, "problems")));
	json_decref(view);
	return 0;
}

static int post_button(const struct request *request, uint64_t number,
		       struct answer *answer, struct failure *failure)
{
	(void)request;
	(void)number;
	if (cluster_press(failure))
		return -1;
	rest_answer(answer, 202, json_object());
	return 0;
}

static int get_guest(const struct request *request, uint64_t number,
		     struct answer *answer, struct failure *failure)
{
	json_t *view = control_view(caller_is_admin(request->caller), failure);

	(void)number;
	if (!view)
		return -1;
	rest_answer(answer, 200, view);
	return 0;
}

/* The last part of the path is the order. */
static int post_order(const struct request *request, uint64_t number,
		      struct answer *answer, struct failure *failure)
{
	(void)number;
	if (control_order(strrchr(request->path, '/') + 1,
			  caller_is_admin(request->caller), failure))
		return -1;
	rest_answer(answer, 202, json_object());
	return 0;
}

/* ---- nodes ---- */

static int get_nodes(const struct request *request, uint64_t number,
		     struct answer *answer, struct failure *failure)
{
	json_t *view = cluster_view();

	(void)request;
	(void)number;
	(void)failure;
	rest_answer(answer, 200, json_pack("{s:O}", "nodes",
					   json_object_get(view, "nodes")));
	json_decref(view);
	return 0;
}

/* A host with another node's certificate would be taken for that node. */
static int check_names(const struct request *request, const json_t *plan,
		       unsigned int id, struct failure *failure)
{
	const char *name =
		json_string_value(json_object_get(plan_node(plan, id), "name"));

	if (!caller_may(request->caller, plan))
		return rest_fail(failure, 403, "name_not_allowed", "The certificate has neither the name of a node of this cluster nor that of an administrator");
	if (!request->caller->local && (!name || !tls_is_our_name(name)))
		return rest_fail(failure, 409, "wrong_host", "The certificate of this host does not have the name of node %u, %s",
				 id, name ? name : "which has none in the file");
	return 0;
}

static int post_nodes(const struct request *request, uint64_t number,
		      struct answer *answer, struct failure *failure)
{
	const char *text = request->query(request->of, "id");
	json_t *plan;
	uint64_t id;
	int ret;

	(void)number;
	if (!text || !number_parse(text, 31, &id))
		return rest_fail(failure, 400, "bad_id", "The id of the node is missing, or is not a number from 0 to 31");
	plan = plan_read(request->body, request->len, failure);
	if (!plan)
		return -1;
	ret = check_names(request, plan, id, failure) ||
	      nodes_start(plan, id, failure) ? -1 : 0;
	if (!ret)
		rest_answer(answer, 201, nodes_view(plan, id));
	json_decref(plan);
	return ret;
}

static int put_node(const struct request *request, uint64_t number,
		    struct answer *answer, struct failure *failure)
{
	json_t *plan = plan_read(request->body, request->len, failure);
	int ret;

	if (!plan)
		return -1;
	ret = check_names(request, plan, number, failure) ||
	      nodes_change(plan, number, failure) ? -1 : 0;
	if (!ret)
		rest_answer(answer, 200, nodes_view(plan, number));
	json_decref(plan);
	return ret;
}

static int get_node(const struct request *request, uint64_t number,
		    struct answer *answer, struct failure *failure)
{
	json_t *plan = plan_get();
	const json_t *node = plan_node(plan, number);
	struct timespec now;
	json_t *view;

	(void)request;
	(void)failure;
	/* To the other hosts, a host without the cluster says this, too. */
	if (node && plan_is_here(node))
		view = nodes_view(plan, number);
	else
		view = json_pack("{s:I, s:s, s:[]}", "id", (json_int_t)number,
				 "state", "none", "links");
	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(view, "time", json_real((double)now.tv_sec +
						    (double)now.tv_nsec / 1e9));
	rest_answer(answer, 200, view);
	json_decref(plan);
	return 0;
}

static int delete_node(const struct request *request, uint64_t number,
		       struct answer *answer, struct failure *failure)
{
	(void)request;
	if (nodes_end(number, failure))
		return -1;
	rest_answer(answer, 200, json_object());
	return 0;
}

static int press_node(const struct request *request, uint64_t number,
		      struct answer *answer, struct failure *failure)
{
	(void)request;
	if (!guest_press(number))
		return rest_fail(failure, 409, "not_running", "Node %llu does not run on this host",
				 (unsigned long long)number);
	rest_answer(answer, 202, json_object());
	return 0;
}

static int get_output(uint64_t number, bool console, struct answer *answer,
		      struct failure *failure)
{
	char *text = guest_output(number, console);

	if (!text && guest_runs(number))
		text = strdup("");
	if (!text)
		return rest_fail(failure, 404, "no_output", "Node %llu has said nothing here",
				 (unsigned long long)number);
	rest_answer_text(answer, "text/plain; charset=utf-8", text);
	return 0;
}

static int get_log(const struct request *request, uint64_t number,
		   struct answer *answer, struct failure *failure)
{
	(void)request;
	return get_output(number, false, answer, failure);
}

static int get_console(const struct request *request, uint64_t number,
		       struct answer *answer, struct failure *failure)
{
	(void)request;
	return get_output(number, true, answer, failure);
}

static int get_page(const struct request *request, uint64_t number,
		    struct answer *answer, struct failure *failure)
{
	json_t *view = pages_view(number, caller_is_admin(request->caller),
				  failure);

	if (!view)
		return -1;
	rest_answer(answer, 200, view);
	return 0;
}

static int get_heat(const struct request *request, uint64_t number,
		    struct answer *answer, struct failure *failure)
{
	json_t *view = heat_view(request, -1, failure);

	(void)number;
	if (!view)
		return -1;
	rest_answer(answer, 200, view);
	return 0;
}

static int get_node_heat(const struct request *request, uint64_t number,
			 struct answer *answer, struct failure *failure)
{
	json_t *plan = plan_get(), *node = plan_node(plan, number), *view = NULL;

	if (node && !plan_is_here(node))
		rest_fail(failure, 409, "wrong_host", "Node %u is on another host",
			  (unsigned int)number);
	else
		view = heat_view(request, number, failure);
	json_decref(plan);
	if (!view)
		return -1;
	rest_answer(answer, 200, view);
	return 0;
}

static int get_touches(const struct request *request, uint64_t number,
		       struct answer *answer, struct failure *failure)
{
	json_t *view = touches_view(number, failure);

	(void)request;
	if (!view)
		return -1;
	rest_answer(answer, 200, view);
	return 0;
}

static int post_hold(const struct request *request, uint64_t number,
		     struct answer *answer, struct failure *failure)
{
	const char *text = request->query(request->of, "us");
	uint64_t us;

	if (!text || !number_parse(text, UINT32_MAX, &us))
		return rest_fail(failure, 400, "bad_number", "\"us\" is not a number of microseconds");
	if (placement_hold(number, us, failure))
		return -1;
	rest_answer(answer, 200, json_object());
	return 0;
}

static int get_placement(const struct request *request, uint64_t number,
			 struct answer *answer, struct failure *failure)
{
	json_t *view = placement_view(caller_is_admin(request->caller), failure);

	(void)number;
	if (!view)
		return -1;
	rest_answer(answer, 200, view);
	return 0;
}

static int post_placement(const struct request *request, uint64_t number,
			  struct answer *answer, struct failure *failure)
{
	const char *mode = request->query(request->of, "mode");

	(void)number;
	if (placement_set(mode ? mode : "", caller_is_admin(request->caller), failure))
		return -1;
	rest_answer(answer, 200, json_object());
	return 0;
}

static int get_metrics(const struct request *request, uint64_t number,
		       struct answer *answer, struct failure *failure)
{
	char *text = metrics_text();

	(void)request;
	(void)number;
	if (!text)
		return rest_fail(failure, 500, "host", "The host has no memory for the metrics");
	rest_answer_text(answer, METRICS_TYPE, text);
	return 0;
}

static int get_events(const struct request *request, uint64_t number,
		      struct answer *answer, struct failure *failure)
{
	(void)number;
	return events_follow(request, answer, failure);
}

static int get_history(const struct request *request, uint64_t number,
		       struct answer *answer, struct failure *failure)
{
	json_t *plan = plan_get(), *node = plan_node(plan, number), *view = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/nodes/%u/history", (unsigned int)number);
	if (!node || plan_is_here(node))
		view = history_view(number);
	else if (caller_is_admin(request->caller))
		view = remote_call(node, "GET", path, NULL, failure);
	else
		rest_fail(failure, 409, "wrong_host", "Node %u is on another host",
			  (unsigned int)number);
	json_decref(plan);
	if (!view)
		return -1;
	rest_answer(answer, 200, view);
	return 0;
}

static int get_web(const struct request *request, uint64_t number,
		   struct answer *answer, struct failure *failure)
{
	(void)number;
	(void)failure;
	web_answer(request->path, answer);
	return 0;
}

static int get_openapi(const struct request *request, uint64_t number,
		       struct answer *answer, struct failure *failure)
{
	(void)request;
	(void)number;
	(void)failure;
	rest_answer_text(answer, "application/json", strdup(openapi_text()));
	return 0;
}

/* ---- all ---- */

static const struct route routes[] = {
	{ "GET", "/cluster", WHOSE_ANY, get_cluster },
	{ "POST", "/cluster", WHOSE_ADMIN, post_cluster },
	{ "DELETE", "/cluster", WHOSE_ADMIN, delete_cluster },
	{ "GET", "/cluster/file", WHOSE_ADMIN, get_file },
	{ "GET", "/health", WHOSE_ANY, get_health },
	{ "POST", "/guest/button", WHOSE_ADMIN, post_button },
	{ "GET", "/guest", WHOSE_NODES, get_guest },
	{ "POST", "/guest/reset", WHOSE_NODES, post_order },
	{ "POST", "/guest/nmi", WHOSE_NODES, post_order },
	{ "POST", "/guest/pause", WHOSE_NODES, post_order },
	{ "POST", "/guest/resume", WHOSE_NODES, post_order },
	{ "GET", "/guest/checkpoint", WHOSE_NODES, checkpoint_get },
	{ "POST", "/guest/checkpoint", WHOSE_ADMIN, checkpoint_post },
	{ "POST", "/guest/cpus/@", WHOSE_NODES, guest_routes_post_guest_cpu },
	{ "GET", "/guest/terminal", WHOSE_ADMIN, guest_routes_get_guest_terminal },
	{ "POST", "/guest/terminal", WHOSE_ADMIN, guest_routes_post_guest_terminal },
	{ "GET", "/nodes", WHOSE_ANY, get_nodes },
	{ "POST", "/nodes", WHOSE_ANY, post_nodes },
	{ "GET", "/nodes/#", WHOSE_ANY, get_node },
	{ "PUT", "/nodes/#", WHOSE_NODES, put_node },
	{ "DELETE", "/nodes/#", WHOSE_ANY, delete_node },
	{ "POST", "/nodes/#/button", WHOSE_NODES, press_node },
	{ "GET", "/nodes/#/guest", WHOSE_NODES, guest_routes_get_node_guest },
	{ "POST", "/nodes/#/checkpoint", WHOSE_NODES, checkpoint_post_node },
	{ "GET", "/nodes/#/terminal", WHOSE_NODES, guest_routes_get_node_terminal },
	{ "POST", "/nodes/#/terminal", WHOSE_NODES, guest_routes_post_node_terminal },
	{ "GET", "/nodes/#/log", WHOSE_ADMIN, get_log },
	{ "GET", "/nodes/#/console", WHOSE_ADMIN, get_console },
	{ "GET", "/nodes/#/history", WHOSE_NODES, get_history },
	{ "GET", "/nodes/#/heat", WHOSE_NODES, get_node_heat },
	{ "GET", "/nodes/#/touches", WHOSE_NODES, get_touches },
	{ "POST", "/nodes/#/hold", WHOSE_NODES, post_hold },
	{ "GET", "/heat", WHOSE_ADMIN, get_heat },
	{ "GET", "/placement", WHOSE_NODES, get_placement },
	{ "POST", "/placement", WHOSE_NODES, post_placement },
	{ "GET", "/events", WHOSE_ADMIN, get_events },
	{ "GET", "/pages/@", WHOSE_NODES, get_page },
	{ "GET", "/metrics", WHOSE_ADMIN, get_metrics },
	{ "GET", "/openapi.json", WHOSE_ANY, get_openapi },
	{ "GET", "/", WHOSE_ADMIN, get_web },
	{ "GET", "/web/style.css", WHOSE_ADMIN, get_web },
	{ "GET", "/web/lib.js", WHOSE_ADMIN, get_web },
	{ "GET", "/web/charts.js", WHOSE_ADMIN, get_web },
	{ "GET", "/web/app.js", WHOSE_ADMIN, get_web },
	{ }
};

static bool path_fits(const char *path, const char *pattern, uint64_t *number)
{
	while (*pattern && *pattern != '#' && *pattern != '@')
		if (*path++ != *pattern++)
			return false;
	if (!*pattern)
		return !*path;
	path = number_read(path, number);
	return path && !strcmp(path, pattern + 1) &&
	       (*pattern == '@' || *number < SSI_DSM_MAX_NODES);
}

static bool may_ask(const struct request *request, const struct route *route,
		    const json_t *plan)
{
	const struct caller *caller = request->caller;

	if (caller->viewer)
		return !strcmp(request->method, "GET");
	if (route->whose == WHOSE_ADMIN)
		return caller_is_admin(caller);
	return caller_may(caller, plan) || !plan || route->run == post_nodes;
}

/* What an ended guest has left is no longer the business of other hosts. */
static int check_caller(const struct request *request,
			const struct route *route, struct failure *failure)
{
	json_t *plan = plan_get();
	int ret = 0;

	if (!may_ask(request, route, plan))
		ret = rest_fail(failure, 403, "name_not_allowed", "The certificate has no name that may do this here");
	else if (!plan && route->whose == WHOSE_NODES &&
		 !caller_is_admin(request->caller))
		ret = rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	json_decref(plan);
	return ret;
}

/* Whatever changes something can be found in the log later, and by whom. */
static void log_change(const struct request *request,
		       const struct answer *answer)
{
	char who[128];

	if (!strcmp(request->method, "GET"))
		return;
	caller_print(request->caller, who, sizeof(who));
	say("%s %s by %s: %u", request->method, request->path, who,
	    answer->status);
}

static void run(const struct request *request, const struct route *route,
		uint64_t number, struct answer *answer)
{
	struct failure failure;

	if (check_caller(request, route, &failure) ||
	    route->run(request, number, answer, &failure))
		rest_refuse(answer, &failure);
	log_change(request, answer);
}

void routes_answer(const struct request *request, struct answer *answer)
{
	static __thread char allow[64];
	const struct route *route;
	struct failure failure;
	uint64_t number = 0;

	allow[0] = '\0';
	for (route = routes; route->method; route++) {
		if (!path_fits(request->path, route->path, &number))
			continue;
		if (!strcmp(request->method, route->method)) {
			run(request, route, number, answer);
			return;
		}
		snprintf(allow + strlen(allow), sizeof(allow) - strlen(allow),
			 "%s%s", allow[0] ? ", " : "", route->method);
	}
	if (allow[0])
		rest_fail(&failure, 405, "bad_method", "This path has only the methods %s",
			  allow);
	else
		rest_fail(&failure, 404, "no_path", "There is no such path; GET /openapi.json lists all");
	rest_refuse(answer, &failure);
	if (allow[0])
		answer->allow = allow;
}
