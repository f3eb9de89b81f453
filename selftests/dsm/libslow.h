/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slow write through a reference to a page, as of a device or vhost.
 */
#ifndef LIBSLOW_H
#define LIBSLOW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct slow - a write of one word
 * @to: where to
 * @source: the word to write; its page is not there until slow_end()
 * @fd: userfaultfd of @source
 * @thread: writes
 * @written: it has written the word
 */
struct slow {
	volatile uint64_t *to;
	uint64_t *source;
	int fd;
	pthread_t thread;
	bool written;
};

/*
 * Returns when the page of @to is pinned for writing. Bails out if it cannot
 * be.
 */
void slow_begin(struct slow *slow, volatile uint64_t *to);
/* Writes @value and releases the page. Returns whether that worked. */
bool slow_end(struct slow *slow, uint64_t value);

#endif /* LIBSLOW_H */
