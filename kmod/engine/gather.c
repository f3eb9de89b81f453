// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gathering: which pages a node wants together, and how long it may keep them.
 *
 * The rule itself is in policy.c; here is what it is asked about: when this
 * node began to gather pages, who gathers, and which pages were lost together.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "engine/gather.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/transport.h"
#include "protocol/policy.h"
#include "trace.h"

static u64 hold_window(struct ssi_region *region)
{
	return ssi_policy_hold_ns(ssi_region_policy(region, SSI_DSM_POLICY_HOLD),
				  READ_ONCE(region->service_ns));
}

/* How this node's gathering stands; the page's age and theirs are not set. */
static void look_at_us(struct ssi_region *region, u64 now,
		       struct ssi_contest *us)
{
	*us = (struct ssi_contest){
		.outstanding = atomic_read(&region->outstanding),
		.since_done = now - READ_ONCE(region->gather_done),
		.our_age = now - READ_ONCE(region->gather_start),
	};
}

/* Whoever opens a request is somebody for whom pages are held. */
void ssi_gather_remember(struct ssi_region *region)
{
	u32 slot = hash_32(current->pid, ilog2(SSI_TASKS));
	struct task_struct *old;

	if (READ_ONCE(region->tasks[slot]) == current)
		return;
	get_task_struct(current);
	spin_lock_bh(&region->held_lock);
	old = region->tasks[slot];
	region->tasks[slot] = current;
	spin_unlock_bh(&region->held_lock);
	if (old)
		put_task_struct(old);
}

void ssi_gather_forget(struct ssi_region *region)
{
	u32 i;

	for (i = 0; i < SSI_TASKS; i++)
		if (region->tasks[i])
			put_task_struct(region->tasks[i]);
}

static bool is_anybody_running(struct ssi_region *region)
{
	bool running = false;
	u32 i;

	spin_lock(&region->held_lock);
	for (i = 0; i < SSI_TASKS && !running; i++)
		running = region->tasks[i] &&
			  task_is_running(region->tasks[i]);
	spin_unlock(&region->held_lock);
	return running;
}

/* Whether @rx has to wait for a page that came lately; sets rx->due. */
bool ssi_gather_must_hold(struct ssi_region *region,
			  const struct ssi_page *entry, struct ssi_rx *rx)
{
	struct ssi_contest contest;
	u64 now = ktime_get_ns();
	enum ssi_verdict verdict;
	u64 window, wait;

	look_at_us(region, now, &contest);
	contest.running = is_anybody_running(region);
	contest.page_age = ssi_page_age_ns(entry, now);
	contest.copy = rx->msg.type == SSI_WIRE_INV;
	contest.their_age = now - rx->start +
			    rx->msg.time * (u64)NSEC_PER_USEC;
	window = hold_window(region);
	verdict = ssi_policy_judge(window, &contest, &wait);
	trace_ssi_verdict(region->node->id, rx->msg.index, rx->msg.requester,
			  verdict, window, &contest);
	if (verdict == SSI_VERDICT_HOLD) {
		rx->due = now + wait;
		return true;
	}
	if (verdict == SSI_VERDICT_RELEASE && (rx->due || !contest.outstanding))
		WRITE_ONCE(region->gather_start, now);
	/* From here on: until when the requester was kept waiting. */
	if (rx->due)
		rx->due = now;
	return false;
}

/*
 * The pages that a node loses to another come back together: nodes that share
 * page tables or other hot pages take turns with the whole set. So a page that
 * was used here and is handed over joins the gang, and the first of the gang
 * that is asked for again brings the others along.
 */
void ssi_gather_join_gang(struct ssi_region *region, u64 index)
{
	u32 i;

	spin_lock_bh(&region->held_lock);
	for (i = 0; i < SSI_GANG; i++)
		if (region->gang[i] == index + 1)
			goto out_unlock;
	region->gang[region->gang_next] = index + 1;
	region->gang_next = (region->gang_next + 1) % SSI_GANG;
out_unlock:
	spin_unlock_bh(&region->held_lock);
}

/* Is @index of the gang? Then it is dissolved into @gang, index + 1 or 0. */
bool ssi_gather_call_gang(struct ssi_region *region, u64 index, u64 *gang)
{
	bool member = false;
	u32 i;

	spin_lock_bh(&region->held_lock);
	for (i = 0; i < SSI_GANG && !member; i++)
		member = region->gang[i] == index + 1;
	if (member) {
		memcpy(gang, region->gang, sizeof(region->gang));
		memset(region->gang, 0, sizeof(region->gang));
	}
	spin_unlock_bh(&region->held_lock);
	return member;
}

u32 ssi_gather_ahead(struct ssi_region *region, u64 index, u64 *first)
{
	u64 pages = region->size >> PAGE_SHIFT;
	u32 count;

	spin_lock_bh(&region->held_lock);
	count = ssi_policy_read_ahead(region->streams, &region->oldest_stream,
				      index, ssi_region_policy(region, SSI_DSM_POLICY_AHEAD),
				      first);
	spin_unlock_bh(&region->held_lock);
	if (!count || *first >= pages)
		return 0;
	return min_t(u64, count, pages - *first);
}

void ssi_gather_begin(struct ssi_region *region, u64 now)
{
	struct ssi_contest us;

	look_at_us(region, now, &us);
	if (ssi_policy_gathers_anew(hold_window(region), &us))
		WRITE_ONCE(region->gather_start, now);
	atomic_inc(&region->outstanding);
}

void ssi_gather_end(struct ssi_region *region, u64 now)
{
	WRITE_ONCE(region->gather_done, now);
	atomic_dec(&region->outstanding);
}

void ssi_gather_learn(struct ssi_region *region, u64 ns)
{
	WRITE_ONCE(region->service_ns,
		   ssi_policy_service_ns(region->service_ns, ns));
}

u64 ssi_gather_age_ns(struct ssi_region *region)
{
	return ktime_get_ns() - READ_ONCE(region->gather_start);
}
