// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Work and timers: what is queued is run by a task of its own, in any order and
 * all at the same time, but no work or timer beside itself.
 */
#include "tasks.h"
#include "work.h"

#define QUEUED_MAX	1024
#define POLL_NS		(10 * NSEC_PER_USEC)

/**
 * struct workqueue_struct - a work queue
 * @name: for reports
 * @queued: how many items are
 * @runs: how many items do
 */
struct workqueue_struct {
	char name[24];
	u32 queued;
	u32 runs;
};

static struct workqueue_struct system_queues[] = {
	{ .name = "events" }, { .name = "events_unbound" },
};

struct workqueue_struct *system_wq = &system_queues[0];
struct workqueue_struct *system_unbound_wq = &system_queues[1];

/* A work or a timer; work_struct.wq and hrtimer.armed tell the same. */
static struct work_struct *works[QUEUED_MAX];
static struct delayed_work *delayed[QUEUED_MAX];
static struct hrtimer *timers[QUEUED_MAX];
static struct hrtimer *due[QUEUED_MAX];
static u32 nr_works, nr_delayed, nr_timers, nr_due;

/* The place of @item among @nr, or @nr. */
static u32 place_of(void *items, u32 nr, const void *item)
{
	const void *const *all = items;
	u32 i;

	for (i = 0; i < nr && all[i] != item; i++)
		;
	return i;
}

static void add_item(void *items, u32 *nr, void *item)
{
	sim_need(*nr < QUEUED_MAX, "too much is queued");
	((void **)items)[(*nr)++] = item;
}

static void remove_item(void *items, u32 *nr, const void *item)
{
	u32 i = place_of(items, *nr, item);
	void **all = items;

	sim_need(i < *nr, "something is not queued that should be");
	all[i] = all[--*nr];
}

/* ---- work ---- */

struct workqueue_struct *alloc_workqueue(const char *fmt, u32 flags,
					 int active, ...)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq),
					      GFP_KERNEL | __GFP_NOFAIL);
	va_list args;

	(void)flags;
	va_start(args, active);
	vsnprintf(wq->name, sizeof(wq->name), fmt, args);
	va_end(args);
	return wq;
}

/* What is queued meanwhile is waited for, too: a strict reading. */
void flush_workqueue(struct workqueue_struct *wq)
{
	might_sleep();
	while (wq->queued || wq->runs)
		task_sleep(NULL, POLL_NS);
}

bool works_are_left(const struct workqueue_struct *wq)
{
	return wq->queued || wq->runs;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	kfree(wq);
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	sim_need(work->func, "work is queued that is not initialised");
	if (work->wq)
		return false;
	work->wq = wq;
	wq->queued++;
	add_item(works, &nr_works, work);
	return true;
}

static bool unqueue(struct work_struct *work)
{
	if (!work->wq)
		return false;
	remove_item(works, &nr_works, work);
	work->wq->queued--;
	work->wq = NULL;
	return true;
}

static bool is_running(const struct work_struct *work)
{
	u32 i;

	for (i = 0; i < TASKS_MAX; i++)
		if (sim_tasks[i].work == work)
			return true;
	return false;
}

bool cancel_work_sync(struct work_struct *work)
{
	bool was_queued = unqueue(work);

	might_sleep();
	while (is_running(work))
		task_sleep(NULL, POLL_NS);
	return was_queued;
}

/* The work may free itself. */
static void run_work(void *arg)
{
	struct work_struct *work = arg;
	struct task *task = sim_self();
	struct workqueue_struct *wq = task->wq;

	work->func(work);
	task->work = NULL;
	wq->runs--;
}

static void start_work(struct work_struct *work)
{
	struct workqueue_struct *wq = work->wq;
	struct task *task;

	unqueue(work);
	wq->runs++;
	task = task_start(run_work, work, "work of %s", wq->name);
	task->work = work;
	task->wq = wq;
}

