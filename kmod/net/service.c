// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service thread: does page work without a wake-up for each.
 *
 * DOC: Theory of operation
 *
 * Messages are received in softirq. Work that a softirq must not do needs a task,
 * which must be woken. If such works come one after the other, most of their time is
 * spent on wake-ups.
 *
 * So the service thread looks for the next work for a while after it has done one.
 * It does that with preemption disabled, so it stays on its CPU, and only while no
 * other task is runnable there. Softirqs and interrupts run as always: all messages
 * are received as if the thread did not exist.
 *
 * @slot is the only thing that the thread and the code that has a work share:
 *
 * - SLEEPS: the thread sleeps. The code that has a work puts it into @slot and wakes
 *   the thread.
 * - LOOKS: the thread is on its CPU and looks at @slot. The code that has a work puts
 *   it into @slot, and the thread takes it at once.
 * - BUSY: the thread does a work, or is about to sleep.
 * - a work: the thread is going to take it.
 *
 * A work that finds neither SLEEPS nor LOOKS goes to its workqueue. So a work never
 * waits for another work: that one may sleep, for a page lock or for memory, and wait
 * for a task that waits for a message. A work in @slot only waits for a thread that is
 * on its CPU or runnable.
 *
 * How long the thread looks depends on its luck: for @poll_us if the work that woke it
 * came within @poll_us of the last work, and half as long with each work that came
 * later. So works that come alone keep no CPU busy.
 *
 * On a host with one CPU, and with poll_us=0, all works go to their workqueues. With
 * 0 there is no thread at all.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "net/service.h"

#define SLEEPS	((struct work_struct *)1)
#define LOOKS	((struct work_struct *)2)
#define BUSY	((struct work_struct *)3)

#define LOOK_MIN_NS	20000ull
#define FLUSH_US	50

/**
 * struct service - the service thread
 * @thread: its task, or NULL
 * @poll_us: longest time for which it looks for a work that does not come
 * @slot: the next work, or what the thread does; see above
 * @done: number of works that it has done
 * @limit: how long it looks now, in ns; only @thread uses it
 * @last: ktime in ns when a work ended; only @thread uses it
 */
struct service {
	struct task_struct *thread;
	u32 poll_us;
	struct work_struct *slot;
	u32 done;
	u64 limit;
	u64 last;
};

static struct service service = { .slot = BUSY };

static bool takes_work(const struct work_struct *slot)
{
	return slot == LOOKS || (slot == SLEEPS && num_online_cpus() > 1);
}

void ssi_service_queue_work(struct workqueue_struct *wq,
			    struct work_struct *work)
{
	struct work_struct *slot = READ_ONCE(service.slot);

	if (!takes_work(slot) || cmpxchg(&service.slot, slot, work) != slot)
		queue_work(wq, work);
	else if (slot == SLEEPS)
		wake_up_process(service.thread);
}

/* ---- the thread ---- */

/* Return: the work in @slot, or NULL. From now on, works go to their workqueues. */
static struct work_struct *close_slot(void)
{
	struct work_struct *slot = xchg(&service.slot, BUSY);

	return slot == LOOKS || slot == SLEEPS ? NULL : slot;
}

static bool is_cpu_wanted(void)
{
	return need_resched() || !single_task_running();
}

static struct work_struct *look_for_work(void)
{
	u64 end = service.last + service.limit;
	struct work_struct *work;

	preempt_disable();
	smp_store_release(&service.slot, LOOKS);	/* pairs with is_idle() */
	while (READ_ONCE(service.slot) == LOOKS && !is_cpu_wanted() &&
	       ktime_get_ns() < end)
		cpu_relax();
	work = close_slot();
	preempt_enable();
	return work;
}

/* Return: NULL to stop. */
static struct work_struct *wait_for_work(void)
{
	smp_store_release(&service.slot, SLEEPS);	/* pairs with is_idle() */
	for (;;) {
		set_current_state(TASK_IDLE);
		if (READ_ONCE(service.slot) != SLEEPS || kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return close_slot();
}

/* A work has woken the thread. */
static void adapt_limit(void)
{
	u64 most = service.poll_us * (u64)NSEC_PER_USEC;

	if (ktime_get_ns() - service.last <= most)
		service.limit = most;
	else
		service.limit /= 2;
	if (service.limit < LOOK_MIN_NS)
		service.limit = 0;
}

static void run_work(struct work_struct *work)
{
	work->func(work);
	service.last = ktime_get_ns();
	/* Pairs with ssi_service_flush(). */
	smp_store_release(&service.done, service.done + 1);
}

static int ssi_service_main(void *unused)
{
	struct work_struct *work;

	set_user_nice(current, MIN_NICE);
	while ((work = wait_for_work())) {
		adapt_limit();
		do
			run_work(work);
		while ((work = look_for_work()));
	}
	return 0;
}

/* ---- init and exit ---- */

static bool is_idle(void)
{
	/* All that the last work did is visible. */
	struct work_struct *slot = smp_load_acquire(&service.slot);

	return !service.thread || slot == SLEEPS || slot == LOOKS;
}

/* There is at most one work in @slot or under way. */
void ssi_service_flush(void)
{
	u32 done = smp_load_acquire(&service.done);	/* pairs with run_work() */

	/* As above. */
	while (!is_idle() && smp_load_acquire(&service.done) == done)
		usleep_range(FLUSH_US, 2 * FLUSH_US);
}

int ssi_service_init(u32 poll_us)
{
	struct task_struct *thread;

	service = (struct service){ .poll_us = poll_us, .slot = BUSY };
	if (!poll_us)
		return 0;
	thread = kthread_create(ssi_service_main, NULL, "ssi_dsm_service");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	service.thread = thread;
	wake_up_process(thread);
	return 0;
}

void ssi_service_exit(void)
{
	if (service.thread)
		kthread_stop(service.thread);
}
