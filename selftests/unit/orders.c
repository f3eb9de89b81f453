// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Orders to the nodes of a cluster: all at the same time, and the failure of each is kept.
 *
 * A node that is started here waits until all others are being started, too.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/ssi_dsm.h>

#include "selftests/unit/tap.h"
#include "tools/ssid/guest.h"
#include "tools/ssid/nodes.h"
#include "tools/ssid/orders.h"
#include "tools/ssid/plan.h"
#include "tools/ssid/remote.h"

#define LIMIT_S	60
#define BAD	5u	/* the node that does not start */

static pthread_barrier_t all_begin;

/* ---- what orders.c calls ---- */

bool plan_is_here(const json_t *node)
{
	return json_object_get(node, "here");
}

unsigned int plan_node_id(const json_t *node)
{
	return json_integer_value(json_object_get(node, "id"));
}

static int reach(unsigned int id, struct failure *failure)
{
	pthread_barrier_wait(&all_begin);
	return id == BAD ? rest_fail(failure, 500, "node_silent", "of %u", id) : 0;
}

int nodes_start(json_t *plan, unsigned int id, struct failure *failure)
{
	(void)plan;
	return reach(id, failure);
}

int nodes_end(unsigned int id, struct failure *failure)
{
	(void)failure;
	return -(id == BAD);
}

int nodes_change(json_t *plan, unsigned int id, struct failure *failure)
{
	(void)plan;
	(void)id;
	(void)failure;
	return 0;
}

bool guest_press(unsigned int id)
{
	return id;
}

json_t *remote_call(const json_t *node, const char *method, const char *path,
		    const char *body, struct failure *failure)
{
	unsigned int id = plan_node_id(node);
	char expected[32];

	snprintf(expected, sizeof(expected), "/nodes?id=%u", id);
	if (strcmp(method, "POST") || strcmp(path, expected) || strcmp(body, "the file"))
		return NULL;
	return reach(id, failure) ? NULL : json_object();
}

int rest_fail(struct failure *failure, unsigned int status, const char *code,
	      const char *fmt, ...)
{
	(void)fmt;
	*failure = (struct failure){ .status = status, .code = code };
	return -1;
}

/* ---- the tests ---- */

static json_t *make_plan(unsigned int count)
{
	json_t *nodes = json_array(), *node;

	for (unsigned int i = 0; i < count; i++) {
		node = json_pack("{s:i}", "id", (int)i);
		if (i % 2)
			json_object_set_new(node, "here", json_true());
		json_array_append_new(nodes, node);
	}
	return json_pack("{s:s, s:o}", "file", "the file", "nodes", nodes);
}

static unsigned int failures(const struct order *orders)
{
	unsigned int count = 0;

	for (int i = 0; i < SSI_DSM_MAX_NODES; i++)
		count += orders[i].node && orders[i].ret;
	return count;
}

static void test_start(json_t *plan)
{
	struct order *orders;

	pthread_barrier_init(&all_begin, NULL, SSI_DSM_MAX_NODES);
	orders = orders_give(plan, ORDERS_ALL, order_start);
	tap_ok(orders, "32 nodes here and elsewhere start at the same time");
	tap_ok(failures(orders) == 1 && orders[BAD].ret &&
	       order_may_run(&orders[BAD].failure),
	       "one of them fails, and may run, since its host is silent");
	free(orders);
	pthread_barrier_destroy(&all_begin);
}

static void test_some(json_t *plan)
{
	uint32_t here = UINT32_C(1) << 1 | UINT32_C(1) << BAD;
	struct order *orders = orders_give(plan, here, order_end);
	unsigned int asked = 0;

	for (int i = 0; i < SSI_DSM_MAX_NODES; i++)
		asked += !!orders[i].node;
	tap_ok(asked == 2 && failures(orders) == 1 && orders[BAD].ret,
	       "two of 32 are ended, the others are left alone");
	free(orders);
}

int main(void)
{
	json_t *plan = make_plan(SSI_DSM_MAX_NODES);

	alarm(LIMIT_S);		/* one after the other would wait for ever */
	tap_plan(3);
	test_start(plan);
	test_some(plan);
	json_decref(plan);
	return tap_exit();
}
