/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders of the keeper on their way to the guest's process, some with descriptors. */
#ifndef VMM_PASS_H
#define VMM_PASS_H

#include <stdbool.h>

#include "keeper_msg.h"

#define PASS_FDS	3

/*
 * Send an order, with the descriptors of @fds that are not negative; @fds may be NULL.
 * Waits for nothing. Return: whether it was sent.
 */
bool pass_order(int socket, const struct order *order, const int *fds);

/*
 * Receive an order, and its descriptors, in the order in which they were sent; the others
 * are -1. Waits for nothing. Return: whether there was an order.
 */
bool pass_receive(int socket, struct order *order, int fds[PASS_FDS]);

/* Close those that are not negative. */
void pass_close(int fds[PASS_FDS]);

#endif /* VMM_PASS_H */
