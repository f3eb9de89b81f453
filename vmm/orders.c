// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Orders of the keeper: what other programs ask for by the control socket.
 *
 * Every node has a control socket, and each order is for the whole guest: node 0 follows
 * it. Nothing here waits: neither the thread for orders nor the reader of the channel may.
 */
#include "orders.h"

#include "button.h"
#include "checkpoint.h"
#include "cluster.h"
#include "irq.h"
#include "move.h"
#include "pause.h"
#include "resets.h"
#include "stop.h"

/* Payload of CLUSTER_ORDER. */
struct order_message {
	uint32_t type;		/* enum order_type */
	uint32_t cpu;		/* of ORDER_MOVE */
	uint32_t node;		/* the same */
	uint32_t reserved;
};

_Static_assert(sizeof(struct order_message) == 16, "no holes");

static uint32_t orders_apic_id;

/* @node has got the order. Return: false if there is no such order. */
static bool follow(unsigned int node, const struct order_message *m)
{
	switch (m->type) {
	case ORDER_BUTTON:
		button_press();
		return true;
	case ORDER_RESET:
		resets_by_order();
		return true;
	case ORDER_NMI:
		irq_deliver_nmi(orders_apic_id);
		return true;
	case ORDER_PAUSE:
	case ORDER_RESUME:
		pause_ask(m->type == ORDER_PAUSE);
		return true;
	case ORDER_MOVE:
		move_ask(node, m->cpu, m->node);
		return true;
	default:
		return false;
	}
}

/* A checkpoint is ordered on each node, whose keeper has opened its files. */
static void take_order(const struct order *order, int fds[PASS_FDS])
{
	const struct order_message m = {
		.type = order->type, .cpu = order->cpu, .node = order->node,
	};

	if (order->type == ORDER_CHECKPOINT) {
		checkpoint_ask(fds);
		return;
	}
	pass_close(fds);
	if (cluster_self() == 0)
		follow(0, &m);
	else
		cluster_send(0, CLUSTER_ORDER, &m);
}

static void handle_order(unsigned int node, const void *payload)
{
	const struct order_message *m = payload;

	if (cluster_self() != 0 || !follow(node, m))
		stop_ask(EXIT_NODE_LOST, "Node %u has sent an order that this node does not take.",
			 node);
}

void orders_init(uint32_t apic_id)
{
	orders_apic_id = apic_id;
	cluster_handle(CLUSTER_ORDER, sizeof(struct order_message),
		       handle_order);
}

void orders_start(void)
{
	stop_take_orders(take_order);
}
