// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service thread: does work that messages cause, and receives the next
 * messages meanwhile.
 *
 * DOC: Theory of operation
 *
 * Messages are received in softirq, after an interrupt of the device. Work that a
 * softirq must not do needs a task, which must be woken. If such works come one
 * after the other, most of their time is spent on interrupts and wake-ups.
 *
 * So the first work is given to the service thread. When it has done the work, it
 * stays for a while: it polls all sources of messages, which are not armed
 * meanwhile, and does the works that these messages cause itself. Works that come
 * in another way while the thread is busy go to their workqueues.
 *
 * The thread stops polling
 *
 * - when another task is runnable on its CPU: it only takes time that no other
 *   task wants;
 * - when no message has come for some time. This time is poll_us if the work that
 *   woke the thread came within poll_us of the last message, and is halved with
 *   each work that came later;
 * - when it leaves its CPU for another reason. A work may sleep, for a page lock
 *   or for memory, and the scheduler may preempt the thread.
 *
 * Sources are not armed only while the thread is on a CPU. This is what makes it
 * safe that works may sleep: they may wait for a task that waits for a message.
 * When the thread leaves its CPU, a preempt notifier clears @polls. An irq_work,
 * which runs at once, kicks the sources, and gives the works that the thread has
 * not begun to their workqueues.
 *
 * A softirq that has polled a source notes in source->unarmed that it will not be
 * armed, and looks at @polls then. The thread clears @polls first and looks at
 * source->unarmed then. So one of the two sees what the other has written, and
 * the source is armed.
 *
 * On a host with one CPU, and with poll_us=0, all works go to their workqueues. With
 * 0 there is no thread at all.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include "net/service.h"

#define BUDGET		16	/* messages of a source in one turn */
#define ITEMS		32
#define POLL_MIN_NS	20000ull

/**
 * struct item - a work that the thread will run
 * @wq: where it runs if the thread leaves its CPU before
 * @work: the work
 */
struct item {
	struct workqueue_struct *wq;
	struct work_struct *work;
};

/**
 * struct service - the service thread
 * @thread: its task, or NULL
 * @poll_us: longest time without a message for which it polls
 * @notifier: calls us when @thread leaves its CPU
 * @leave: does then what the scheduler cannot
 * @turn: held by @thread while it polls and works; @sources changes under it, and
 *	under @lock
 * @lock: protects @sources, @items, @first and @nr; taken in any context
 * @sources: struct ssi_source
 * @items: works, the oldest at @first
 * @first: see @items
 * @nr: used entries of @items
 * @asleep: @thread waits for its first work
 * @polls: @thread is on its CPU and polls all sources
 * @limit: time without a message after which it stops polling, in ns
 * @last: ktime in ns when a message or a work came last; only @thread uses it
 */
static struct service {
	struct task_struct *thread;
	u32 poll_us;
	struct preempt_notifier notifier;
	struct irq_work leave;
	struct mutex turn;
	spinlock_t lock;
	struct list_head sources;
	struct item items[ITEMS];
	u32 first, nr;
	bool asleep;
	bool polls;
	u64 limit;
	u64 last;
} service;

/* ---- works ---- */

/* Whether the thread takes a work: its first one, or one that it has caused. */
static bool takes_work(void)
{
	if (current == service.thread && in_task())
		return READ_ONCE(service.polls);
	return READ_ONCE(service.asleep) && num_online_cpus() > 1 &&
	       !list_empty(&service.sources);
}

static bool add_item(struct workqueue_struct *wq, struct work_struct *work)
{
	unsigned long flags;
	bool added;

	spin_lock_irqsave(&service.lock, flags);
	added = takes_work() && service.nr < ITEMS;
	if (added) {
		service.items[(service.first + service.nr++) % ITEMS] =
			(struct item){ .wq = wq, .work = work };
		WRITE_ONCE(service.asleep, false);
	}
	spin_unlock_irqrestore(&service.lock, flags);
	return added;
}

static bool take_item(struct item *item)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&service.lock, flags);
	taken = service.nr;
	if (taken) {
		*item = service.items[service.first];
		service.first = (service.first + 1) % ITEMS;
		service.nr--;
	}
	spin_unlock_irqrestore(&service.lock, flags);
	return taken;
}

void ssi_service_queue_work(struct workqueue_struct *wq,
			    struct work_struct *work)
{
	if (!takes_work() || !add_item(wq, work))
		queue_work(wq, work);
	else if (current != service.thread || !in_task())
		wake_up_process(service.thread);
}

static u32 run_works(void)
{
	struct item item;
	u32 count = 0;

	for (; take_item(&item); count++)
		item.work->func(item.work);
	return count;
}

static void give_works_away(void)
{
	struct item item;

	while (take_item(&item))
		queue_work(item.wq, item.work);
}

/* ---- the end of polling ---- */

/* In a task, BHs are disabled: softirqs run when they are enabled. */
static void kick_all(void)
{
	struct ssi_source *source;
	unsigned long flags;

	spin_lock_irqsave(&service.lock, flags);
	list_for_each_entry(source, &service.sources, list)
		if (READ_ONCE(source->unarmed)) {
			WRITE_ONCE(source->unarmed, false);
			source->kick(source);
		}
	spin_unlock_irqrestore(&service.lock, flags);
}

