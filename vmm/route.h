/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which node an address leads to. */
#ifndef VMM_ROUTE_H
#define VMM_ROUTE_H

#include <stdint.h>

#include "bus.h"

/* Register the message; before cluster_start(). */
void route_init(void);

/*
 * What these addresses reach is on another node than FORWARD_DEVICE_NODE; all
 * nodes are told the same. While setting up.
 */
void route_add_range(uint64_t base, uint64_t size, unsigned int node);

/* The node that has what an address reaches. Any thread. */
unsigned int route_of(enum bus_space space, uint64_t addr);

/**
 * route_move_bar() - a BAR of this node may have been moved
 * @bar: which
 * @base: guest physical address
 * @size: bytes; 0: it is not to be reached
 *
 * On return FORWARD_DEVICE_NODE knows, or has the message in front of any other
 * that is sent to it from now on.
 */
void route_move_bar(uint32_t bar, uint64_t base, uint64_t size);

#endif /* VMM_ROUTE_H */
