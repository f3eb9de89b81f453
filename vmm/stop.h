/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to end the machine. */
#ifndef VMM_STOP_H
#define VMM_STOP_H

#include <stdbool.h>

#include "exit.h"
#include "pass.h"

#define STOP_REASON_MAX	256	/* bytes of a reason with its NUL */

/**
 * struct stop_request - why the machine ends
 * @code: the exit code
 * @told: the request comes from another node, which tells all the others
 * @reason: one sentence
 */
struct stop_request {
	enum exit_code code;
	bool told;
	char reason[STOP_REASON_MAX];
};

/*
 * From here on SIGINT, SIGTERM and SIGHUP ask, too: the keeper takes them and sends them
 * to the socket @orders. If the process has not ended 5 seconds after that, or when
 * another of these signals comes, it is ended without the main thread. Ends the
 * process on errors.
 */
void stop_init(int orders);

/*
 * From here on the first SIGINT or SIGTERM calls @press instead, to let the
 * guest end itself. @press must not wait: no further signal is seen meanwhile.
 */
void stop_press_first(void (*press)(void));

/*
 * The same for the other orders of the keeper. @take closes the descriptors that have come
 * with one, by pass_close(), or keeps them.
 */
void stop_take_orders(void (*take)(const struct order *order, int fds[PASS_FDS]));

/*
 * Have @continued called after each SIGCONT, when a shell may have given this
 * process the terminal. It must not wait. At most two functions.
 */
void stop_add_continued(void (*continued)(void));

/* Make a request; returns at once. Only the first one counts. Any thread, any lock. */
void stop_ask(enum exit_code code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for a request of another node. */
void stop_told(const struct stop_request *request);

/*
 * Take no more orders: the keeper finds those that come from here on. Return: a signal
 * that has asked for the end when another request had been made already, or 0; a guest
 * that would start again ends by it.
 */
int stop_end_signals(void);

/* Has a request been made? A CPU's thread must not continue then. */
bool stop_asked(void);

/* The first request; valid once stop_asked(). */
const struct stop_request *stop_get(void);

/* Wait for a request for @ms milliseconds, or without a limit if @ms is -1. */
const struct stop_request *stop_wait(int ms);

#endif /* VMM_STOP_H */
