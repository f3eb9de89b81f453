// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cluster as a whole: started, ended and watched from any of its hosts.
 */
#include "cluster.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ssi_dsm.h>

#include "../../lib/member.h"
#include "../../vmm/exit.h"
#include "change.h"
#include "health.h"
#include "orders.h"
#include "plan.h"
#include "say.h"
#include "views.h"

#define LOOK_MS		300
#define CAUSE_MS	1000	/* for the other nodes to end */
#define UP_S		600	/* ssi-vmm has a shorter limit of its own */
#define DOWN_S		120
#define UNKNOWN_LOOKS	10	/* in sequence, until a node counts as lost */

/**
 * struct job - what is being done to the cluster; one thing at a time
 * @kind: "up", "change" or "down"; NULL: nothing was done yet
 * @state: "running", "done" or "failed"
 * @now: "down": at once
 * @cancelled: "up": is to be undone
 * @plan: the cluster
 * @old: "change": as it was
 * @failure: why it has failed
 */
struct job {
	const char *kind;
	const char *state;
	bool now;
	bool cancelled;
	json_t *plan;
	json_t *old;
	struct failure failure;
};

/* Protects job, except @plan, @old and @failure while it runs: its thread has them. */
static pthread_mutex_t job_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t job_finished = PTHREAD_COND_INITIALIZER;
static struct job job;

static bool is_cancelled(void)
{
	bool cancelled;

	pthread_mutex_lock(&job_mutex);
	cancelled = job.cancelled;
	pthread_mutex_unlock(&job_mutex);
	return cancelled;
}

static bool is_now(void)
{
	bool now;

	pthread_mutex_lock(&job_mutex);
	now = job.now;
	pthread_mutex_unlock(&job_mutex);
	return now;
}

/* Of a clock that is never set. */
static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool state_is(const json_t *view, const char *state)
{
	return !strcmp(json_string_value(json_object_get(view, "state")), state);
}

/* ---- up ---- */

static int fail_ended(const json_t *node, const json_t *view,
		      struct failure *failure)
{
	json_t *exit = json_object_get(view, "exit");

	return rest_fail(failure, 500, "node_failed", "ssi-vmm of node %u (%s) has ended with code %d: %s",
			 plan_node_id(node),
			 json_string_value(json_object_get(node, "address")) ?: "this host",
			 (int)member_number(exit, "code"),
			 json_string_value(json_object_get(exit, "reason")) ?: "no reason is known");
}

/* Return: 1 if it runs, 0 if it is on the way, -1 if it has failed. */
static int look_at_start(const json_t *node, const json_t *view,
			 unsigned int *unknown, struct failure *failure)
{
	int ret = state_is(view, "running");

	*unknown = state_is(view, "unknown") ? *unknown + 1 : 0;
	if (*unknown > UNKNOWN_LOOKS)
		ret = rest_fail(failure, 502, "node_unreachable", "%s",
				json_string_value(json_object_get(view, "reason")));
	else if (state_is(view, "ended") || state_is(view, "none"))
		ret = fail_ended(node, view, failure);
	return ret;
}

/*
 * When a node fails, the others end with the code for a lost node, perhaps before it.
 * The sentence should be that of the one with another code.
 */
static void find_cause(const json_t *plan, struct failure *failure)
{
	json_t *nodes = json_object_get(plan, "nodes"), *views, *view;
	size_t i;
	int code;

	usleep(CAUSE_MS * 1000);
	views = views_of(plan);
	json_array_foreach(views, i, view) {
		code = json_integer_value(json_object_get(json_object_get(view, "exit"),
							  "code"));
		if (state_is(view, "ended") && code != EXIT_NODE_LOST)
			fail_ended(json_array_get(nodes, i), view, failure);
	}
	json_decref(views);
}

/* Return: 1 if all run, 0 if some are on the way, -1 if one has failed. */
static int look_at_all(const json_t *plan, unsigned int *unknown,
		       struct failure *failure)
{
	json_t *nodes = json_object_get(plan, "nodes");
	json_t *views = views_of(plan), *view;
	int all = 1, ret;
	size_t i;

	json_array_foreach(views, i, view) {
		ret = look_at_start(json_array_get(nodes, i), view, &unknown[i],
				    failure);
		if (ret <= 0)
			all = ret;
		if (ret < 0)
			break;
	}
	json_decref(views);
	return all;
}

static int await_start(const json_t *plan, struct failure *failure)
{
	unsigned int unknown[SSI_DSM_MAX_NODES] = { 0 };
	time_t end = now_s() + UP_S;
	int ret;

	do {
		ret = look_at_all(plan, unknown, failure);
		if (ret)
			return ret < 0 ? ret : 0;
		if (is_cancelled())
			return rest_fail(failure, 409, "cancelled", "The start was ended by \"down\"");
		usleep(LOOK_MS * 1000);
	} while (now_s() < end);
	return rest_fail(failure, 504, "timeout", "The nodes were not connected within %d s",
			 UP_S);
}

