// SPDX-License-Identifier: GPL-2.0-or-later
/* The view of a node, tools/ssid/node_view.c: hostile answers, and what is news. */
#include <string.h>

#include "../../tools/ssid/node_view.h"
#include "tap.h"

/* Another host's answer, and what is kept of it for node 1; NULL: nothing. */
static const struct test {
	const char *what;
	const char *answer;
	const char *view;
} tests[] = {
	{ "a node of another host",
	  "{\"id\":1,\"state\":\"running\",\"cluster\":\"c\",\"time\":1.5,\"links\":[{\"peer\":0,\"state\":\"up\",\"rx_bytes\":7}]}",
	  "{\"id\":1,\"state\":\"running\",\"cluster\":\"c\",\"time\":1.5,\"links\":[{\"peer\":0,\"state\":\"up\",\"rx_bytes\":7}]}" },
	{ "one that has ended",
	  "{\"state\":\"ended\",\"exit\":{\"code\":2,\"cause\":\"host\",\"reason\":\"why\"}}",
	  "{\"id\":1,\"state\":\"ended\",\"links\":[],\"exit\":{\"code\":2,\"cause\":\"host\",\"reason\":\"why\"}}" },
	{ "the id of another node", "{\"id\":0,\"state\":\"none\"}",
	  "{\"id\":1,\"state\":\"none\",\"links\":[]}" },
	{ "keys that are not known, and clocks",
	  "{\"state\":\"none\",\"skew\":{\"seconds\":9},\"memory\":1,\"x\":[[[]]]}",
	  "{\"id\":1,\"state\":\"none\",\"links\":[]}" },
	{ "wrong types",
	  "{\"state\":\"running\",\"links\":\"many\",\"region\":[],\"exit\":1,\"time\":\"now\",\"cluster\":{}}",
	  "{\"id\":1,\"state\":\"running\",\"links\":[]}" },
	{ "elements of wrong types",
	  "{\"state\":\"running\",\"links\":[1,{\"peer\":\"x\",\"state\":[]},null]}",
	  "{\"id\":1,\"state\":\"running\",\"links\":[{}]}" },
	{ "control characters",
	  "{\"state\":\"ended\",\"exit\":{\"reason\":\"a\\u001b[31mb\\u009bc\"}}",
	  "{\"id\":1,\"state\":\"ended\",\"links\":[],\"exit\":{\"reason\":\"a\\ufffd[31mb\\ufffdc\"}}" },
	{ "an unknown state", "{\"state\":\"splendid\"}", NULL },
	{ "no state", "{}", NULL },
	{ "no object", "[]", NULL },
};

static void test_clean(const struct test *test)
{
	json_t *answer = json_loads(test->answer, 0, NULL);
	json_t *expected = test->view ? json_loads(test->view, 0, NULL) : NULL;
	json_t *view = node_view_clean(answer, 1);

	tap_ok(answer && (view || expected ? json_equal(view, expected) : true),
	       "%s", test->what);
	json_decref(answer);
	json_decref(expected);
	json_decref(view);
}

static void test_size(void)
{
	json_t *answer = json_pack("{s:s, s:[]}", "state", "running", "links"), *view;
	json_t *links = json_object_get(answer, "links");
	static char reason[100000];

	memset(reason, 'a', sizeof(reason) - 1);
	for (int i = 0; i < 1000; i++)
		json_array_append_new(links, json_pack("{s:s}", "reason", reason));
	view = node_view_clean(answer, 0);
	links = json_object_get(view, "links");
	tap_ok(json_array_size(links) == 32 &&
	       json_string_length(json_object_get(json_array_get(links, 0), "reason")) < 512,
	       "long lists and texts are cut");
	json_decref(answer);
	json_decref(view);
}

static json_t *view_with(int rx, double skew, const char *link)
{
	return json_pack("{s:i, s:s, s:{s:f}, s:[{s:i, s:s, s:i, s:i, s:i, s:i}]}",
			 "id", 1, "state", "running", "skew", "seconds", skew,
			 "links", "peer", 0, "state", link, "rx_messages", rx,
			 "tx_messages", rx, "rx_bytes", rx, "tx_bytes", rx);
}

static bool is_news(json_t *before, json_t *now)
{
	json_t *a = node_view_steady(before), *b = node_view_steady(now);
	bool equal = json_equal(a, b);

	json_decref(a);
	json_decref(b);
	json_decref(before);
	json_decref(now);
	return !equal;
}

int main(void)
{
	tap_plan(ARRAY_SIZE(tests) + 3);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		test_clean(&tests[i]);
	test_size();
	tap_ok(!is_news(view_with(1, 0.1, "up"), view_with(2, 0.2, "up")),
	       "counters and clocks are no news");
	tap_ok(is_news(view_with(1, 0.1, "up"), view_with(1, 0.1, "lost")),
	       "a lost link is");
	return tap_exit();
}
