// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One word for a whole cluster, from what all its nodes say.
 */
#include "health.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../lib/member.h"
#include "../../lib/name.h"

/* From good to bad, except the last. */
enum word { OK, DEGRADED, LOST, SPLIT, STOPPED };

static const char *const words[] = {
	[OK] = "ok", [DEGRADED] = "degraded", [LOST] = "lost",
	[SPLIT] = "split", [STOPPED] = "stopped",
};

struct judge {
	enum word word;
	json_t *problems;
	unsigned int running, stopped;
};

__attribute__((format(printf, 3, 4)))
static void find(struct judge *judge, enum word word, const char *fmt, ...)
{
	char text[1024], printed[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* It may be cut inside of a character. */
	name_print(text, printed, sizeof(printed));
	json_array_append_new(judge->problems, json_string(printed));
	if (word > judge->word)
		judge->word = word;
}

static int number_of(const json_t *object, const char *key)
{
	return member_number(object, key);
}

static bool is(const json_t *object, const char *key, const char *value)
{
	return !strcmp(member_text(object, key), value);
}

/* ---- each node ---- */

static void judge_ended(struct judge *judge, const json_t *view)
{
	json_t *ended = json_object_get(view, "exit");
	int code = number_of(ended, "code");

	judge->stopped++;
	if (code)
		find(judge, LOST, "Node %d has ended with code %d: %s",
		     number_of(view, "id"), code, member_text(ended, "reason"));
}

static void judge_region(struct judge *judge, const json_t *view)
{
	json_t *region = json_object_get(view, "region");
	const char *state = region ? member_text(region, "state") : "not there yet";

	if (!strcmp(state, "ready"))
		return;
	find(judge, strcmp(state, "lost") && strcmp(state, "refused") ?
	     DEGRADED : LOST, "The guest's memory is %s on node %d%s%s%s.",
	     state, number_of(view, "id"), *member_text(region, "reason") ? " (" : "",
	     member_text(region, "reason"), *member_text(region, "reason") ? ")" : "");
}

static void judge_link(struct judge *judge, int node, const json_t *link)
{
	bool lost = is(link, "state", "lost") || is(link, "state", "refused");
	const char *reason = member_text(link, "reason");

	if (!is(link, "state", "up"))
		find(judge, lost ? LOST : DEGRADED, "The link of node %d to node %d is %s%s%s%s.",
		     node, number_of(link, "peer"), member_text(link, "state"),
		     *reason ? " (" : "", reason, *reason ? ")" : "");
}

static void judge_node(struct judge *judge, const json_t *view)
{
	json_t *link;
	size_t i;

	if (is(view, "state", "unknown")) {
		find(judge, DEGRADED, "Node %d cannot be asked: %s.",
		     number_of(view, "id"), member_text(view, "reason"));
	} else if (is(view, "state", "ended")) {
		judge_ended(judge, view);
	} else if (is(view, "state", "none")) {
		judge->stopped++;
	} else {
		judge->running++;
		judge_region(judge, view);
		json_array_foreach(json_object_get(view, "links"), i, link)
			judge_link(judge, number_of(view, "id"), link);
		if (!is(view, "state", "running") && judge->word == OK)
			find(judge, DEGRADED, "Node %d %s.",
			     number_of(view, "id"),
			     is(view, "state", "starting") ? "starts" : "ends");
	}
}

/* ---- what they say of each other ---- */

static const char *link_state(const json_t *views, int from, int to)
{
	json_t *view, *link;
	size_t i, j;

	json_array_foreach(views, i, view)
		json_array_foreach(json_object_get(view, "links"), j, link)
			if (number_of(view, "id") == from &&
			    number_of(link, "peer") == to)
				return member_text(link, "state");
	return "";
}

static void compare_ends(struct judge *judge, const json_t *views, int a, int b)
{
	const char *here = link_state(views, a, b);
	const char *there = link_state(views, b, a);

	if (!strcmp(here, "up") &&
	    (!strcmp(there, "lost") || !strcmp(there, "refused")))
		find(judge, SPLIT, "Node %d says that its link to node %d is up; node %d says that it is %s.",
		     a, b, b, there);
}

static void compare_nodes(struct judge *judge, const json_t *views)
{
	json_t *view;
	size_t i, j, count = json_array_size(views);

	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			compare_ends(judge, views,
				     number_of(json_array_get(views, i), "id"),
				     number_of(json_array_get(views, j), "id"));
	if (!judge->running)
		return;
	json_array_foreach(views, i, view)
		if (is(view, "state", "none") ||
		    (is(view, "state", "ended") &&
		     !number_of(json_object_get(view, "exit"), "code")))
			find(judge, SPLIT, "The guest runs on other nodes, and not on node %d.",
			     number_of(view, "id"));
}

const char *health_of(const json_t *views, json_t *problems)
{
	struct judge judge = { .problems = problems };
	json_t *view;
	size_t i;

	json_array_foreach(views, i, view)
		judge_node(&judge, view);
	compare_nodes(&judge, views);
	/* A node that cannot be asked may still run. */
	if (judge.word == OK && judge.stopped && !judge.running)
		judge.word = STOPPED;
	return words[judge.word];
}
