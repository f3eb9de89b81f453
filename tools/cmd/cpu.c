// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl cpu: the guest's CPUs, and where they run.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../lib/member.h"
#include "../../lib/number.h"
#include "../daemon.h"
#include "../output.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl cpu move CPU to NODE\n"
	"\n"
	"Lets a CPU of the guest move to another node while the guest runs, and tells for how\n"
	"long it stood still. Its memory stays where it is. \"ssictl -s guest show\" lists the\n"
	"CPUs of a node.\n";

static int call(uint64_t cpu, uint64_t node)
{
	json_t *moved;
	char path[64];

	snprintf(path, sizeof(path), "/guest/cpus/%" PRIu64 "?node=%" PRIu64, cpu, node);
	moved = daemon_call("POST", path, NULL);
	if (!moved)
		return EXIT_KERNEL;
	output_begin_object(NULL);
	output_u64("cpu", "CPU %" PRIu64, member_number(moved, "cpu"));
	output_u64("node", " is on node %" PRIu64, member_number(moved, "node"));
	output_text("; it stood still for %" PRIu64 " us\n",
		    (uint64_t)member_number(moved, "ns") / 1000);
	output_u64("ns", NULL, member_number(moved, "ns"));
	output_end();
	output_flush();
	json_decref(moved);
	return 0;
}

static int move(int argc, char **argv)
{
	uint64_t cpu, node;

	if (argc != 3 || strcmp(argv[1], "to")) {
		error_as("syntax", "a move is \"CPU to NODE\"; see \"ssictl cpu help\"");
		return EXIT_SYNTAX;
	}
	if (!number_parse(argv[0], UINT32_MAX, &cpu)) {
		error_as("syntax", "\"%s\" is not the number of a CPU", argv[0]);
		return EXIT_SYNTAX;
	}
	if (!number_parse(argv[2], UINT32_MAX, &node)) {
		error_as("syntax", "\"%s\" is not the number of a node", argv[2]);
		return EXIT_SYNTAX;
	}
	return call(cpu, node);
}

static const struct command commands[] = {
	{ "move", move },
	{ }
};

const struct object object_cpu = { "cpu", usage, commands, NULL, NULL };
