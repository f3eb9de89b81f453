/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks: everything that runs, each on a stack of its own, one at a time.
 */
#ifndef SIM_TASKS_H
#define SIM_TASKS_H

#include "sim.h"

#define TASKS_MAX	512
#define TASK_LOCKS	8

enum task_state {
	TASK_FREE,
	TASK_READY,
	TASK_SLEEPS,	/* until it is woken, or its time has come */
	TASK_DONE,	/* somebody has a reference to it */
};

/**
 * struct task - something that runs: a program's thread, work, a softirq
 * @kernel: what the kernel's own code sees of it
 * @refs: references
 * @state: enum task_state
 * @fn, @arg: what it runs
 * @name: for reports
 * @sleeps_on: a wait queue's entry, lock or page, or NULL
 * @waits: its entry of a wait queue, or NULL
 * @woken: since prepare_to_wait_event()
 * @until: when it wakes by itself, or 0
 * @stalled: its CPU was taken away
 * @killed: a fatal signal is pending
 * @bh: how often BHs are disabled
 * @rcu: how often it has begun to read under RCU
 * @no_preempt: how often preemption is disabled
 * @softirq: must never sleep
 * @plays_vcpu: it faults as KVM does for a vCPU
 * @signalled: a signal that is not fatal is pending
 * @plays_worker: it does now what KVM's worker does
 * @locks, @nr_locks: spinlocks that it holds, in order
 * @freed: pages that it has freed
 * @quiet: how often it could have slept, as far as RCU cares
 * @work: the work that it runs, or NULL
 * @wq: whose
 * @dozes: schedule() sleeps
 * @stops: kthread_stop() was called
 * @sp, @stack, @fake_stack: where it is
 */
struct task {
	struct task_struct kernel;
	u32 refs;
	enum task_state state;
	void (*fn)(void *arg);
	void *arg;
	char name[24];
	const void *sleeps_on;
	struct wait_queue_entry *waits;
	bool woken;
	u64 until;
	bool stalled;
	bool killed;
	u32 bh;
	u32 rcu;
	u32 no_preempt;
	bool softirq;
	bool plays_vcpu;
	bool signalled;
	bool plays_worker;
	spinlock_t *locks[TASK_LOCKS];
	u32 nr_locks;
	u64 freed;
	u64 quiet;
	const struct work_struct *work;
	struct workqueue_struct *wq;
	bool dozes;
	bool stops;
	void *sp;
	char *stack;
	void *fake_stack;
};

extern struct task sim_tasks[TASKS_MAX];
extern u64 sim_now;
extern u64 sim_steps;

static inline struct task *sim_self(void)
{
	return container_of(sim_current(), struct task, kernel);
}

/* Whether a task runs, and not the simulator itself. */
bool task_runs(void);

__printf(3, 4)
struct task *task_start(void (*fn)(void *arg), void *arg, const char *fmt, ...);

/* Others run; current goes on when it is chosen again. */
void task_yield(void);
/* Until task_wake() with @on, or for @ns if that is not 0. */
void task_sleep(const void *on, u64 ns);
void task_wake(const void *on);
void task_kill(struct task *task);

/* Those that could run now, each one likely. */
u32 tasks_ready(void);
/* Go on with the @number-th of them for a while. */
void task_run(u32 number);
/* When the first of the sleepers wakes, or ~0. Wakes those whose time it is. */
u64 tasks_next(void);

void tasks_show(void);

#endif /* SIM_TASKS_H */
