// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl check: is a cluster's file valid?
 */

#include <inttypes.h>

#include "../../lib/member.h"
#include "../describe.h"
#include "../output.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl check FILE\n"
	"\n"
	"Checks a cluster's file without starting anything. ssid is not needed.\n";

static void show(const json_t *plan)
{
	json_t *nodes = json_object_get(plan, "nodes"), *node;
	size_t i;

	output_begin_object(NULL);
	output_string("cluster", "cluster %s\n",
		      json_string_value(json_object_get(plan, "cluster")));
	output_begin_array("nodes");
	json_array_foreach(nodes, i, node) {
		const char *address =
			json_string_value(json_object_get(node, "address"));

		output_begin_object(NULL);
		output_u64("id", "    node %" PRIu64,
			   member_number(node, "id"));
		if (address)
			output_string("address", " address %s", address);
		output_u64("cpus", " cpus %" PRIu64,
			   member_number(node, "cpus"));
		output_u64("memory", " memory %" PRIu64 " bytes\n",
			   member_number(node, "memory"));
		output_end();
	}
	output_end();
	output_end();
	output_flush();
}

static int run(int argc, char **argv)
{
	char why[DESCRIBE_WHY_MAX];
	json_t *plan;

	if (argc != 1) {
		error("\"check\" needs one file");
		return EXIT_SYNTAX;
	}
	plan = describe_file(NULL, argv[0], false, why);
	if (!plan) {
		error("%s", why);
		return EXIT_SYNTAX;
	}
	show(plan);
	json_decref(plan);
	return 0;
}

const struct object object_check = { "check", usage, NULL, run, NULL };
