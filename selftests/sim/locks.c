// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks, RCU and wait queues, with the rules that lockdep knows.
 */
#include "tasks.h"

#define CLASSES	32

static struct lock_class *classes[CLASSES];
static u32 nr_classes;
/* Bit b of follows[a]: b was taken while a was held. */
static u32 follows[CLASSES];

static u32 number_of(struct lock_class *class)
{
	if (!class->number) {
		sim_need(nr_classes + 1 < CLASSES, "more than %u lock classes",
			 CLASSES);
		class->number = ++nr_classes;
		classes[class->number] = class;
	}
	return class->number;
}

/* A lock that softirqs take must not be held where one could run. */
static void check_context(struct lock_class *class, const struct task *task)
{
	class->by_softirq |= task->softirq;
	class->with_bh |= !task->bh;
	if (class->by_softirq && class->with_bh)
		sim_fail(SIM_NO_PAGE, "%s is taken by softirqs, and without disabling BHs",
			 class->name);
}

static void check_order(spinlock_t *lock, const struct task *task)
{
	u32 number = number_of(lock->class), held, i;

	for (i = 0; i < task->nr_locks; i++) {
		held = number_of(task->locks[i]->class);
		follows[held] |= BIT(number);
		if (held == number || follows[number] & BIT(held))
			sim_fail(SIM_NO_PAGE, "%s takes %s while it holds %s: elsewhere it is the other way round",
				 task->name, lock->class->name,
				 task->locks[i]->class->name);
	}
}

/* Whether RCU waits for the task. */
static bool is_reader(const struct task *task)
{
	return task->bh || task->nr_locks || task->rcu;
}

static void note_quiet(struct task *task)
{
	task->quiet += !is_reader(task);
}

void spin_lock(spinlock_t *lock)
{
	struct task *task;

	sim_preempt();
	task = sim_self();
	sim_need(lock->class, "%s takes a lock that is not initialised",
		 task->name);
	check_context(lock->class, task);
	check_order(lock, task);
	while (lock->owner) {
		lock->waiters++;
		task_sleep(lock, 0);
		lock->waiters--;
	}
	lock->owner = &task->kernel;
	sim_need(task->nr_locks < TASK_LOCKS, "too many locks");
	task->locks[task->nr_locks++] = lock;
}

void spin_unlock(spinlock_t *lock)
{
	struct task *task = sim_self();
	u32 i;

	sim_need(lock->owner == &task->kernel, "%s gives back %s, which it does not hold",
		 task->name, lock->class->name);
	for (i = 0; task->locks[i] != lock; i++)
		;
	memmove(&task->locks[i], &task->locks[i + 1],
		(--task->nr_locks - i) * sizeof(task->locks[0]));
	lock->owner = NULL;
	if (lock->waiters)
		task_wake(lock);
	note_quiet(task);
	sim_preempt();
}

void local_bh_disable(void)
{
	sim_self()->bh++;
}

void local_bh_enable(void)
{
	struct task *task = sim_self();

	sim_need(task->bh, "%s enables BHs that are not disabled", task->name);
	task->bh--;
	note_quiet(task);
	sim_preempt();
}

void mutex_init(struct mutex *mutex)
{
	mutex->owner = NULL;
}

void mutex_lock(struct mutex *mutex)
{
	might_sleep();
	sim_need(mutex->owner != current, "a mutex is taken twice");
	while (!mutex_trylock(mutex))
		task_sleep(mutex, 0);
}

bool mutex_trylock(struct mutex *mutex)
{
	sim_preempt();
	if (mutex->owner)
		return false;
	mutex->owner = current;
	return true;
}

void mutex_unlock(struct mutex *mutex)
{
	sim_assert_mutex(mutex);
	mutex->owner = NULL;
	task_wake(mutex);
	sim_preempt();
}

void sim_assert_lock(spinlock_t *lock)
{
	struct task *task = sim_self();

	sim_need(lock->owner == &task->kernel, "%s does not hold %s",
		 task->name, lock->class->name);
}

void sim_assert_mutex(struct mutex *mutex)
{
	sim_need(mutex->owner == current, "%s does not hold the mutex",
		 sim_self()->name);
}

/* ---- RCU ---- */

static u32 callbacks;	/* that have not run yet */

void rcu_read_lock(void)
{
	sim_self()->rcu++;
}

void rcu_read_unlock(void)
{
	struct task *task = sim_self();

	sim_need(task->rcu, "%s ends a reading under RCU that it did not begin",
		 task->name);
	task->rcu--;
	note_quiet(task);
	sim_preempt();
}

