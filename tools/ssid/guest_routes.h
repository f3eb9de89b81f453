/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The routes of the guest's console, and of what ssi-vmm of one node says. Each has the
 * type of struct route's @run (routes.c).
 */
#ifndef SSID_GUEST_ROUTES_H
#define SSID_GUEST_ROUTES_H

#include <stdint.h>

#include "rest.h"

#define GUEST_ROUTE(name)						\
	int guest_routes_##name(const struct request *request, uint64_t number, \
				struct answer *answer, struct failure *failure)

GUEST_ROUTE(get_guest_terminal);
GUEST_ROUTE(post_guest_terminal);
GUEST_ROUTE(get_node_guest);
GUEST_ROUTE(post_guest_cpu);
GUEST_ROUTE(get_node_terminal);
GUEST_ROUTE(post_node_terminal);

#undef GUEST_ROUTE

#endif /* SSID_GUEST_ROUTES_H */