/* The thread has left its CPU. */
static void ssi_service_leave(struct irq_work *work)
{
	give_works_away();
	kick_all();
}

/* The scheduler's lock is held. */
static void ssi_service_sched_out(struct preempt_notifier *notifier,
				  struct task_struct *next)
{
	if (!READ_ONCE(service.polls) && !READ_ONCE(service.nr))
		return;
	WRITE_ONCE(service.polls, false);
	irq_work_queue(&service.leave);
}

static void ssi_service_sched_in(struct preempt_notifier *notifier, int cpu)
{
}

static struct preempt_ops notifier_ops = {
	.sched_in = ssi_service_sched_in,
	.sched_out = ssi_service_sched_out,
};

/*
 * With BHs disabled, the thread stays on its CPU until the sources are kicked: once
 * @polls is false, the notifier does nothing.
 */
static void stop_polling(void)
{
	local_bh_disable();
	WRITE_ONCE(service.polls, false);
	smp_mb();	/* pairs with that of ssi_service_polls() */
	kick_all();
	local_bh_enable();
}

bool ssi_service_polls(struct ssi_source *source)
{
	smp_store_release(&source->unarmed, true);	/* @kick is effective */
	smp_mb();	/* pairs with that of stop_polling() */
	if (READ_ONCE(service.polls) && !READ_ONCE(source->alone))
		return true;
	WRITE_ONCE(source->unarmed, false);
	return false;
}

/* ---- the thread ---- */

static u32 poll_all(void)
{
	struct ssi_source *source;
	u32 count = 0;

	lockdep_assert_held(&service.turn);
	local_bh_disable();
	list_for_each_entry(source, &service.sources, list)
		count += source->poll(source, BUDGET);
	local_bh_enable();
	return count;
}

static u32 take_turn(void)
{
	u32 count;

	mutex_lock(&service.turn);
	count = run_works();
	count += poll_all();
	count += run_works();
	mutex_unlock(&service.turn);
	return count;
}

static bool is_cpu_wanted(void)
{
	return need_resched() || !single_task_running();
}

/* The first work came at @now. */
static void adapt_limit(u64 now)
{
	u64 most = service.poll_us * (u64)NSEC_PER_USEC;

	service.limit = now - service.last <= most ? most : service.limit / 2;
	if (service.limit < POLL_MIN_NS)
		service.limit = 0;
	service.last = now;
}

static void work_and_poll(void)
{
	u64 now = ktime_get_ns();

	adapt_limit(now);
	WRITE_ONCE(service.polls, true);
	do {
		if (take_turn())
			service.last = ktime_get_ns();
		else
			cpu_relax();
		now = ktime_get_ns();
	} while (READ_ONCE(service.polls) && !is_cpu_wanted() &&
		 now - service.last < service.limit && !kthread_should_stop());
	stop_polling();
}

/* Return: false to stop. */
static bool wait_for_work(void)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		spin_lock_irq(&service.lock);
		WRITE_ONCE(service.asleep, !service.nr);
		spin_unlock_irq(&service.lock);
		if (!READ_ONCE(service.asleep))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(service.asleep, false);
	return !kthread_should_stop();
}

static int ssi_service_main(void *unused)
{
	preempt_notifier_init(&service.notifier, &notifier_ops);
	preempt_notifier_register(&service.notifier);
	set_user_nice(current, MIN_NICE);
	while (wait_for_work())
		work_and_poll();
	preempt_notifier_unregister(&service.notifier);
	return 0;
}

/* ---- sources, init and exit ---- */

void ssi_service_add(struct ssi_source *source)
{
	unsigned long flags;

	mutex_lock(&service.turn);
	spin_lock_irqsave(&service.lock, flags);
	list_add_tail(&source->list, &service.sources);
	spin_unlock_irqrestore(&service.lock, flags);
	mutex_unlock(&service.turn);
}

void ssi_service_remove(struct ssi_source *source)
{
	unsigned long flags;

	mutex_lock(&service.turn);
	spin_lock_irqsave(&service.lock, flags);
	list_del_init(&source->list);
	WRITE_ONCE(source->alone, true);
	spin_unlock_irqrestore(&service.lock, flags);
	mutex_unlock(&service.turn);
	local_bh_disable();
	source->kick(source);
	local_bh_enable();
}

void ssi_service_flush(void)
{
	mutex_lock(&service.turn);
	give_works_away();
	mutex_unlock(&service.turn);
	irq_work_sync(&service.leave);
}

int ssi_service_init(u32 poll_us)
{
	struct task_struct *thread;

	service = (struct service){ .poll_us = poll_us };
	mutex_init(&service.turn);
	spin_lock_init(&service.lock);
	INIT_LIST_HEAD(&service.sources);
	init_irq_work(&service.leave, ssi_service_leave);
	if (!poll_us)
		return 0;
	preempt_notifier_inc();
	thread = kthread_run(ssi_service_main, NULL, "ssi_dsm_service");
	if (IS_ERR(thread)) {
		preempt_notifier_dec();
		return PTR_ERR(thread);
	}
	service.thread = thread;
	return 0;
}

void ssi_service_exit(void)
{
	if (!service.thread)
		return;
	kthread_stop(service.thread);
	irq_work_sync(&service.leave);
	preempt_notifier_dec();
}
