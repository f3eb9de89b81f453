// SPDX-License-Identifier: GPL-2.0-or-later
/* A thread that works for a device while its driver lets it. */
#include "worker.h"

#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../log.h"

static void *worker_thread(void *arg)
{
	struct worker *worker = arg;

	pthread_mutex_lock(&worker->lock);
	for (;;) {
		while (!atomic_load(&worker->running))
			pthread_cond_wait(&worker->changed, &worker->lock);
		worker->busy = true;
		pthread_mutex_unlock(&worker->lock);
		worker->run(worker->arg);
		pthread_mutex_lock(&worker->lock);
		/* It may return early, when the device is broken. */
		while (atomic_load(&worker->running))
			pthread_cond_wait(&worker->changed, &worker->lock);
		worker->busy = false;
		pthread_cond_broadcast(&worker->changed);
	}
	return NULL;
}

void worker_init(struct worker *worker, void (*run)(void *arg), void *arg)
{
	pthread_t thread;

	worker->run = run;
	worker->arg = arg;
	worker->kick_fd = eventfd(0, EFD_CLOEXEC);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->changed, NULL);
	if (worker->kick_fd < 0 ||
	    pthread_create(&thread, NULL, worker_thread, worker))
		die(EXIT_HOST, "The host gives no thread for a device.");
}

void worker_start(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	atomic_store(&worker->running, true);
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	/* The driver may have offered something before it said that it is ready. */
	worker_kick(worker);
}

void worker_stop(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	atomic_store(&worker->running, false);
	worker_kick(worker);
	pthread_cond_broadcast(&worker->changed);
	while (worker->busy)
		pthread_cond_wait(&worker->changed, &worker->lock);
	pthread_mutex_unlock(&worker->lock);
}

void worker_kick(struct worker *worker)
{
	const uint64_t one = 1;

	/* It cannot fail but for a counter that is full, which is as good. */
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
