// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the CPUs of a guest have run on this node.
 */
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seqlock.h>

#include "guest_time.h"

void ssi_guest_time_init(struct ssi_guest_time *time)
{
	spin_lock_init(&time->lock);
}

void ssi_guest_time_exit(struct ssi_guest_time *time)
{
	put_pid(time->program);
}

/*
 * Of the threads of a process, also of those that have ended. A thread that ends adds its
 * time to that of the process and leaves the list under the writer's side of stats_lock:
 * without the reader's side it could count twice, or not at all.
 *
 * The loop is for_each_thread(), which names tasklist_lock on kernels that check RCU
 * lists; that lock is not exported. RCU keeps the threads and their signal_struct.
 */
static u64 time_of_threads(struct signal_struct *sig)
{
	struct task_struct *thread;
	unsigned int seq;
	u64 ns;

	do {
		seq = read_seqbegin(&sig->stats_lock);
		ns = READ_ONCE(sig->gtime);
		list_for_each_entry_rcu(thread, &sig->thread_head, thread_node)
			ns += READ_ONCE(thread->gtime);
	} while (read_seqretry(&sig->stats_lock, seq));
	return ns;
}

/* 0 after the end of the process. */
static u64 time_of(struct pid *program)
{
	struct task_struct *leader;
	u64 ns = 0;

	rcu_read_lock();
	leader = program ? pid_task(program, PIDTYPE_TGID) : NULL;
	if (leader)
		ns = time_of_threads(leader->signal);
	rcu_read_unlock();
	return ns;
}

/* The time of a process that has ended is what was seen last. */
static void look(struct ssi_guest_time *time)
{
	u64 ns = time_of(time->program);

	lockdep_assert_held(&time->lock);
	if (ns > time->seen)
		time->seen = ns;
}

void ssi_guest_time_take(struct ssi_guest_time *time)
{
	struct pid *program = get_pid(task_tgid(current)), *old;

	spin_lock(&time->lock);
	look(time);
	old = time->program;
	if (old != program) {
		time->before += time->seen;
		time->seen = 0;
		time->program = program;
	}
	spin_unlock(&time->lock);
	put_pid(old);	/* its reference, or the second one to @program */
}

u64 ssi_guest_time_read(struct ssi_guest_time *time)
{
	u64 ns;

	spin_lock(&time->lock);
	look(time);
	ns = time->before + time->seen;
	spin_unlock(&time->lock);
	return ns;
}
