/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest stands still: none of its CPUs runs, on any node, and nor does its time. */
#ifndef VMM_PAUSE_H
#define VMM_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

/* Register the messages; before cluster_start(). */
void pause_init(void);

/*
 * The guest stands still since its TSC was @stopped, on all nodes; pause_start() lets it run.
 * On each node, after tsc_init().
 */
void pause_restored(uint64_t stopped);

/* Take requests from here on, when the CPUs are there. */
void pause_start(void);

/*
 * On node 0: let the guest stand still, or run again. Returns at once; ask_life() on each
 * node tells when it is done. Twice is like once.
 */
void pause_ask(bool paused);

/*
 * On node 0: let the guest stand still, whatever pause_ask() asks for, until
 * pause_release(). Waits until it does, on all nodes. Return: its TSC then.
 */
uint64_t pause_hold(void);
void pause_release(void);

/* On node 0: is the guest to stand still? */
bool pause_is_wanted(void);

#endif /* VMM_PAUSE_H */
