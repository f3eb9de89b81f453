// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl diff: what is different between a file and that of the running cluster?
 */

#include <stdlib.h>
#include <string.h>

#include "../../lib/member.h"
#include "../daemon.h"
#include "../describe.h"
#include "../difference.h"
#include "../output.h"
#include "../ssictl.h"

#define EXIT_DIFFERENT	3

static const char usage[] =
	"Usage: ssictl diff FILE\n"
	"\n"
	"Prints the values in which FILE is different from the file of the running cluster.\n"
	"The exit code is 0 if there are none, 3 if there are some.\n";

static int show(const json_t *list)
{
	json_t *one;
	size_t i;

	output_begin_array(NULL);
	json_array_foreach(list, i, one) {
		output_begin_object(NULL);
		output_string("key", "%s: ", member_text(one, "key"));
		output_string("running", "%s -> ", member_text(one, "running"));
		output_string("file", "%s\n", member_text(one, "file"));
		output_end();
	}
	output_end();
	output_flush();
	return json_array_size(list) ? EXIT_DIFFERENT : 0;
}

static int run(int argc, char **argv)
{
	char why[DESCRIBE_WHY_MAX], *running, *file;
	int code = EXIT_KERNEL;
	json_t *plan, *list;

	if (argc != 1) {
		error_as("syntax", "\"diff\" needs one file");
		return EXIT_SYNTAX;
	}
	plan = describe_file(NULL, argv[0], false, why);
	if (!plan) {
		error("%s", why);
		return EXIT_SYNTAX;
	}
	json_decref(plan);
	file = daemon_read_file(argv[0]);
	if (!file)
		return EXIT_SYNTAX;
	running = daemon_text("GET", "/cluster/file");
	if (running) {
		list = difference_list(running, file);
		code = show(list);
		json_decref(list);
	}
	free(running);
	free(file);
	return code;
}

const struct object object_diff = { "diff", usage, NULL, run, NULL };
