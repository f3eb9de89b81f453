// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work of a connection: in a softirq, by one CPU at a time, without a wait for
 * another one; or in a thread.
 *
 * A tasklet for each connection would do the same. But a tasklet that is scheduled
 * on one CPU while it runs on another one makes the first CPU try again and again.
 * Here each CPU has one tasklet, which no other CPU schedules, and a list of works.
 * The code that raises @asked from 0 puts the work into the list of its CPU. All
 * others leave it to that CPU.
 *
 * The calls of kernel TLS take a mutex, so they need a thread. It is not bound to the
 * CPU that asks: a fault that waits for an answer may spin there.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/percpu.h>

#include "net/tcp_run.h"

#define WAIT_US	50

/**
 * struct runner - what a CPU has to run
 * @works: struct ssi_tcp_run
 * @tasklet: runs them
 */
struct runner {
	struct llist_head works;
	struct tasklet_struct tasklet;
};

static DEFINE_PER_CPU(struct runner, runners);
static struct workqueue_struct *run_wq;

static void put_in_list(struct ssi_tcp_run *run)
{
	struct runner *runner = get_cpu_ptr(&runners);

	llist_add(&run->node, &runner->works);
	tasklet_schedule(&runner->tasklet);
	put_cpu_ptr(&runners);
}

void ssi_tcp_run_ask(struct ssi_tcp_run *run)
{
	if (run->threaded)
		queue_work(run_wq, &run->work);
	else if (atomic_fetch_inc(&run->asked) == 0)
		put_in_list(run);
}

static void ssi_tcp_run_work(struct work_struct *work)
{
	struct ssi_tcp_run *run = container_of(work, struct ssi_tcp_run, work);

	if (run->run(run))
		queue_work(run_wq, work);
}

void ssi_tcp_run_set(struct ssi_tcp_run *run,
		     bool (*call)(struct ssi_tcp_run *run), bool threaded)
{
	run->run = call;
	run->threaded = threaded;
	INIT_WORK(&run->work, ssi_tcp_run_work);
}

/* The work may be freed as soon as @asked is 0. */
static void run_one(struct ssi_tcp_run *run)
{
	int asked = atomic_read(&run->asked);

	/*
	 * All that was written before the work was asked for is visible to it:
	 * pairs with atomic_fetch_inc() in ssi_tcp_run_ask().
	 */
	smp_mb();
	if (run->run(run))
		put_in_list(run);
	else if (atomic_sub_return(asked, &run->asked))
		put_in_list(run);
}

static void ssi_tcp_run_all(struct tasklet_struct *tasklet)
{
	struct runner *runner = container_of(tasklet, struct runner, tasklet);
	struct ssi_tcp_run *run, *next;

	llist_for_each_entry_safe(run, next, llist_del_all(&runner->works), node)
		run_one(run);
}

void ssi_tcp_run_wait(struct ssi_tcp_run *run)
{
	if (run->threaded)
		flush_work(&run->work);
	while (atomic_read(&run->asked))
		usleep_range(WAIT_US, 2 * WAIT_US);
}

int ssi_tcp_run_init(void)
{
	int cpu;

	run_wq = alloc_workqueue("ssi_tcp", WQ_HIGHPRI | WQ_UNBOUND |
				 WQ_MEM_RECLAIM, 0);
	if (!run_wq)
		return -ENOMEM;

	for_each_possible_cpu(cpu) {
		init_llist_head(&per_cpu(runners, cpu).works);
		tasklet_setup(&per_cpu(runners, cpu).tasklet, ssi_tcp_run_all);
	}
	return 0;
}

void ssi_tcp_run_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu(runners, cpu).tasklet);
	destroy_workqueue(run_wq);
}
