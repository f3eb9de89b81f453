// SPDX-License-Identifier: GPL-2.0-or-later
/* When vmm/resets.c takes resets for a loop. */
#include "../../vmm/resets.h"

#include "../../vmm/ask.h"
#include "../../vmm/cluster.h"
#include "../../vmm/stop.h"
#include "tap.h"

#define CPU	7

static unsigned int self, told_node, told_cpu;
static cluster_handler handler;
static enum exit_code code;

void cluster_handle(enum cluster_type type, size_t len, cluster_handler call)
{
	if (type == CLUSTER_TRIPLE_FAULT && len)
		handler = call;
}

void cluster_send(unsigned int node, enum cluster_type type,
		  const void *payload)
{
	told_node = node;
	told_cpu = *(const uint32_t *)payload;
	if (type != CLUSTER_TRIPLE_FAULT)
		tap_bail("a message of type %u", type);
}

unsigned int cluster_self(void)
{
	return self;
}

void ask_resets(unsigned int quick, uint64_t told_s)
{
	(void)quick;
	(void)told_s;
}

void stop_ask(enum exit_code why, const char *fmt, ...)
{
	(void)fmt;
	code = why;
}

static void test_loop(void)
{
	struct resets_history history = { 0 };
	unsigned int told = 0, loops = 0;
	uint64_t now_s;

	/* a reset a second for three minutes */
	for (now_s = 1000; now_s < 1180; now_s++) {
		switch (resets_count(&history, 1, now_s)) {
		case RESETS_NEWS:
			told++;
			break;
		case RESETS_NEWS_LOOP:
			loops++;
			break;
		case RESETS_NO_NEWS:
			break;
		}
	}
	tap_ok(told == RESETS_LOOP - 1, "the first %u are told", told);
	tap_ok(loops == 3 && history.quick == 180,
	       "then the loop, once a minute: %u in three", loops);
	tap_ok(resets_count(&history, RESETS_QUICK_S, now_s) == RESETS_NEWS &&
	       !history.quick, "a guest that ran for long is in no loop");
	tap_ok(resets_count(&history, 1, now_s) == RESETS_NEWS,
	       "and its next reset is told");
}

static void test_slow_guest(void)
{
	struct resets_history history = { 0 };
	unsigned int told = 0;

	for (uint64_t now_s = 1000; now_s < 1000 + 100 * 40; now_s += 40)
		told += resets_count(&history, 40, now_s) == RESETS_NEWS;
	tap_ok(told == 100, "100 resets of a guest that runs are told");
}

/* Only node 0 knows whether a reset is the end. */
static void test_node(void)
{
	struct options options = { .no_reboot = true };
	const uint32_t payload[2] = { CPU };

	resets_init(&options);
	self = 1;
	told_node = UINT32_MAX;
	resets_by_triple_fault(CPU);
	tap_ok(!code && !told_node && told_cpu == CPU,
	       "node 1 leaves a triple fault to node 0");
	handler(2, payload);
	tap_ok(code == EXIT_NODE_LOST, "and does not take one");
	self = 0;
	handler(1, payload);
	tap_ok(code == EXIT_TRIPLE_FAULT, "which ends the guest");
	options.no_reboot = false;
	resets_init(&options);
	resets_by_triple_fault(CPU);
	tap_ok(code == EXIT_RESTART, "or starts it again");
}

int main(void)
{
	tap_plan(9);
	test_loop();
	test_slow_guest();
	test_node();
	return tap_exit();
}
