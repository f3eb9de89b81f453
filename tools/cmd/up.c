// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl up, down: start and end the guest on all hosts of its cluster.
 */

#include <stdlib.h>
#include <string.h>

#include "../../lib/member.h"
#include "../daemon.h"
#include "../describe.h"
#include "../difference.h"
#include "../job.h"
#include "../output.h"
#include "../ssictl.h"

static const char up_usage[] =
	"Usage: ssictl up FILE\n"
	"\n"
	"Starts the guest that the cluster's file describes, on all its hosts. ssid must\n"
	"run on each of them. If one node fails, the others are ended again. Paths in the\n"
	"file must begin with a slash, and are those of each host.\n"
	"\n"
	"If the guest runs already, what is different in FILE is changed on all hosts, or\n"
	"nothing: amd-rogpt, placement, timeout and the caches of nodes can be. Other keys are refused.\n";

static const char down_usage[] =
	"Usage: ssictl down [ --now ]\n"
	"\n"
	"Presses the guest's power button, and waits until it has powered off, at most\n"
	"120 s. With --now it is ended without being asked.\n";

/* Releases what ssid has answered. */
static int watch(json_t *answer, const json_t *changes)
{
	if (!answer)
		return EXIT_KERNEL;
	json_decref(answer);
	return job_watch(changes);
}

static bool is_up(const json_t *view)
{
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(view, "nodes"), i, node)
		if (!strcmp(member_text(node, "state"), "running") ||
		    !strcmp(member_text(node, "state"), "starting") ||
		    !strcmp(member_text(node, "state"), "ending"))
			return true;
	return false;
}

/* Return: 0; @changes: what is different from the running cluster, or NULL if none is. */
static int find_changes(const char *text, json_t **changes)
{
	json_t *view = daemon_call("GET", "/cluster", NULL);
	bool up = is_up(view);
	char *running = NULL;

	*changes = NULL;
	if (!view)
		return -1;
	json_decref(view);
	if (!up)
		return 0;
	running = daemon_text("GET", "/cluster/file");
	if (running)
		*changes = difference_list(running, text);
	free(running);
	return running ? 0 : -1;
}

/* Before it is applied, or refused; in JSON it comes with the result. */
static void show_difference(const json_t *changes)
{
	json_t *one;
	size_t i;

	if (output_is_json())
		return;
	json_array_foreach(changes, i, one) {
		output_string("key", "%s: ", member_text(one, "key"));
		output_string("running", "%s -> ", member_text(one, "running"));
		output_string("file", "%s\n", member_text(one, "file"));
	}
	output_flush();
}

static int up(int argc, char **argv)
{
	char why[DESCRIBE_WHY_MAX], *text;
	json_t *answer, *changes = NULL;
	int code = EXIT_KERNEL;

	if (argc != 1) {
		error_as("syntax", "\"up\" needs one file");
		return EXIT_SYNTAX;
	}
	/* Here first: the sentence has the path that the user knows. */
	answer = describe_file(NULL, argv[0], false, why);
	if (!answer) {
		error("%s", why);
		return EXIT_SYNTAX;
	}
	json_decref(answer);
	text = daemon_read_file(argv[0]);
	if (!text)
		return EXIT_SYNTAX;
	if (!find_changes(text, &changes)) {
		show_difference(changes);
		answer = daemon_call("POST", "/cluster", text);
		code = watch(answer, changes);
	}
	json_decref(changes);
	free(text);
	return code;
}

static int down(int argc, char **argv)
{
	bool now = argc == 1 && !strcmp(argv[0], "--now");
	json_t *answer;

	if (argc && !now) {
		error_as("syntax", "\"down\" has only the option --now");
		return EXIT_SYNTAX;
	}
	answer = daemon_call("DELETE", now ? "/cluster?now=1" : "/cluster", NULL);
	return watch(answer, NULL);
}

const struct object object_up = { "up", up_usage, NULL, up, NULL };
const struct object object_down = { "down", down_usage, NULL, down, NULL };
