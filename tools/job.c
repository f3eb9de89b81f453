// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What ssid does to the cluster takes long: watch it.
 */
#include "job.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/member.h"
#include "daemon.h"
#include "output.h"
#include "ssictl.h"

#define NODES_MAX	32
#define LOOK_US		300000

/* Each node's state as it was last printed. */
static char printed[NODES_MAX][16];

static void show_news(const json_t *view)
{
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(view, "nodes"), i, node) {
		const char *state = member_text(node, "state");

		if (i >= NODES_MAX || !strcmp(printed[i], state) ||
		    !strcmp(state, "none"))
			continue;
		snprintf(printed[i], sizeof(printed[i]), "%s", state);
		output_text("node %d: %s\n",
			    (int)member_number(node, "id"),
			    state);
		output_flush();
	}
}

/* Return: the exit code, or -1 while it goes on. */
static int result_of(const json_t *view)
{
	json_t *job = json_object_get(view, "job");
	const char *state = member_text(job, "state");

	if (!strcmp(state, "running"))
		return -1;
	if (!strcmp(state, "done"))
		return 0;
	error("%s", *state ? member_text(json_object_get(job, "error"), "message") :
	      "ssid was started again meanwhile; ssictl status shows how far it came");
	return EXIT_KERNEL;
}

static void show_changes(const json_t *changes)
{
	json_t *one;
	size_t i;

	output_begin_array("changes");
	json_array_foreach(changes, i, one) {
		output_begin_object(NULL);
		output_string("key", NULL, member_text(one, "key"));
		output_string("running", NULL, member_text(one, "running"));
		output_string("file", NULL, member_text(one, "file"));
		output_end();
	}
	output_end();
	output_text(json_array_size(changes) ? "changed\n" : "nothing to change\n");
}

int job_watch(const json_t *changes)
{
	json_t *view;
	int code;

	for (;;) {
		view = daemon_call("GET", "/cluster", NULL);
		if (!view)
			return EXIT_KERNEL;
		show_news(view);
		code = result_of(view);
		if (code >= 0 || !json_object_get(view, "job"))
			break;
		json_decref(view);
		usleep(LOOK_US);
	}
	if (!code) {
		output_begin_object(NULL);
		if (changes)
			show_changes(changes);
		output_string("health", "%s\n", member_text(view, "health"));
		output_end();
		output_flush();
	}
	json_decref(view);
	return code;
}
