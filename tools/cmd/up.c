// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl up, down: start and end the guest on all hosts of its cluster.
 */

#include <stdlib.h>
#include <string.h>

#include "../daemon.h"
#include "../describe.h"
#include "../job.h"
#include "../output.h"
#include "../ssictl.h"

static const char up_usage[] =
	"Usage: ssictl up FILE\n"
	"\n"
	"Starts the guest that the cluster's file describes, on all its hosts. ssid must\n"
	"run on each of them. If one node fails, the others are ended again. Paths in the\n"
	"file must begin with a slash, and are those of each host.\n";

static const char down_usage[] =
	"Usage: ssictl down [ --now ]\n"
	"\n"
	"Presses the guest's power button, and waits until it has powered off, at most\n"
	"120 s. With --now it is ended without being asked.\n";

/* Releases what ssid has answered. */
static int watch(json_t *answer)
{
	if (!answer)
		return EXIT_KERNEL;
	json_decref(answer);
	return job_watch();
}

static int up(int argc, char **argv)
{
	char why[DESCRIBE_WHY_MAX], *text;
	json_t *answer;

	if (argc != 1) {
		error("\"up\" needs one file");
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
	answer = daemon_call("POST", "/cluster", text);
	free(text);
	return watch(answer);
}

static int down(int argc, char **argv)
{
	bool now = argc == 1 && !strcmp(argv[0], "--now");
	json_t *answer;

	if (argc && !now) {
		error("\"down\" has only the option --now");
		return EXIT_SYNTAX;
	}
	answer = daemon_call("DELETE", now ? "/cluster?now=1" : "/cluster", NULL);
	return watch(answer);
}

const struct object object_up = { "up", up_usage, NULL, up };
const struct object object_down = { "down", down_usage, NULL, down };