static void add(struct failure *failure, const char *sentence)
{
	rest_fail(failure, failure->status, failure->code, "%s. %s", failure->why,
		  sentence);
}

/* End nodes; what cannot be undone is added to the sentence. */
static void undo(json_t *plan, uint32_t nodes, struct failure *failure)
{
	struct order *orders = orders_give(plan, nodes, order_end);
	char sentence[REST_WHY_MAX + 64];
	bool all = orders;
	size_t i;

	if (!orders)
		add(failure, "The host has no memory to end the nodes");
	for (i = 0; orders && i < SSI_DSM_MAX_NODES; i++) {
		if (!orders[i].ret)
			continue;
		snprintf(sentence, sizeof(sentence),
			 "Node %u could not be ended: %s",
			 plan_node_id(orders[i].node), orders[i].failure.why);
		add(failure, sentence);
		all = false;
	}
	free(orders);
	if (all && json_array_size(json_object_get(plan, "nodes")) > 1)
		add(failure, "What was begun on the other nodes is undone");
}

/* Return: the nodes that run, or may; @failure: why others do not. */
static uint32_t starts_of(const struct order *orders, struct failure *failure)
{
	uint32_t begun = 0;
	size_t i;

	for (i = 0; i < SSI_DSM_MAX_NODES; i++) {
		const struct order *order = &orders[i];

		if (order->node && (!order->ret || order_may_run(&order->failure)))
			begun |= UINT32_C(1) << i;
		if (!order->ret)
			continue;
		if (!failure->status)
			*failure = order->failure;
		else if (!strstr(failure->why, order->failure.why))
			add(failure, order->failure.why);
	}
	return begun;
}

static int start_all(struct job *of)
{
	struct order *orders = orders_give(of->plan, ORDERS_ALL, order_start);
	uint32_t begun;

	if (!orders)
		return rest_fail(&of->failure, 500, "host", "The host has no memory to start the nodes");
	begun = starts_of(orders, &of->failure);
	free(orders);
	if (!of->failure.status)
		return 0;
	if (begun)
		undo(of->plan, begun, &of->failure);
	return -1;
}

static int do_up(struct job *of)
{
	if (start_all(of))
		return -1;
	if (!await_start(of->plan, &of->failure))
		return 0;
	if (!strcmp(of->failure.code, "node_failed"))
		find_cause(of->plan, &of->failure);
	undo(of->plan, ORDERS_ALL, &of->failure);
	return -1;
}

/* ---- down ---- */

/* The button of any node is the guest's. */
static int press(json_t *plan, struct failure *failure)
{
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node)
		if (!order_press(plan, node, failure))
			return 0;
	return -1;
}

static bool any_runs(const json_t *plan)
{
	json_t *views = views_of(plan), *view;
	bool runs = false;
	size_t i;

	json_array_foreach(views, i, view)
		runs = runs || state_is(view, "running") ||
		       state_is(view, "starting") || state_is(view, "ending");
	json_decref(views);
	return runs;
}

static int await_end(const json_t *plan, struct failure *failure)
{
	time_t end = now_s() + DOWN_S;

	while (any_runs(plan) && !is_now()) {
		if (now_s() >= end)
			return rest_fail(failure, 504, "button_ignored", "The guest has not powered off within %d s of its power button and still runs; ssictl down --now ends it",
					 DOWN_S);
		usleep(LOOK_MS * 1000);
	}
	return 0;
}

static int do_down(struct job *of)
{
	struct order *orders;
	int ret = 0;
	size_t i;

	/* A guest that has ended meanwhile needs no button. */
	if (!is_now() && any_runs(of->plan) && press(of->plan, &of->failure) &&
	    any_runs(of->plan))
		return -1;
	if (await_end(of->plan, &of->failure))
		return -1;
	orders = orders_give(of->plan, ORDERS_ALL, order_end);
	if (!orders)
		return rest_fail(&of->failure, 500, "host", "The host has no memory to end the nodes");
	for (i = 0; i < SSI_DSM_MAX_NODES; i++)
		if (orders[i].ret) {
			of->failure = orders[i].failure;
			ret = -1;
		}
	free(orders);
	return ret;
}

/* ---- change ---- */

static void change_back(const struct job *of, size_t count,
			struct failure *failure)
{
	struct failure other;
	bool all = true;
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(of->plan, "nodes"), i, node)
		if (i < count && order_change(of->old, node, &other)) {
			add(failure, other.why);
			all = false;
		}
	add(failure, all ? "Nothing was changed" :
			   "ssictl diff tells what has remained");
}

static int do_change(struct job *of)
{
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(of->plan, "nodes"), i, node)
		if (order_change(of->plan, node, &of->failure)) {
			change_back(of, i + order_may_run(&of->failure), &of->failure);
			return -1;
		}
	return 0;
}

/* ---- the job ---- */

