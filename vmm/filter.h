/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which system calls the guest's process may make, and which each thread (seccomp). */
#ifndef VMM_FILTER_H
#define VMM_FILTER_H

#include <stdbool.h>

/**
 * enum filter_kind - threads with a filter of their own
 * @FILTER_CPU: runs a CPU of the guest
 * @FILTER_DISK: works for a queue of a disk
 * @FILTER_TAP: works for a network card with a tap
 * @FILTER_USERNET: works for a network card with a user network
 * @FILTER_PLAIN: works for another device
 * @FILTER_REST: all other threads
 */
enum filter_kind {
	FILTER_CPU,
	FILTER_DISK,
	FILTER_TAP,
	FILTER_USERNET,
	FILTER_PLAIN,
	FILTER_REST,
};

/**
 * filter_process() - from now on no thread may make other calls than these
 * @usernet: the process has a user network
 *
 * A thread that makes another one ends the process by SIGSYS. Call it when everything
 * is open, and before the guest begins. Ends the process with a sentence if the
 * kernel refuses.
 */
void filter_process(bool usernet);

/*
 * Limit the calling thread further, to the calls of its kind. Does nothing without
 * filter_process().
 */
void filter_thread(enum filter_kind kind);

#endif /* VMM_FILTER_H */
