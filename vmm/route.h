/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Find the node of the device at an address. */
#ifndef VMM_ROUTE_H
#define VMM_ROUTE_H

#include <stdint.h>

#include "bus.h"

/* Register the message; before cluster_start(). */
void route_init(void);

/*
 * Devices at these addresses are on another node than FORWARD_DEVICE_NODE. All
 * nodes add the same ranges while setting up.
 */
void route_add_range(uint64_t base, uint64_t size, unsigned int node);

/* The node of the device at an address. Any thread. */
unsigned int route_of(enum bus_space space, uint64_t addr);

/**
 * route_move_bar() - a BAR of this node may have been moved
 * @bar: which
 * @base: guest physical address
 * @size: bytes; 0: the guest has disabled it
 *
 * FORWARD_DEVICE_NODE receives the change before any message that is sent to it
 * after this call.
 */
void route_move_bar(uint32_t bar, uint64_t base, uint64_t size);

#endif /* VMM_ROUTE_H */
