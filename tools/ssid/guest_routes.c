// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The routes of the guest's console, and of what ssi-vmm of one node says.
 */
#include "guest_routes.h"

#include <linux/ssi_dsm.h>
#include <string.h>

#include "../../lib/number.h"
#include "caller.h"
#include "control.h"
#include "plan.h"
#include "relay.h"
#include "terminal.h"

#define CPU_MAX		9999	/* the guest has less; ssi-vmm tells which it has */

static int accept_order(int ret, struct answer *answer)
{
	if (!ret)
		rest_answer(answer, 202, json_object());
	return ret;
}

static int accept_view(json_t *view, struct answer *answer)
{
	if (view)
		rest_answer(answer, 200, view);
	return view ? 0 : -1;
}

int guest_routes_get_node_guest(const struct request *request, uint64_t number,
				struct answer *answer, struct failure *failure)
{
	(void)request;
	return accept_view(control_node(number, failure), answer);
}

static int read_terminal_ask(const struct request *request,
			     struct terminal_ask *ask, struct failure *failure)
{
	const char *from = request->query(request->of, "from");
	const char *wait = request->query(request->of, "wait");
	uint64_t ms = 0;

	*ask = (struct terminal_ask) { .from = UINT64_MAX };
	ask->writer = request->query(request->of, "writer");
	if (ask->writer && strspn(ask->writer, "0123456789abcdefghijklmnopqrstuvwxyz") !=
	    strlen(ask->writer))
		return rest_fail(failure, 400, "bad_writer", "The word of a program that types has only digits and small letters");
	if (from && !number_parse(from, INT64_MAX, &ask->from))
		return rest_fail(failure, 400, "bad_number", "\"from\" is not a number of bytes");
	if (wait && !number_parse(wait, TERMINAL_WAIT_MAX_MS, &ms))
		return rest_fail(failure, 400, "bad_number", "\"wait\" is not a number from 0 to %d",
				 TERMINAL_WAIT_MAX_MS);
	ask->wait_ms = ms;
	ask->leaves = rest_flag(request, "leave");
	return 0;
}

/* What an earlier cluster's node of this id has left is not for the hosts of this one. */
static int need_node_here(unsigned int id, struct failure *failure)
{
	json_t *plan = plan_get();
	const json_t *node = plan_node(plan, id);
	int ret = 0;

	if (plan && (!node || !plan_is_here(node)))
		ret = rest_fail(failure, 409, "wrong_host", "Node %u is not on this host",
				id);
	json_decref(plan);
	return ret;
}

int guest_routes_get_guest_terminal(const struct request *request, uint64_t number,
				    struct answer *answer, struct failure *failure)
{
	struct terminal_ask ask;

	(void)number;
	if (read_terminal_ask(request, &ask, failure))
		return -1;
	return accept_view(relay_read(&ask, failure), answer);
}

int guest_routes_get_node_terminal(const struct request *request, uint64_t number,
				   struct answer *answer, struct failure *failure)
{
	struct terminal_ask ask;

	if (read_terminal_ask(request, &ask, failure) ||
	    need_node_here(number, failure))
		return -1;
	return accept_view(terminal_read(number, &ask, failure), answer);
}

int guest_routes_post_guest_terminal(const struct request *request, uint64_t number,
				     struct answer *answer, struct failure *failure)
{
	struct terminal_ask ask;

	(void)number;
	if (read_terminal_ask(request, &ask, failure))
		return -1;
	return accept_order(relay_type(&ask, request->body, failure),
			    answer);
}

int guest_routes_post_node_terminal(const struct request *request, uint64_t number,
				    struct answer *answer, struct failure *failure)
{
	struct terminal_ask ask;

	if (read_terminal_ask(request, &ask, failure) ||
	    need_node_here(number, failure))
		return -1;
	return accept_order(terminal_type(number, &ask, request->body,
					  failure), answer);
}

int guest_routes_post_guest_cpu(const struct request *request, uint64_t number,
				struct answer *answer, struct failure *failure)
{
	const char *text = request->query(request->of, "node");
	json_t *moved;
	uint64_t node;

	if (!text || !number_parse(text, SSI_DSM_MAX_NODES - 1, &node))
		return rest_fail(failure, 400, "bad_id", "The node to move to is missing, or is not a number from 0 to 31");
	if (number > CPU_MAX)
		return rest_fail(failure, 404, "no_cpu", "The guest has no such CPU");
	moved = control_move(number, node, caller_is_admin(request->caller), failure);
	if (!moved)
		return -1;
	rest_answer(answer, 200, moved);
	return 0;
}