void sim_assert_rcu(void)
{
	sim_need(is_reader(sim_self()), "%s reads without RCU", sim_self()->name);
}

/* Until everybody who cannot sleep now could have slept once. */
void synchronize_rcu(void)
{
	u64 quiet[TASKS_MAX];
	u32 i;

	might_sleep();
	for (i = 0; i < TASKS_MAX; i++)
		quiet[i] = is_reader(&sim_tasks[i]) ? sim_tasks[i].quiet : ~0ull;
	for (i = 0; i < TASKS_MAX; i++)
		while (quiet[i] == sim_tasks[i].quiet)
			task_sleep(NULL, 10 * NSEC_PER_USEC);
}

void rcu_barrier(void)
{
	might_sleep();
	while (callbacks)
		task_sleep(NULL, 10 * NSEC_PER_USEC);
}

/* ---- references that are counted per CPU ---- */

int percpu_ref_init(struct percpu_ref *ref,
		    void (*release)(struct percpu_ref *ref), u32 flags,
		    gfp_t gfp)
{
	(void)flags;
	(void)gfp;
	*ref = (struct percpu_ref){ .count = 1, .release = release };
	return 0;
}

void percpu_ref_exit(struct percpu_ref *ref)
{
	ref->release = NULL;
}

void percpu_ref_get(struct percpu_ref *ref)
{
	sim_need(ref->count, "a reference is taken to what has none");
	ref->count++;
}

bool percpu_ref_tryget(struct percpu_ref *ref)
{
	if (!ref->count)
		return false;
	ref->count++;
	return true;
}

void percpu_ref_put(struct percpu_ref *ref)
{
	sim_need(ref->count, "a reference is dropped that nobody has");
	if (!--ref->count)
		ref->release(ref);
}

static void run_kill(void *arg)
{
	synchronize_rcu();
	local_bh_disable();
	percpu_ref_put(arg);
	local_bh_enable();
	callbacks--;
}

void percpu_ref_kill(struct percpu_ref *ref)
{
	sim_need(!ref->killed, "references are given up twice");
	ref->killed = true;
	callbacks++;
	task_start(run_kill, ref, "RCU");
}

/* ---- wait queues ---- */

void init_waitqueue_head(wait_queue_head_t *wq)
{
	wq->sleepers = 0;
}

void init_wait_entry(struct wait_queue_entry *entry, int flags)
{
	(void)flags;
	*entry = (struct wait_queue_entry){
		.private = current, .func = autoremove_wake_function,
	};
}

static void remove_entry(struct wait_queue_entry *entry)
{
	if (entry->wq)
		entry->wq->sleepers--;
	entry->wq = NULL;
}

long prepare_to_wait_event(struct wait_queue_head *wq,
			   struct wait_queue_entry *entry, int state)
{
	struct task *task = sim_self();

	might_sleep();
	sim_preempt();
	if (state == TASK_INTERRUPTIBLE && sim_one_in(16))
		task->signalled = true;
	if (task->killed || (state == TASK_INTERRUPTIBLE && task->signalled)) {
		remove_entry(entry);
		task->waits = NULL;
		return -ERESTARTSYS;
	}
	if (!entry->wq)
		wq->sleepers++;
	entry->wq = wq;
	task->waits = entry;
	task->woken = false;
	return 0;
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	sim_need(!entry->wq || entry->wq == wq, "a task waits somewhere else");
	remove_entry(entry);
	sim_self()->waits = NULL;
}

int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode,
			     int sync, void *key)
{
	(void)mode;
	(void)sync;
	(void)key;
	container_of(entry->private, struct task, kernel)->woken = true;
	remove_entry(entry);
	task_wake(entry);
	return 1;
}

long schedule_timeout(long ticks)
{
	u64 ns = ticks == MAX_SCHEDULE_TIMEOUT ? 0 : ticks * (NSEC_PER_SEC / HZ);
	struct task *task = sim_self();
	u64 end = sim_now + ns;

	if (!task->woken && !task->killed)
		task_sleep(task->waits, ns);
	if (!ns)
		return ticks;
	return end > sim_now ? (end - sim_now) / (NSEC_PER_SEC / HZ) : 0;
}

void __wake_up(struct wait_queue_head *wq, unsigned int mode, int nr, void *key)
{
	struct wait_queue_entry *entry;
	u32 i;

	sim_need(!nr, "not all waiters are woken");
	if (!wq->sleepers)
		return;
	for (i = 0; i < TASKS_MAX; i++) {
		entry = sim_tasks[i].waits;
		if (entry && entry->wq == wq)
			entry->func(entry, mode, 0, key);
	}
}
