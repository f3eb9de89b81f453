/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences for the user, on stderr. */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include <stdbool.h>

#include "exit.h"

/* Show what log_debug() says. */
void log_set_verbose(bool verbose);

/* Who speaks, if it is not ssi-vmm. */
void log_set_program(const char *name);

/* Put the node's id in front of every line; a cluster has several. */
void log_set_node(unsigned int node);

/* Of one warning, at most ten are logged a minute (log_limit.h). */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * die() - say one sentence and end the process; only while setting up
 * @code: the exit code
 * @fmt: the sentence
 *
 * Once guest CPUs run, stop_ask() is the way to end.
 */
void die(enum exit_code code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif /* VMM_LOG_H */
