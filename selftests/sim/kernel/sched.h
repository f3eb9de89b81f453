/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel for the simulator: tasks, locks, waiting, work, time.
 */
#ifndef SIM_KERNEL_SCHED_H
#define SIM_KERNEL_SCHED_H

#include "list.h"

/* ---- tasks; see tasks.c ---- */

struct task_struct {
	int pid;
	const void *mm;
	struct mem_cgroup *active_memcg;
};

struct task_struct *sim_current(void);
#define current	(sim_current())

void get_task_struct(struct task_struct *task);
void put_task_struct(struct task_struct *task);
bool task_is_running(const struct task_struct *task);

/* Others run, perhaps. */
void sim_preempt(void);
/* Others run. */
void cpu_relax(void);
void might_sleep(void);
#define cond_resched()		sim_preempt()
void usleep_range(unsigned long from, unsigned long to);
#define schedule_timeout_idle(ticks)					\
	usleep_range((ticks) * 1000000 / HZ, (ticks) * 1000000 / HZ)
#define schedule_timeout_killable(ticks)	schedule_timeout_idle(ticks)
bool fatal_signal_pending(struct task_struct *task);
bool signal_pending(struct task_struct *task);
bool single_task_running(void);
bool need_resched(void);
#define num_online_cpus()	4
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX

#define MIN_NICE			(-20)
#define MAX_NICE			19
#define set_user_nice(task, nice)	((void)(task), (void)(nice))

#define TASK_RUNNING	0
#define TASK_IDLE	1
void set_current_state(int state);
#define __set_current_state(state)	set_current_state(state)
/* Until wake_up_process(), if the state is not TASK_RUNNING. */
void schedule(void);
void wake_up_process(struct task_struct *task);

/* It runs at once. */
#define kthread_create(fn, data, name)	sim_kthread_run(fn, data, name)
struct task_struct *sim_kthread_run(int (*fn)(void *data), void *data,
				    const char *name);
bool kthread_should_stop(void);
void kthread_stop(struct task_struct *task);

void preempt_disable(void);
void preempt_enable(void);

/* ---- time ---- */

typedef s64 ktime_t;

u64 ktime_get_ns(void);
#define ns_to_ktime(ns)		((ktime_t)(ns))
#define jiffies			((unsigned long)(ktime_get_ns() / \
						 (NSEC_PER_SEC / HZ)))
#define msecs_to_jiffies(ms)	((unsigned long)(ms) * HZ / 1000)
#define jiffies_to_msecs(j)	((unsigned int)((j) * 1000 / HZ))
#define time_before(a, b)	((long)((a) - (b)) < 0)
#define time_after(a, b)	time_before(b, a)

enum hrtimer_restart { HRTIMER_NORESTART };
enum hrtimer_mode { HRTIMER_MODE_ABS_SOFT };
#define CLOCK_MONOTONIC	1

struct hrtimer {
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	u64 due;
	bool armed;
	bool runs;
};

void hrtimer_init(struct hrtimer *timer, int clock, enum hrtimer_mode mode);
void hrtimer_start(struct hrtimer *timer, ktime_t due, enum hrtimer_mode mode);
void hrtimer_cancel(struct hrtimer *timer);

/* ---- locks; see locks.c ---- */

struct lock_class {
	const char *name;
	u32 number;
	bool by_softirq, with_bh;
};

typedef struct spinlock {
	struct lock_class *class;
	struct task_struct *owner;
	u32 waiters;
} spinlock_t;

#define DEFINE_SPINLOCK(lock)						\
	struct lock_class lock##_class = { .name = #lock };		\
	spinlock_t lock = { .class = &lock##_class }
#define spin_lock_init(lock) do {					\
	static struct lock_class class_ = { .name = #lock };		\
	*(lock) = (spinlock_t){ .class = &class_ };			\
} while (0)

void local_bh_disable(void);
void local_bh_enable(void);
void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);

static inline void spin_lock_bh(spinlock_t *lock)
{
	local_bh_disable();
	spin_lock(lock);
}

static inline void spin_unlock_bh(spinlock_t *lock)
{
	spin_unlock(lock);
	local_bh_enable();
}

