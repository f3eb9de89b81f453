/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets of the guest: how it makes them, and how often. */
#ifndef VMM_RESETS_H
#define VMM_RESETS_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

#define RESETS_QUICK_S	30u	/* a guest that resets itself earlier makes no progress */
#define RESETS_LOOP	5u	/* so many of them in sequence are a loop */
#define RESETS_TELL_S	60u	/* a loop is logged so often */

/**
 * struct resets_history - the past resets, which the next process gets
 * @quick: resets in sequence, each within RESETS_QUICK_S of the guest's start
 * @told_s: when a loop was last logged; 0: never
 */
struct resets_history {
	unsigned int quick;
	uint64_t told_s;
};

/* What is to be logged about a reset. */
enum resets_news {
	RESETS_NEWS,		/* the reset */
	RESETS_NEWS_LOOP,	/* the loop */
	RESETS_NO_NEWS,		/* nothing: the loop was logged a short time ago */
};

/**
 * resets_count() - note a reset
 * @history: of the resets before
 * @ran_s: seconds from the guest's start to the reset
 * @now_s: seconds of a monotonic clock
 */
enum resets_news resets_count(struct resets_history *history, uint64_t ran_s,
			      uint64_t now_s);

/* Register the message; before cluster_start(). */
void resets_init(const struct options *options);

/* The guest begins to run. */
void resets_begin(void);

/* On the node with the devices: a device resets the guest. */
void resets_by_device(void);

/* The same, by an order of the keeper. */
void resets_by_order(void);

/*
 * A CPU that is real here has shut down after a triple fault: the guest is reset,
 * as by a PC's chipset. The CPU must not run any more.
 */
void resets_by_triple_fault(unsigned int cpu);

/*
 * The guest starts again: log @reason, or that this is a loop, and leave the history
 * to the process that follows.
 */
void resets_leave(const char *reason);

#endif /* VMM_RESETS_H */
