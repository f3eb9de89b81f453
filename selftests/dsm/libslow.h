/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody who writes through a reference to a page, and is slow: as a device
 * or vhost would be.
 */
#ifndef LIBSLOW_H
#define LIBSLOW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct slow - a write of one word
 * @to: where to
 * @source: what is written; its page comes when we say so
 * @fd: userfaultfd of @source
 * @thread: writes
 * @written: it did
 */
struct slow {
	volatile uint64_t *to;
	uint64_t *source;
	int fd;
	pthread_t thread;
	bool written;
};

/* Until the page of @to is held for writing. Bails out if that is not to be had. */
void slow_begin(struct slow *slow, volatile uint64_t *to);
/* @value is written, and the page let go. Whether that worked. */
bool slow_end(struct slow *slow, uint64_t value);

#endif /* LIBSLOW_H */