#define spin_lock_irq(lock)	spin_lock_bh(lock)
#define spin_unlock_irq(lock)	spin_unlock_bh(lock)
#define spin_lock_irqsave(lock, flags)	((flags) = 0, spin_lock_bh(lock))
#define spin_unlock_irqrestore(lock, flags)				\
	((void)(flags), spin_unlock_bh(lock))

struct mutex {
	struct task_struct *owner;
};

#define DEFINE_MUTEX(name)	struct mutex name
void mutex_init(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
void sim_assert_mutex(struct mutex *mutex);
void sim_assert_lock(spinlock_t *lock);
#define lockdep_is_held(mutex)	((mutex)->owner == current)
#define lockdep_assert(condition)	assert(condition)
#define lockdep_assert_held(held) _Generic((held),			\
	struct mutex *: sim_assert_mutex,				\
	spinlock_t *: sim_assert_lock)(held)

void rcu_read_lock(void);
void rcu_read_unlock(void);
void synchronize_rcu(void);
void rcu_barrier(void);

/* ---- waiting ---- */

#define TASK_NORMAL	3
#define TASK_INTERRUPTIBLE	1
#define TASK_KILLABLE	258

typedef struct wait_queue_head {
	u32 sleepers;
} wait_queue_head_t;

struct wait_queue_entry {
	struct task_struct *private;
	int (*func)(struct wait_queue_entry *entry, unsigned int mode, int sync,
		    void *key);
	struct wait_queue_head *wq;	/* while it is in it */
};

void init_waitqueue_head(wait_queue_head_t *wq);
void init_wait_entry(struct wait_queue_entry *entry, int flags);
long prepare_to_wait_event(struct wait_queue_head *wq,
			   struct wait_queue_entry *entry, int state);
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry);
int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode,
			     int sync, void *key);
/* Until woken, killed, or so many ticks later. Return: those that are left. */
long schedule_timeout(long ticks);
void __wake_up(struct wait_queue_head *wq, unsigned int mode, int nr, void *key);
#define wake_up_all(wq)			__wake_up(wq, TASK_NORMAL, 0, NULL)
#define wake_up_interruptible(wq)	wake_up_all(wq)
#define wq_has_sleeper(wq)		((wq)->sleepers > 0)

/* 1 or more: the condition holds; 0: it does not, and the time is up. */
#define wait_event_killable_timeout(wq, condition, ticks) ({		\
	struct wait_queue_entry entry_;					\
	long left_ = (ticks), ret_;					\
	init_wait_entry(&entry_, 0);					\
	do {								\
		ret_ = prepare_to_wait_event(&(wq), &entry_, TASK_KILLABLE); \
		if (condition)						\
			ret_ = max(left_, 1L);				\
		else if (!ret_ && left_)				\
			left_ = schedule_timeout(left_);		\
		else							\
			break;						\
	} while (!ret_);						\
	finish_wait(&(wq), &entry_);					\
	ret_; })

/* ---- work; see work.c ---- */

struct workqueue_struct;
struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	work_func_t func;
	struct workqueue_struct *wq;	/* while it is queued */
};

struct delayed_work {
	struct work_struct work;
	struct workqueue_struct *wq;	/* while it waits for its time */
	u64 due;
};

#define INIT_WORK(work, function)					\
	(*(work) = (struct work_struct){ .func = (function) })
#define INIT_DELAYED_WORK(dwork, function)				\
	(*(dwork) = (struct delayed_work){ .work.func = (function) })
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)

#define WQ_UNBOUND	0
#define WQ_HIGHPRI	0
#define WQ_MEM_RECLAIM	0
#define WQ_MAX_ACTIVE	0

extern struct workqueue_struct *system_wq, *system_unbound_wq;

__printf(1, 4)
struct workqueue_struct *alloc_workqueue(const char *fmt, u32 flags,
					 int active, ...);
void destroy_workqueue(struct workqueue_struct *wq);
void flush_workqueue(struct workqueue_struct *wq);
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool cancel_work_sync(struct work_struct *work);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
			unsigned long ticks);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
		      unsigned long ticks);
bool cancel_delayed_work_sync(struct delayed_work *work);
#define schedule_delayed_work(work, ticks)				\
	queue_delayed_work(system_wq, work, ticks)

#endif /* SIM_KERNEL_SCHED_H */
