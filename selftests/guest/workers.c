// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads that are pinned to one CPU each. */
#include "workers.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "report.h"

struct worker {
	pthread_t thread;
	int index;
	int cpu;
	void (*run)(int index, void *arg);
	void *arg;
	int *go;
};

enum { GO_WAIT, GO_RUN, GO_ABANDON };

static void *start(void *data)
{
	struct worker *worker = data;
	int go;

	while ((go = __atomic_load_n(worker->go, __ATOMIC_ACQUIRE)) == GO_WAIT)
		sched_yield();
	if (go == GO_RUN)
		worker->run(worker->index, worker->arg);
	return NULL;
}

static int create(struct worker *worker)
{
	pthread_attr_t attr;
	cpu_set_t set;
	int err;

	CPU_ZERO(&set);
	CPU_SET(worker->cpu, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	err = pthread_create(&worker->thread, &attr, start, worker);
	pthread_attr_destroy(&attr);
	if (err)
		report_fail("No thread can be started on CPU %d: %s.",
			    worker->cpu, strerror(err));
	return err;
}

int workers_run(const struct machine_cpu *cpus, int count,
		void (*run)(int index, void *arg), void *arg)
{
	struct worker workers[MAX_CPUS];
	int created, go = GO_WAIT;

	for (created = 0; created < count; created++) {
		workers[created] = (struct worker) {
			.index = created, .cpu = cpus[created].id,
			.run = run, .arg = arg, .go = &go,
		};
		if (create(&workers[created]))
			break;
	}
	__atomic_store_n(&go, created == count ? GO_RUN : GO_ABANDON,
			 __ATOMIC_RELEASE);
	for (int i = 0; i < created; i++)
		pthread_join(workers[i].thread, NULL);
	return created == count ? 0 : -1;
}