static void *run_job(void *arg)
{
	struct job *of = arg;
	int ret = !strcmp(of->kind, "up") ? do_up(of) :
		  !strcmp(of->kind, "change") ? do_change(of) : do_down(of);

	pthread_mutex_lock(&job_mutex);
	of->state = ret ? "failed" : "done";
	json_decref(of->plan);
	json_decref(of->old);
	of->plan = of->old = NULL;
	pthread_cond_broadcast(&job_finished);
	say("%s: %s%s%s", of->kind, of->state, ret ? ": " : ".",
	    ret ? of->failure.why : "");
	pthread_mutex_unlock(&job_mutex);
	return NULL;
}

static int start_job(const char *kind, bool now, json_t *plan, json_t *old,
		     struct failure *failure)
{
	pthread_t thread;
	int ret = 0;

	pthread_mutex_lock(&job_mutex);
	if (job.plan) {
		ret = rest_fail(failure, 409, "busy", "The cluster is being changed by another \"%s\"",
				job.kind);
	} else {
		job = (struct job) {
			.kind = kind, .state = "running", .now = now,
			.plan = json_incref(plan), .old = json_incref(old),
		};
		if (pthread_create(&thread, NULL, run_job, &job)) {
			json_decref(job.plan);
			json_decref(job.old);
			job = (struct job) { 0 };
			ret = rest_fail(failure, 500, "host", "The host gives no thread");
		} else {
			pthread_detach(thread);
		}
	}
	pthread_mutex_unlock(&job_mutex);
	return ret;
}

int cluster_up(json_t *plan, struct failure *failure)
{
	json_t *old = plan_get();
	int ret = 0;

	if (!old || !any_runs(old))
		ret = start_job("up", false, plan, NULL, failure);
	else
		ret = change_check(old, plan, failure) ||
		      start_job("change", false, plan, old, failure) ? -1 : 0;
	json_decref(old);
	return ret;
}

static json_t *need_plan(struct failure *failure)
{
	json_t *plan = plan_get();

	if (!plan)
		rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	return plan;
}

/* A start that goes on is undone. Return: whether there was one. */
static bool cancel_up(void)
{
	bool goes_on;

	pthread_mutex_lock(&job_mutex);
	goes_on = job.plan && !strcmp(job.kind, "up");
	job.cancelled = goes_on;
	while (job.plan && !strcmp(job.kind, "up"))
		pthread_cond_wait(&job_finished, &job_mutex);
	pthread_mutex_unlock(&job_mutex);
	return goes_on;
}

/* Nothing is left to do. */
static void be_down(void)
{
	pthread_mutex_lock(&job_mutex);
	if (!job.plan)
		job = (struct job) { .kind = "down", .state = "done" };
	pthread_mutex_unlock(&job_mutex);
}

/* A "down" that waits for the button waits no longer. Return: whether there is one. */
static bool hurry_down(void)
{
	bool goes_on;

	pthread_mutex_lock(&job_mutex);
	goes_on = job.plan && !strcmp(job.kind, "down");
	job.now = job.now || goes_on;
	pthread_mutex_unlock(&job_mutex);
	return goes_on;
}

int cluster_down(bool now, struct failure *failure)
{
	bool undone;
	json_t *plan;
	int ret;

	if (now && hurry_down())
		return 0;
	undone = cancel_up();
	plan = need_plan(failure);
	ret = plan ? start_job("down", now, plan, NULL, failure) : -1;

	if (!plan && undone) {
		be_down();
		ret = 0;
	}
	json_decref(plan);
	return ret;
}

int cluster_press(struct failure *failure)
{
	json_t *plan = need_plan(failure);
	int ret = plan ? press(plan, failure) : -1;

	json_decref(plan);
	return ret;
}

/* ---- the view ---- */

/* @plan: out: the job's cluster, which is not this host's before its node starts. */
static json_t *view_job(json_t **plan)
{
	json_t *view = NULL;

	pthread_mutex_lock(&job_mutex);
	if (job.plan)
		*plan = json_incref(job.plan);
	if (job.kind)
		view = json_pack("{s:s, s:s}", "kind", job.kind, "state",
				 job.state);
	if (job.kind && !strcmp(job.state, "failed"))
		json_object_set_new(view, "error",
				    json_pack("{s:s, s:s+}", "code",
					      job.failure.code, "message",
					      job.failure.why, "."));
	pthread_mutex_unlock(&job_mutex);
	return view;
}

json_t *cluster_view(void)
{
	json_t *plan = NULL, *problems = json_array(), *job_view, *views, *view;
	const char *health;

	job_view = view_job(&plan);
	/* While it starts, some nodes run before others. */
	health = plan && !strcmp(json_string_value(json_object_get(job_view, "kind")), "up") ?
		 "degraded" : NULL;
	if (!plan)
		plan = plan_get();
	views = views_of(plan);
	if (health)
		json_array_append_new(problems, json_string("The guest starts."));
	else
		health = plan ? health_of(views, problems) : "stopped";
	view = json_pack("{s:s, s:o, s:o}", "health", health, "problems",
			 problems, "nodes", views);
	if (plan)
		json_object_set(view, "cluster", json_object_get(plan, "cluster"));
	if (job_view)
		json_object_set_new(view, "job", job_view);
	json_decref(plan);
	return view;
}
