// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl guest: the guest as a whole, and orders to it.
 */

#include <inttypes.h>
#include <stdio.h>

#include "../../lib/member.h"
#include "../daemon.h"
#include "../output.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl [ -s ] [ -d ] guest [ show ]\n"
	"       ssictl guest { button | pause | resume | reset | nmi }\n"
	"\n"
	"\"button\" presses the power button. \"pause\" lets the guest stand still on all hosts, and\n"
	"\"resume\" lets it run again: for the guest no time has passed. \"reset\" is the reset\n"
	"button, \"nmi\" a non-maskable interrupt for CPU 0. Orders return at once; \"show\" tells\n"
	"starting, running or paused. -s shows each CPU of the node that was asked, -d the\n"
	"cluster and resets that follow each other fast.\n";

static void show_cpu(const json_t *cpu)
{
	output_begin_object(NULL);
	output_u64("cpu", "        cpu %" PRIu64, member_number(cpu, "cpu"));
	output_u64("busy_ns", NULL, member_number(cpu, "busy_ns"));
	output_text(" busy %" PRIu64 " ms", (uint64_t)member_number(cpu, "busy_ns") / 1000000);
	output_u64("exits", " exits %" PRIu64, member_number(cpu, "exits"));
	output_u64("ports", " ports %" PRIu64, member_number(cpu, "ports"));
	output_u64("mmio", " mmio %" PRIu64 "\n", member_number(cpu, "mmio"));
	output_end();
}

static void show_view(const json_t *view)
{
	json_t *statistics = json_object_get(view, "statistics"), *cpu;
	size_t i;

	output_begin_object(NULL);
	output_string("state", "%s", member_text(view, "state"));
	output_u64("node", " as node %" PRIu64 " says,", member_number(view, "node"));
	output_u64("up_s", " up %" PRIu64 " s", member_number(statistics, "up_s"));
	output_u64("resets", " resets %" PRIu64 "\n", member_number(view, "resets"));
	if (ssictl_details) {
		output_string("cluster", "    cluster %s", member_text(view, "cluster"));
		output_u64("nodes", " nodes %" PRIu64, member_number(view, "nodes"));
		output_u64("quick_resets", " quick resets in sequence %" PRIu64 "\n",
			   member_number(view, "quick_resets"));
	}
	if (ssictl_statistics) {
		output_begin_array("cpus");
		json_array_foreach(json_object_get(statistics, "cpus"), i, cpu)
			show_cpu(cpu);
		output_end();
	}
	output_end();
	output_flush();
}

static int show(int argc, char **argv)
{
	json_t *view;

	if (argc)
		return ssictl_refuse_word(argv[0]);
	view = daemon_call("GET", "/guest", NULL);
	if (!view)
		return EXIT_KERNEL;
	show_view(view);
	json_decref(view);
	return 0;
}

static int order(const char *what, int argc, char **argv)
{
	json_t *answer;
	char path[32];

	if (argc)
		return ssictl_refuse_word(argv[0]);
	snprintf(path, sizeof(path), "/guest/%s", what);
	answer = daemon_call("POST", path, NULL);
	json_decref(answer);
	return answer ? 0 : EXIT_KERNEL;
}

static int button(int argc, char **argv)
{
	return order("button", argc, argv);
}

static int stand_still(int argc, char **argv)
{
	return order("pause", argc, argv);
}

static int resume(int argc, char **argv)
{
	return order("resume", argc, argv);
}

static int reset(int argc, char **argv)
{
	return order("reset", argc, argv);
}

static int nmi(int argc, char **argv)
{
	return order("nmi", argc, argv);
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ "button", button },
	{ "pause", stand_still },
	{ "resume", resume },
	{ "reset", reset },
	{ "nmi", nmi },
	{ }
};

const struct object object_guest = { "guest", usage, commands, NULL, NULL };
