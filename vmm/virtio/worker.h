/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that work for a device while its driver lets them.
 *
 * DOC: Theory of operation
 *
 * A device starts and stops its workers with the device lock held. Stopping
 * does not wait: a worker may wait for a disk or for another node, and meanwhile no
 * CPU could use any device. The last worker of a group that ends takes the device
 * lock and calls the group's @ended, which goes on from there.
 */
#ifndef VMM_VIRTIO_WORKER_H
#define VMM_VIRTIO_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "../filter.h"

/**
 * struct worker_group - the workers of one device
 * @active: workers that were started and have not ended
 * @rounds: how often @active became 0
 * @changed: signals @rounds; for bus_wait()
 * @ended: called when @active becomes 0, with the device lock held
 *
 * The device lock protects it.
 */
struct worker_group {
	unsigned int active;
	unsigned int rounds;
	pthread_cond_t changed;
	void (*ended)(struct worker_group *group);
};

/**
 * struct worker - one thread
 * @kick_fd: an eventfd; readable when there is something to look at
 * @group: the group that it belongs to
 * @filter: the system calls that it needs
 * @run: works until worker_must_stop(), then returns
 * @arg: of @run
 * @lock: protects what follows
 * @changed: signals it
 * @running: between worker_start() and worker_stop()
 * @pending: @run is to be called
 */
struct worker {
	int kick_fd;
	struct worker_group *group;
	enum filter_kind filter;
	void (*run)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_bool running;
	bool pending;
};

void worker_group_init(struct worker_group *group,
		       void (*ended)(struct worker_group *group));

/*
 * Wait until all workers that are active now have ended, with the device lock
 * held; it is released meanwhile. They must have been told to stop.
 */
void worker_group_wait(struct worker_group *group);

/**
 * worker_init() - create a worker, not running
 * @worker: the worker
 * @group: its group
 * @filter: the system calls that it needs
 * @run: what it does
 * @arg: for @run
 *
 * Ends the process on errors.
 */
void worker_init(struct worker *worker, struct worker_group *group,
		 enum filter_kind filter, void (*run)(void *arg), void *arg);

/* With the device lock held, and no worker of the group active. */
void worker_start(struct worker *worker);

/*
 * Tell it to stop, with the device lock held; returns at once. Once it has, it
 * touches no guest memory.
 */
void worker_stop(struct worker *worker);

void worker_kick(struct worker *worker);

/* For @run. */
bool worker_must_stop(struct worker *worker);

/* For @run: wait for a kick, if it has nothing else to wait for. */
void worker_wait(struct worker *worker);

#endif /* VMM_VIRTIO_WORKER_H */
