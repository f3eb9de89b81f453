// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl placement: what the planner has decided, and whether it may act.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../lib/member.h"
#include "../daemon.h"
#include "../output.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl placement [ show ]\n"
	"       ssictl placement { off | advise | on }\n"
	"\n"
	"\"show\" tells the mode, how much was decided, and the last decisions: CPUs and homes of\n"
	"blocks of 2 MiB that are better elsewhere, with remote faults in a second that this\n"
	"saves and causes. With \"advise\" nothing is done; with \"on\" it is. The key \"placement\"\n"
	"of the cluster's file has the mode from the start on.\n";

static void show_decided(const json_t *view)
{
	static const char *const kinds[] = { "cpu", "home", "replicate", "hold", "nothing" };
	const json_t *decided = json_object_get(view, "decided");

	output_begin_object("decided");
	output_text("    decided:");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		output_text(" %s", kinds[i]);
		output_u64(kinds[i], " %" PRIu64, member_number(decided, kinds[i]));
	}
	output_end();
}

static void show_time(const json_t *decision)
{
	double seconds = json_number_value(json_object_get(decision, "time"));
	time_t whole = (time_t)seconds;
	struct tm tm;
	char text[16] = "";

	if (localtime_r(&whole, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	output_real("time", NULL, seconds);
	output_text("    %s", text);
}

static void show_decision(const json_t *decision)
{
	output_begin_object(NULL);
	show_time(decision);
	output_string("kind", " %-9s", member_text(decision, "kind"));
	output_string("of", " %s", member_text(decision, "of"));
	output_u64("object", " %" PRIu64, member_number(decision, "object"));
	output_u64("from", " from %" PRIu64, member_number(decision, "from"));
	output_u64("to", " to %" PRIu64, member_number(decision, "to"));
	output_real("gain", NULL, json_number_value(json_object_get(decision, "gain")));
	output_real("loss", NULL, json_number_value(json_object_get(decision, "loss")));
	output_text(" gain %.0f loss %.0f",
		    json_number_value(json_object_get(decision, "gain")),
		    json_number_value(json_object_get(decision, "loss")));
	output_string("why", ": %s", member_text(decision, "why"));
	if (json_is_true(json_object_get(decision, "done")))
		output_string("done", " (%s)", "done");
	if (json_object_get(decision, "error"))
		output_string("error", " (not done: %s)", member_text(decision, "error"));
	output_text("\n");
	output_end();
}

static void show_view(const json_t *view)
{
	json_t *decision;
	size_t i;

	output_begin_object(NULL);
	output_string("mode", "placement %s", member_text(view, "mode"));
	output_u64("leader", " led by node %" PRIu64, member_number(view, "leader"));
	output_u64("periods", " periods %" PRIu64 "\n", member_number(view, "periods"));
	if (json_object_get(view, "error"))
		output_string("error", "    the counters cannot be read: %s\n",
			      member_text(view, "error"));
	show_decided(view);
	output_u64("done", "; done %" PRIu64, member_number(view, "done"));
	output_u64("failed", ", failed %" PRIu64 "\n", member_number(view, "failed"));
	output_begin_array("last");
	json_array_foreach(json_object_get(view, "last"), i, decision)
		show_decision(decision);
	output_end();
	output_end();
	output_flush();
}

static int show(int argc, char **argv)
{
	json_t *view;

	if (argc)
		return ssictl_refuse_word(argv[0]);
	view = daemon_call("GET", "/placement", NULL);
	if (!view)
		return EXIT_KERNEL;
	show_view(view);
	json_decref(view);
	return 0;
}

static int set(const char *mode, int argc, char **argv)
{
	json_t *answer;
	char path[64];

	if (argc)
		return ssictl_refuse_word(argv[0]);
	snprintf(path, sizeof(path), "/placement?mode=%s", mode);
	answer = daemon_call("POST", path, NULL);
	json_decref(answer);
	return answer ? 0 : EXIT_KERNEL;
}

static int set_off(int argc, char **argv)
{
	return set("off", argc, argv);
}

static int set_advise(int argc, char **argv)
{
	return set("advise", argc, argv);
}

static int set_on(int argc, char **argv)
{
	return set("on", argc, argv);
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ "off", set_off },
	{ "advise", set_advise },
	{ "on", set_on },
	{ }
};

const struct object object_placement = { "placement", usage, commands, NULL, NULL };
