// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads that work for a device while its driver lets them. */
#include "worker.h"

#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../bus.h"
#include "../log.h"

static void wait_for_start(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	while (!worker->pending)
		pthread_cond_wait(&worker->changed, &worker->lock);
	worker->pending = false;
	pthread_mutex_unlock(&worker->lock);
}

/* The thread may be done earlier, when the device is broken. */
static void wait_for_stop(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	while (atomic_load(&worker->running))
		pthread_cond_wait(&worker->changed, &worker->lock);
	pthread_mutex_unlock(&worker->lock);
}

static void leave(struct worker_group *group)
{
	bus_lock();
	if (!--group->active) {
		group->rounds++;
		pthread_cond_broadcast(&group->changed);
		group->ended(group);
	}
	bus_unlock();
}

static void *worker_thread(void *arg)
{
	struct worker *worker = arg;
	bool limited = false;

	for (;;) {
		wait_for_start(worker);
		/* not before: filter_process() comes after the devices */
		if (!limited)
			filter_thread(worker->filter);
		limited = true;
		worker->run(worker->arg);
		wait_for_stop(worker);
		leave(worker->group);
	}
	return NULL;
}

void worker_group_init(struct worker_group *group,
		       void (*ended)(struct worker_group *group))
{
	pthread_cond_init(&group->changed, NULL);
	group->ended = ended;
}

void worker_group_wait(struct worker_group *group)
{
	unsigned int rounds = group->rounds;

	while (group->active && group->rounds == rounds)
		bus_wait(&group->changed);
}

void worker_init(struct worker *worker, struct worker_group *group,
		 enum filter_kind filter, void (*run)(void *arg), void *arg)
{
	pthread_t thread;

	worker->group = group;
	worker->filter = filter;
	worker->run = run;
	worker->arg = arg;
	worker->kick_fd = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->changed, NULL);
	if (worker->kick_fd < 0 ||
	    pthread_create(&thread, NULL, worker_thread, worker))
		die(EXIT_HOST, "A thread for a device could not be created.");
}

void worker_start(struct worker *worker)
{
	worker->group->active++;
	pthread_mutex_lock(&worker->lock);
	worker->pending = true;
	atomic_store(&worker->running, true);
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	/* The driver may have offered requests before it set DRIVER_OK. */
	worker_kick(worker);
}

void worker_stop(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	atomic_store(&worker->running, false);
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	worker_kick(worker);
}

void worker_kick(struct worker *worker)
{
	const uint64_t one = 1;

	/* It fails only if the counter is full, and then a kick is pending. */
	if (write(worker->kick_fd, &one, sizeof(one)) < 0)
		return;
}

bool worker_must_stop(struct worker *worker)
{
	return !atomic_load(&worker->running);
}

void worker_wait(struct worker *worker)
{
	uint64_t count;

	if (read(worker->kick_fd, &count, sizeof(count)) < 0)
		return;		/* interrupted: the caller looks again */
}
