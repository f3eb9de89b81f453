// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gathering: the pages that a node requests together, and how long it keeps
 * them.
 *
 * The rules are in rules.c. This file keeps their input: the time when this
 * node began to gather pages, the tasks that gather, and the pages that were
 * handed over together.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "engine/gather.h"
#include "memory/pages.h"
#include "net/node.h"
#include "net/transport.h"
#include "protocol/rules.h"
#include "trace.h"

#define FRESH	8	/* in service times of a request */

static bool has_gang(const struct ssi_gather *gather)
{
	return ssi_rules_walks_write(READ_ONCE(gather->walks));
}

static u64 hold_window(struct ssi_region *region)
{
	return ssi_rules_hold_ns(ssi_region_policy(region, SSI_DSM_POLICY_HOLD),
				 READ_ONCE(region->gather.service_ns),
				 has_gang(&region->gather));
}

static struct ssi_gather_task *my_entry(struct ssi_region *region)
{
	return &region->gather.tasks[hash_32(current->pid, ilog2(SSI_TASKS))];
}

/*
 * Fill in this node's part of @us; the ages of the page and of the other node
 * are not set.
 */
static void look_at_us(struct ssi_region *region, u64 now,
		       struct ssi_contest *us)
{
	*us = (struct ssi_contest){
		.outstanding = atomic_read(&region->gather.outstanding),
		.since_done = now - READ_ONCE(region->gather.done),
		.our_age = now - READ_ONCE(region->gather.start),
	};
}

/* Pages are held for the tasks that open requests. */
void ssi_gather_remember(struct ssi_region *region)
{
	struct ssi_gather_task *entry = my_entry(region);
	struct task_struct *old;

	if (READ_ONCE(entry->task) == current)
		return;
	get_task_struct(current);
	spin_lock_bh(&entry->lock);
	old = entry->task;
	WRITE_ONCE(entry->task, current);
	spin_unlock_bh(&entry->lock);
	if (old)
		put_task_struct(old);
}

void ssi_gather_release_tasks(struct ssi_region *region)
{
	u32 i;

	for (i = 0; i < SSI_TASKS; i++)
		if (region->gather.tasks[i].task)
			put_task_struct(region->gather.tasks[i].task);
}

static bool is_running(struct ssi_gather_task *entry)
{
	bool running;

	if (!READ_ONCE(entry->task))
		return false;
	spin_lock(&entry->lock);
	running = task_is_running(entry->task);
	spin_unlock(&entry->lock);
	return running;
}

static bool is_anybody_running(struct ssi_region *region)
{
	u32 i;

	for (i = 0; i < SSI_TASKS; i++)
		if (is_running(&region->gather.tasks[i]))
			return true;
	return false;
}

/*
 * Whether @rx has to wait, because the page came a short time ago. Sets
 * rx->holder.due.
 */
bool ssi_gather_must_hold(const struct ssi_slot *slot, struct ssi_rx *rx)
{
	struct ssi_region *region = slot->region;
	struct ssi_contest contest;
	u64 now = ktime_get_ns();
	enum ssi_verdict verdict;
	u64 window, wait;

	lockdep_assert_held(&slot->bucket->lock);
	look_at_us(region, now, &contest);
	contest.page_age = ssi_page_age_ns(slot->entry, now);
	contest.copy = rx->msg.type == SSI_WIRE_INV;
	contest.their_age = now - rx->start +
			    rx->msg.time * (u64)NSEC_PER_USEC;
	window = hold_window(region);
	contest.running = ssi_rules_asks_running(window, &contest) &&
			  is_anybody_running(region);
	verdict = ssi_rules_judge(window, &contest, &wait);
	trace_ssi_verdict(region->node->id, slot->index, rx->msg.requester,
			  verdict, window, &contest);
	if (verdict == SSI_VERDICT_HOLD) {
		rx->holder.due = now + wait;
		return true;
	}
	if (verdict == SSI_VERDICT_RELEASE &&
	    (rx->holder.due || !contest.outstanding))
		WRITE_ONCE(region->gather.start, now);
	/* From here on @due is the time until which @rx was held. */
	if (rx->holder.due)
		rx->holder.due = now;
	return false;
}