/* ---- work for later ---- */

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
			unsigned long ticks)
{
	if (work->wq || work->work.wq)
		return false;
	if (!ticks)
		return queue_work(wq, &work->work);
	work->wq = wq;
	work->due = sim_now + ticks * (NSEC_PER_SEC / HZ);
	add_item(delayed, &nr_delayed, work);
	return true;
}

static bool undelay(struct delayed_work *work)
{
	if (!work->wq)
		return unqueue(&work->work);
	work->wq = NULL;
	remove_item(delayed, &nr_delayed, work);
	return true;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
		      unsigned long ticks)
{
	bool was_queued = undelay(work);

	queue_delayed_work(wq, work, ticks);
	return was_queued;
}

/* Work that queues itself again is caught, too. */
bool cancel_delayed_work_sync(struct delayed_work *work)
{
	bool was_queued = undelay(work);

	might_sleep();
	while (is_running(&work->work)) {
		task_sleep(NULL, POLL_NS);
		undelay(work);
	}
	return was_queued;
}

/* ---- timers ---- */

void hrtimer_init(struct hrtimer *timer, int clock, enum hrtimer_mode mode)
{
	(void)clock;
	(void)mode;
	*timer = (struct hrtimer){ 0 };
}

static void disarm(struct hrtimer *timer)
{
	if (!timer->armed)
		return;
	if (place_of(due, nr_due, timer) < nr_due)
		remove_item(due, &nr_due, timer);
	else
		remove_item(timers, &nr_timers, timer);
	timer->armed = false;
}

void hrtimer_start(struct hrtimer *timer, ktime_t when, enum hrtimer_mode mode)
{
	(void)mode;
	disarm(timer);
	timer->due = when;
	timer->armed = true;
	add_item(timers, &nr_timers, timer);
}

void hrtimer_cancel(struct hrtimer *timer)
{
	might_sleep();
	while (timer->armed || timer->runs) {
		disarm(timer);
		if (timer->runs)
			task_sleep(NULL, POLL_NS);
	}
}

static void run_timer(void *arg)
{
	struct hrtimer *timer = arg;

	sim_self()->softirq = true;
	local_bh_disable();
	timer->function(timer);
	timer->runs = false;
	local_bh_enable();
}

/* ---- for the scheduler ---- */

/* What runs already is not begun again until it has ended. */
u32 works_ready(void)
{
	u32 ready = 0, i;

	for (i = 0; i < nr_works; i++)
		ready += !is_running(works[i]);
	for (i = 0; i < nr_due; i++)
		ready += !due[i]->runs;
	return ready;
}

static void start_timer(struct hrtimer *timer)
{
	disarm(timer);
	timer->runs = true;
	task_start(run_timer, timer, "timer");
}

void work_run(u32 number)
{
	u32 i;

	for (i = 0; i < nr_works; i++)
		if (!is_running(works[i]) && !number--)
			return start_work(works[i]);
	for (i = 0; i < nr_due; i++)
		if (!due[i]->runs && !number--)
			return start_timer(due[i]);
}

static u64 delayed_next(void)
{
	u64 next = ~0ull;
	u32 i;

	for (i = 0; i < nr_delayed;) {
		struct delayed_work *work = delayed[i];
		struct workqueue_struct *wq = work->wq;

		if (work->due > sim_now) {
			next = min(next, work->due);
			i++;
			continue;
		}
		undelay(work);
		queue_work(wq, &work->work);
	}
	return next;
}

u64 timers_next(void)
{
	u64 next = delayed_next();
	u32 i;

	for (i = 0; i < nr_timers;) {
		struct hrtimer *timer = timers[i];

		if (timer->due > sim_now) {
			next = min(next, timer->due);
			i++;
			continue;
		}
		remove_item(timers, &nr_timers, timer);
		add_item(due, &nr_due, timer);
	}
	return next;
}

void works_show(void)
{
	u32 i;

	for (i = 0; i < nr_works; i++)
		printf("#   work queued on %s\n", works[i]->wq->name);
	for (i = 0; i < nr_timers; i++)
		printf("#   timer due in %lld ns\n",
		       (timers[i]->due - sim_now));
}
