/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages for the user, on stderr. */
#ifndef VMM_LOG_H
#define VMM_LOG_H

#include <stdbool.h>

#include "exit.h"

/* The least important messages that are logged. */
enum log_level {
	LOG_LEVEL_ERROR,	/* only die() and log_error() */
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,		/* by default */
	LOG_LEVEL_DEBUG,
};

void log_set_level(enum log_level level);

/* Put the time, in UTC, in front of every line. */
void log_set_time(bool on);

/* Set the name of the program, if it is not ssi-vmm. */
void log_set_program(const char *name);

/* Put the node's id in front of every line; a cluster has several. */
void log_set_node(unsigned int node);

/* Why ssi-vmm ends, if that is an error: always. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Of one warning, at most ten are logged a minute (log_limit.h). */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * die() - log a message and end the process; only while setting up
 * @code: the exit code
 * @fmt: the sentence
 *
 * Once guest CPUs run, stop_ask() is the way to end.
 */
void die(enum exit_code code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif /* VMM_LOG_H */