bool ssi_gather_is_fresh(const struct ssi_slot *slot)
{
	u64 wake_up = max(FRESH * READ_ONCE(slot->region->gather.service_ns),
			  2ull << SSI_PAGE_TICK_SHIFT);

	lockdep_assert_held(&slot->bucket->lock);
	return ssi_page_age_ns(slot->entry, ktime_get_ns()) < wake_up;
}

/* Without the lock, the gang may change meanwhile. */
static bool is_in_gang(const struct ssi_gather *gather, u64 index)
{
	u32 i;

	for (i = 0; i < SSI_GANG; i++)
		if (READ_ONCE(gather->gang[i]) == index + 1)
			return true;
	return false;
}

/*
 * Not atomic: a walk that is not counted does not matter. Most walks change
 * nothing here, and then write no memory that all CPUs read.
 */
void ssi_gather_walked(struct ssi_region *region, bool writes)
{
	u32 walks = READ_ONCE(region->gather.walks);
	u32 next = ssi_rules_walks(walks, writes);

	if (next != walks)
		WRITE_ONCE(region->gather.walks, next);
}

/*
 * The gang is a prefetch group: nodes whose walks write to the page tables that
 * they share take turns with these tables, and with all that they use in a turn.
 * So each page that was used on this node and is handed over joins the gang.
 * When a page of the gang is requested again, the others are requested with it,
 * all exclusively. Where walks read, nodes have copies of the tables, and few
 * pages are needed exclusively: there is no gang.
 */
void ssi_gather_join_gang(struct ssi_region *region, u64 index)
{
	struct ssi_gather *gather = &region->gather;

	if (!has_gang(gather) || is_in_gang(gather, index))
		return;
	spin_lock_bh(&gather->lock);
	if (!is_in_gang(gather, index)) {
		WRITE_ONCE(gather->gang[gather->gang_next], index + 1);
		gather->gang_next = (gather->gang_next + 1) % SSI_GANG;
	}
	spin_unlock_bh(&gather->lock);
}

/* Empty the gang. */
static void move_gang(struct ssi_gather *gather, u64 *gang)
{
	u32 i;

	lockdep_assert_held(&gather->lock);
	for (i = 0; i < SSI_GANG; i++) {
		gang[i] = gather->gang[i];
		WRITE_ONCE(gather->gang[i], 0);
	}
}

/* If @index is in the gang, move the gang to @gang (index + 1, or 0). */
bool ssi_gather_call_gang(struct ssi_region *region, u64 index, u64 *gang)
{
	struct ssi_gather *gather = &region->gather;
	bool member;

	if (!has_gang(gather) || !is_in_gang(gather, index))
		return false;
	spin_lock_bh(&gather->lock);
	member = is_in_gang(gather, index);
	if (member)
		move_gang(gather, gang);
	spin_unlock_bh(&gather->lock);
	return member;
}

u32 ssi_gather_ahead(struct ssi_region *region, u64 index, u64 *first)
{
	struct ssi_gather_task *entry = my_entry(region);
	u64 pages = region->size >> PAGE_SHIFT;
	u32 count;

	spin_lock_bh(&entry->lock);
	count = ssi_rules_read_ahead(entry->streams, &entry->oldest_stream, index,
				     ssi_region_policy(region, SSI_DSM_POLICY_AHEAD),
				     first);
	spin_unlock_bh(&entry->lock);
	if (!count || *first >= pages)
		return 0;
	return min_t(u64, count, pages - *first);
}

void ssi_gather_begin(struct ssi_region *region, u64 now)
{
	struct ssi_contest us;

	look_at_us(region, now, &us);
	if (ssi_rules_gathers_anew(hold_window(region), &us))
		WRITE_ONCE(region->gather.start, now);
	atomic_inc(&region->gather.outstanding);
}

void ssi_gather_end(struct ssi_region *region, u64 now)
{
	WRITE_ONCE(region->gather.done, now);
	atomic_dec(&region->gather.outstanding);
}

void ssi_gather_learn(struct ssi_region *region, u64 ns)
{
	WRITE_ONCE(region->gather.service_ns,
		   ssi_rules_service_ns(region->gather.service_ns, ns));
}

u64 ssi_gather_age_ns(struct ssi_region *region)
{
	return ktime_get_ns() - READ_ONCE(region->gather.start);
}

void ssi_gather_init(struct ssi_gather *gather)
{
	u32 i;

	spin_lock_init(&gather->lock);
	for (i = 0; i < SSI_TASKS; i++)
		spin_lock_init(&gather->tasks[i].lock);
}
