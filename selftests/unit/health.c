// SPDX-License-Identifier: GPL-2.0-or-later
/* One word for a cluster, tools/ssid/health.c: two nodes and what they say. */
#include <string.h>

#include "../../tools/ssid/health.h"
#include "tap.h"

/* What two nodes say, and what follows. */
static const struct test {
	const char *what;
	const char *state[2];
	const char *link[2];
	const char *region[2];
	int code[2];
	const char *word;
	unsigned int problems;
} tests[] = {
	{ "all is well", { "running", "running" }, { "up", "up" },
	  { "ready", "ready" }, { 0 }, "ok", 0 },
	{ "nothing was started", { "none", "none" }, { 0 }, { 0 }, { 0 },
	  "stopped", 0 },
	{ "the guest has powered off", { "ended", "ended" }, { 0 }, { 0 },
	  { 0 }, "stopped", 0 },
	{ "the guest has panicked", { "ended", "ended" }, { 0 }, { 0 },
	  { 3, 3 }, "lost", 2 },
	{ "a node has failed", { "running", "ended" }, { "up" }, { "ready" },
	  { 0, 2 }, "lost", 1 },
	{ "a node was never started", { "running", "none" }, { "up" },
	  { "ready" }, { 0 }, "split", 1 },
	{ "a node has ended well", { "running", "ended" }, { "up" },
	  { "ready" }, { 0 }, "split", 1 },
	{ "a node ends", { "running", "ending" }, { "up", "up" },
	  { "ready", "ready" }, { 0 }, "degraded", 1 },
	{ "a node cannot be asked", { "running", "unknown" }, { "up" },
	  { "ready" }, { 0 }, "degraded", 1 },
	{ "no node runs, as far as is known", { "none", "unknown" }, { 0 },
	  { 0 }, { 0 }, "degraded", 1 },
	{ "a link is being connected again", { "running", "running" },
	  { "interrupted", "interrupted" }, { "ready", "ready" }, { 0 },
	  "degraded", 2 },
	{ "a link is lost at both ends", { "running", "running" },
	  { "lost", "lost" }, { "lost", "lost" }, { 0 }, "lost", 4 },
	{ "a link is lost at one end", { "running", "running" },
	  { "up", "lost" }, { "ready", "ready" }, { 0 }, "split", 2 },
	{ "a link is refused by one end", { "running", "running" },
	  { "refused", "up" }, { "ready", "ready" }, { 0 }, "split", 2 },
	{ "the memory is not there yet", { "starting", "starting" },
	  { "up", "up" }, { "waiting", "ready" }, { 0 }, "degraded", 1 },
	{ "the memory is lost on a node", { "running", "running" },
	  { "up", "up" }, { "lost", "ready" }, { 0 }, "lost", 1 },
};

static json_t *view_of(const struct test *test, int n)
{
	json_t *view = json_pack("{s:i, s:s, s:[]}", "id", n, "state",
				 test->state[n], "links");

	if (test->link[n])
		json_array_append_new(json_object_get(view, "links"),
				      json_pack("{s:i, s:s}", "peer", 1 - n,
						"state", test->link[n]));
	if (test->region[n])
		json_object_set_new(view, "region",
				    json_pack("{s:s}", "state",
					      test->region[n]));
	if (!strcmp(test->state[n], "ended"))
		json_object_set_new(view, "exit",
				    json_pack("{s:i, s:s}", "code",
					      test->code[n], "reason", "why"));
	return view;
}

static void run(const struct test *test)
{
	json_t *views = json_pack("[o, o]", view_of(test, 0), view_of(test, 1));
	json_t *problems = json_array();
	const char *word = health_of(views, problems);

	tap_ok(!strcmp(word, test->word) &&
	       json_array_size(problems) == test->problems, "%s: %s, %zu problems",
	       test->what, word, json_array_size(problems));
	json_decref(problems);
	json_decref(views);
}

int main(void)
{
	tap_plan(ARRAY_SIZE(tests));
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		run(&tests[i]);
	return tap_exit();
}
