// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread that looks at the cluster again and again.
 *
 * It looks at once if the module tells of a change, for example of a lost link. The
 * samples of the recent past come from the module of this host alone.
 */
#include "observer.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <netlink/socket.h>

#include "../../lib/genl.h"
#include "cluster.h"
#include "events.h"
#include "history.h"
#include "node_view.h"
#include "say.h"

#define SETTLE_MS	200	/* after an event; more come with it */

/* Protects observer_last. */
static pthread_mutex_t observer_mutex = PTHREAD_MUTEX_INITIALIZER;
static json_t *observer_last;

/* ---- what has changed ---- */

static bool differs(const json_t *a, const json_t *b, const char *key)
{
	json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

	return (x || y) && !json_equal(x, y);
}

static void compare_node(const json_t *before, const json_t *view)
{
	json_t *old = before ? node_view_steady(before) : NULL, *new = node_view_steady(view);

	if (!old || !json_equal(old, new))
		events_add("node", json_incref(new));
	json_decref(old);
	json_decref(new);
}

static void compare(const json_t *before, const json_t *view)
{
	json_t *old = json_object_get(before, "nodes"), *node;
	json_t *nodes = json_object_get(view, "nodes");
	size_t i;

	json_array_foreach(nodes, i, node)
		compare_node(json_array_get(old, i), node);
	if (differs(before, view, "job") && json_object_get(view, "job"))
		events_add("job", json_deep_copy(json_object_get(view, "job")));
	if (differs(before, view, "health") || differs(before, view, "problems"))
		events_add("health",
			   json_pack("{s:O, s:O}", "health",
				     json_object_get(view, "health"), "problems",
				     json_object_get(view, "problems")));
}

static void look(void)
{
	json_t *view = cluster_view(), *before;

	pthread_mutex_lock(&observer_mutex);
	before = observer_last;
	observer_last = json_incref(view);
	pthread_mutex_unlock(&observer_mutex);
	compare(before, view);
	json_decref(before);
	json_decref(view);
}

json_t *observer_view(void)
{
	json_t *view;

	pthread_mutex_lock(&observer_mutex);
	view = json_incref(observer_last);
	pthread_mutex_unlock(&observer_mutex);
	return view;
}

/* ---- the module's events ---- */

static void ignore(const struct genl_reply *reply, void *arg)
{
	(void)reply;
	(void)arg;
}

/* The module may come and go, and may have another number then. */
static int listen_module(struct genl *genl, bool *listens)
{
	if (!*listens)
		*listens = !genl_open(genl) && !genl_subscribe(genl);
	if (!*listens && genl->sock)
		genl_close(genl);
	return *listens ? nl_socket_get_fd(genl->sock) : -1;
}

/* Wait for an event, or the time of the next sample. */
static bool wait_for_event(struct genl *genl, bool *listens)
{
	struct pollfd polled = {
		.fd = listen_module(genl, listens), .events = POLLIN,
	};

	if (poll(&polled, 1, HISTORY_EVERY_S * 1000) <= 0) {
		if (*listens)
			genl_close(genl);
		*listens = false;
		return false;
	}
	genl_receive(genl, ignore, NULL);
	usleep(SETTLE_MS * 1000);
	while (poll(&polled, 1, 0) > 0 && !genl_receive(genl, ignore, NULL))
		;
	return true;
}

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void *observe(void *unused)
{
	struct genl genl = { 0 };
	bool listens = false;
	time_t sampled = 0, seen = 0;

	for (;;) {
		if (now_s() >= sampled + HISTORY_EVERY_S) {
			sampled = now_s();
			history_sample();
		}
		if (wait_for_event(&genl, &listens) ||
		    now_s() >= seen + 2 * HISTORY_EVERY_S || !seen) {
			look();
			seen = now_s();
		}
	}
	return unused;
}

void observer_start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, observe, NULL))
		say_and_end("The host gives no thread.");
	pthread_detach(thread);
}
