/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread that works for a device while its driver lets it. */
#ifndef VMM_VIRTIO_WORKER_H
#define VMM_VIRTIO_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/**
 * struct worker - the thread
 * @kick_fd: an eventfd; readable when there is something to look at
 * @run: works until worker_must_stop(), then returns
 * @arg: of @run
 * @lock: protects what follows
 * @changed: signals it
 * @running: between worker_start() and worker_stop()
 * @busy: @run has been called and has not returned
 */
struct worker {
	int kick_fd;
	void (*run)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_bool running;
	bool busy;
};

/* Create it, not running. Ends the process on errors. */
void worker_init(struct worker *worker, void (*run)(void *arg), void *arg);

void worker_start(struct worker *worker);

/* When this returns, @run has, and touches no guest memory any more. */
void worker_stop(struct worker *worker);

void worker_kick(struct worker *worker);

/* For @run. */
bool worker_must_stop(struct worker *worker);

/* For @run: wait for a kick, if it has nothing else to wait for. */
void worker_wait(struct worker *worker);

#endif /* VMM_VIRTIO_WORKER_H */
