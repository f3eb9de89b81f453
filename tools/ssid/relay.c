// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests about the guest's console, which the host of the console answers.
 */
#include "relay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "remote.h"

#define CONSOLE_NODE	0u	/* FORWARD_DEVICE_NODE of ssi-vmm */

static json_t *need_plan(struct failure *failure)
{
	json_t *plan = plan_get();

	if (!plan)
		rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	return plan;
}

json_t *relay_read(const struct terminal_ask *ask, struct failure *failure)
{
	json_t *plan = need_plan(failure), *view;
	const json_t *node = plan_node(plan, CONSOLE_NODE);
	char path[192];

	if (!plan)
		return NULL;
	snprintf(path, sizeof(path), "/nodes/%u/terminal?wait=%u%s%s", CONSOLE_NODE,
		 ask->wait_ms, ask->writer ? "&writer=" : "", ask->writer ?: "");
	if (ask->from != UINT64_MAX)
		snprintf(path + strlen(path), sizeof(path) - strlen(path),
			 "&from=%" PRIu64, ask->from);
	view = plan_is_here(node) ? terminal_read(CONSOLE_NODE, ask, failure) :
	       remote_call(node, "GET", path, NULL, failure);
	json_decref(plan);
	return view;
}

int relay_type(const struct terminal_ask *ask, const char *text,
	       struct failure *failure)
{
	json_t *plan = need_plan(failure), *answer;
	const json_t *node = plan_node(plan, CONSOLE_NODE);
	char path[128];
	int ret = -1;

	if (!plan)
		return -1;
	if (plan_is_here(node)) {
		ret = terminal_type(CONSOLE_NODE, ask, text, failure);
	} else {
		snprintf(path, sizeof(path), "/nodes/%u/terminal?writer=%s&leave=%d",
			 CONSOLE_NODE, ask->writer ?: "", ask->leaves);
		answer = remote_call(node, "POST", path, text, failure);
		ret = answer ? 0 : -1;
		json_decref(answer);
	}
	json_decref(plan);
	return ret;
}
