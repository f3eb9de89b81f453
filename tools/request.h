/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the arguments of a command to its exit code.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdint.h>

#include "../lib/genl.h"
#include "args.h"

typedef void (*show_fn)(const struct genl_reply *reply);

/* A command that changes something. Returns the exit code. */
int request_change(uint8_t cmd, const struct keyword *keywords, int argc,
		   char **argv);

/*
 * A command that shows: one object if all required keywords are there, else a
 * dump of what the others leave. Returns the exit code.
 */
int request_show(uint8_t cmd, const struct keyword *keywords, int argc,
		 char **argv, show_fn show);

/* Events until the program is ended. Returns the exit code. */
int request_events(show_fn show);

#endif /* REQUEST_H */
