/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests about the guest's console, which the host of the console answers. */
#ifndef SSID_RELAY_H
#define SSID_RELAY_H

#include <jansson.h>

#include "rest.h"
#include "terminal.h"

/* terminal_read() and terminal_type() of the node with the console. */
json_t *relay_read(const struct terminal_ask *ask, struct failure *failure);
int relay_type(const struct terminal_ask *ask, const char *text,
	       struct failure *failure);

#endif /* SSID_RELAY_H */
