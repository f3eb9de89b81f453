// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Resets of the guest, by a device of node 0 or by a triple fault of any CPU. Node 0
 * decides whether a reset is the end (--no-reboot): only its options say so.
 *
 * A reset starts a new process. The numbers that tell a guest in a loop of resets
 * from one that works go there by the keeper.
 */
#include "resets.h"

#include "ask.h"
#include "cluster.h"
#include "deadline.h"
#include "forward.h"
#include "log.h"
#include "stop.h"

/* Payload of CLUSTER_TRIPLE_FAULT. */
struct fault_message {
	uint32_t cpu;
	uint32_t reserved;
};

_Static_assert(sizeof(struct fault_message) == 8, "no holes");

static bool resets_are_the_end;
static uint64_t resets_begun_s;
static struct resets_history resets_history;

enum resets_news resets_count(struct resets_history *history, uint64_t ran_s,
			      uint64_t now_s)
{
	if (ran_s >= RESETS_QUICK_S) {
		*history = (struct resets_history) { 0 };
		return RESETS_NEWS;
	}
	history->quick++;
	if (history->quick < RESETS_LOOP)
		return RESETS_NEWS;
	if (history->told_s && now_s - history->told_s < RESETS_TELL_S)
		return RESETS_NO_NEWS;
	history->told_s = now_s;
	return RESETS_NEWS_LOOP;
}

void resets_leave(const char *reason)
{
	uint64_t now_s = deadline_seconds();

	switch (resets_count(&resets_history, now_s - resets_begun_s, now_s)) {
	case RESETS_NEWS:
		log_info("%s", reason);
		break;
	case RESETS_NEWS_LOOP:
		log_warn("The guest has reset itself %u times in sequence, each time within %u seconds of its start, and goes on doing so; its console may say why, and with --no-reboot a reset ends ssi-vmm.",
			 resets_history.quick, RESETS_QUICK_S);
		break;
	case RESETS_NO_NEWS:
		break;
	}
	ask_resets(resets_history.quick, resets_history.told_s);
}

void resets_begin(void)
{
	resets_begun_s = deadline_seconds();
}

void resets_by_device(void)
{
	if (resets_are_the_end)
		stop_ask(EXIT_GUEST_OFF, "The guest has reset itself.");
	else
		stop_ask(EXIT_RESTART, "The guest has reset itself and starts again.");
}

void resets_by_order(void)
{
	if (resets_are_the_end)
		stop_ask(EXIT_GUEST_OFF, "The guest was reset from outside.");
	else
		stop_ask(EXIT_RESTART, "The guest is reset from outside and starts again.");
}

static void reset_by_fault(unsigned int cpu)
{
	if (resets_are_the_end)
		stop_ask(EXIT_TRIPLE_FAULT, "CPU %u of the guest has shut down after a triple fault.",
			 cpu);
	else
		stop_ask(EXIT_RESTART, "CPU %u of the guest has shut down after a triple fault: the guest is reset and starts again.",
			 cpu);
}

static void handle_triple_fault(unsigned int node, const void *payload)
{
	const struct fault_message *m = payload;

	if (cluster_self() == FORWARD_DEVICE_NODE)
		reset_by_fault(m->cpu);
	else
		stop_ask(EXIT_NODE_LOST, "Node %u has sent a triple fault to this node, which does not reset the guest.",
			 node);
}

void resets_by_triple_fault(unsigned int cpu)
{
	struct fault_message m = { .cpu = cpu };

	if (cluster_self() == FORWARD_DEVICE_NODE)
		reset_by_fault(cpu);
	else
		cluster_send(FORWARD_DEVICE_NODE, CLUSTER_TRIPLE_FAULT, &m);
}

void resets_init(const struct options *options)
{
	resets_are_the_end = options->no_reboot;
	if (options->history)
		resets_history = *options->history;
	cluster_handle(CLUSTER_TRIPLE_FAULT, sizeof(struct fault_message),
		       handle_triple_fault);
}
