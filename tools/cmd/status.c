// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl status: one word for the cluster, and what is not as it should be.
 */

#include <inttypes.h>
#include <string.h>

#include "../../lib/member.h"
#include "../daemon.h"
#include "../output.h"
#include "../ssictl.h"

#define EXIT_NOT_OK	3

static const char usage[] =
	"Usage: ssictl status [ -v ]\n"
	"\n"
	"Prints ok, degraded, split, lost or stopped, and then only what is not healthy;\n"
	"with -v every node and link. The exit code is 0 only for ok, else 3.\n";

static void show_problems(const json_t *view)
{
	json_t *problems = json_object_get(view, "problems"), *problem;
	size_t i;

	output_begin_array("problems");
	json_array_foreach(problems, i, problem)
		output_string(NULL, "    %s\n", json_string_value(problem));
	output_end();
}

static void show_link(const json_t *link)
{
	output_begin_object(NULL);
	output_u64("peer", "        link to node %" PRIu64,
		   member_number(link, "peer"));
	output_string("state", " %s", member_text(link, "state"));
	output_string("transport", " transport %s",
		      member_text(link, "transport"));
	output_string("security", " security %s\n",
		      member_text(link, "security"));
	output_end();
}

static void show_node(const json_t *node)
{
	json_t *link;
	size_t i;

	output_begin_object(NULL);
	output_u64("id", "    node %" PRIu64,
		   member_number(node, "id"));
	if (json_object_get(node, "address"))
		output_string("address", " address %s",
			      member_text(node, "address"));
	output_string("state", " %s\n", member_text(node, "state"));
	output_begin_array("links");
	json_array_foreach(json_object_get(node, "links"), i, link)
		show_link(link);
	output_end();
	output_end();
}

static void show(const json_t *view, bool all)
{
	json_t *node;
	size_t i;

	output_begin_object(NULL);
	output_string("health", "%s\n", member_text(view, "health"));
	if (json_object_get(view, "cluster"))
		output_string("cluster", all ? "    cluster %s\n" : NULL,
			      member_text(view, "cluster"));
	show_problems(view);
	if (all) {
		output_begin_array("nodes");
		json_array_foreach(json_object_get(view, "nodes"), i, node)
			show_node(node);
		output_end();
	}
	output_end();
	output_flush();
}

static int run(int argc, char **argv)
{
	bool all = argc == 1 && !strcmp(argv[0], "-v");
	json_t *view;
	int code;

	if (argc && !all) {
		error("\"status\" has only the option -v");
		return EXIT_SYNTAX;
	}
	view = daemon_call("GET", "/cluster", NULL);
	if (!view)
		return EXIT_KERNEL;
	show(view, all);
	code = strcmp(member_text(view, "health"), "ok") ? EXIT_NOT_OK : 0;
	json_decref(view);
	return code;
}

const struct object object_status = { "status", usage, NULL, run, NULL };
