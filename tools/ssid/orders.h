/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host of the cluster tells nodes to do, wherever they are. */
#ifndef SSID_ORDERS_H
#define SSID_ORDERS_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "rest.h"

#define ORDERS_ALL	UINT32_MAX

/* One order. @plan: the cluster, whose file the node gets. Return: 0 or -1. */
typedef int order_fn(json_t *plan, const json_t *node, struct failure *failure);

order_fn order_start;
order_fn order_end;
order_fn order_press;
order_fn order_change;

/**
 * struct order - one order that was given
 * @node: of the plan; NULL: this one was not asked
 * @ret: what it has returned
 * @failure: why, if @ret is not 0
 */
struct order {
	const json_t *node;
	int ret;
	struct failure failure;
	/* private: */
	json_t *plan;
	order_fn *give;
	pthread_t thread;
	bool has_thread;
};

/*
 * Give an order to nodes at the same time, as each takes up to half a minute, and wait for
 * all. @nodes: bit mask of their places in the plan. Return: SSI_DSM_MAX_NODES orders in
 * the order of the plan, to be freed, or NULL without memory.
 */
struct order *orders_give(json_t *plan, uint32_t nodes, order_fn *give);

/* May the node run, although its start has failed? Its host did not answer. */
bool order_may_run(const struct failure *failure);

#endif /* SSID_ORDERS_H */
