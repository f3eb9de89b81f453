// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local loads and stores: look a page up, ask for it, wait for it.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/wait.h>

#include "alloc.h"
#include "engine/access.h"
#include "engine/gather.h"
#include "engine/request.h"
#include "engine/touch.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "protocol/coherence.h"
#include "protocol/policy.h"

/* A page in E that nobody has written: give it memory. */
static int fill_zero(struct ssi_region *region, struct ssi_bucket *bucket,
		     struct ssi_page *entry, u64 index)
{
	struct page *page = ssi_alloc_page(GFP_HIGHUSER | __GFP_ZERO |
					   __GFP_ACCOUNT);

	if (!page)
		return -ENOMEM;
	spin_lock_bh(&bucket->lock);
	if (entry->state == SSI_PAGE_E && !entry->pfn) {
		ssi_pte_install(region, page, index);
		ssi_region_set_data(region, index, entry, page);
		page = NULL;
	}
	spin_unlock_bh(&bucket->lock);
	if (page)
		put_page(page);
	return 0;
}

/*
 * What to look up in the table. Data that was read and then written here last
 * time most likely will be again: the read asks for it exclusively.
 */
static u32 access_event(struct ssi_page *entry, u32 event)
{
	if (event == SSI_EV_STORE &&
	    (entry->state == SSI_PAGE_S || entry->state == SSI_PAGE_O))
		entry->migratory = true;
	if (entry->state == SSI_PAGE_I && entry->migratory)
		return SSI_EV_STORE;
	return event;
}

/* One look at the table. -EINPROGRESS: @req was opened for @action. */
static int try_access(struct ssi_region *region, struct ssi_bucket *bucket,
		      struct ssi_page *entry, struct ssi_req *req, u64 index,
		      u32 event, struct page **page, u32 *action)
{
	struct ssi_step step;

	step = ssi_coherence_step(entry->state, access_event(entry, event));
	switch (step.action) {
	case SSI_ACT_HIT:
		*page = ssi_region_data(entry);
		if (!*page)
			return -ENODATA;
		if (ssi_huge_is_splitting(*page))
			return -EAGAIN;
		get_page(*page);
		return 0;
	case SSI_ACT_WAIT:
		return -EAGAIN;
	default:
		if (!req)
			return -ENOBUFS;
		ssi_request_open(region, bucket, req, index, step.action);
		ssi_region_set_page_state(region, index, entry, step.next);
		*action = step.action;
		return -EINPROGRESS;
	}
}

/* Ask for the pages that will be wanted next if this goes on. */
static void fetch_ahead(struct ssi_region *region, u64 index, u32 event)
{
	u64 first, count;

	count = ssi_gather_ahead(region, index, &first);
	if (count)
		ssi_gather_remember(region);
	for (; count; count--)
		ssi_request_fetch(region, first++, event, GFP_KERNEL, count > 1);
}

/* Ask for the other pages that were handed over with @index, too. */
static void fetch_gang(struct ssi_region *region, u64 index)
{
	u64 gang[SSI_GANG];
	u32 i;

	if (!ssi_gather_call_gang(region, index, gang))
		return;
	for (i = 0; i < SSI_GANG; i++)
		if (gang[i] && gang[i] != index + 1)
			ssi_request_fetch(region, gang[i] - 1, SSI_EV_STORE, GFP_KERNEL,
					  false);
}

int ssi_access_page(struct ssi_region *region, u64 index, u32 event,
		    struct page **page)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, GFP_KERNEL);
	u64 start = ktime_get_ns();
	struct ssi_req *req = NULL;
	u32 class = SSI_DSM_CLASS_LOCAL;
	bool was_here = true;
	u32 token, action;
	int ret;

	if (!entry)
		return -ENOMEM;
	for (;;) {
		if (READ_ONCE(region->state) != SSI_DSM_REGION_READY) {
			ret = READ_ONCE(region->state) ==
			      SSI_DSM_REGION_WAITING ? -EAGAIN : -EIO;
			break;
		}
		spin_lock_bh(&bucket->lock);
		ret = try_access(region, bucket, entry, req, index, event,
				 page, &action);
		if (ret == -EINPROGRESS) {
			token = ssi_request_token(req);
			req = NULL;
		}
		spin_unlock_bh(&bucket->lock);

		if (ret == -ENODATA) {
			ret = fill_zero(region, bucket, entry, index);
		} else if (ret == -ENOBUFS) {
			ret = 0;
			if (ssi_touch_first(region, index)) {
				class = SSI_DSM_CLASS_FIRST_TOUCH;
				continue;
			}
			req = ssi_request_alloc(GFP_KERNEL);
			if (!req)
				ret = -ENOMEM;
		} else if (ret == -EINPROGRESS) {
			ssi_gather_remember(region);
			local_bh_disable();
			ssi_request_send(region, index, token, action, false);
			local_bh_enable();
			fetch_gang(region, index);
			was_here = false;
			ret = 0;	/* home may be here: look again */
		} else {
			break;
		}
		if (ret)
			break;
	}
	if (req)
		ssi_request_free(req);
	if (!ret || ret == -EAGAIN)
		fetch_ahead(region, index, event);
	if (!ret && was_here)
		ssi_stats_add(region->stats, class, ktime_get_ns() - start);
	return ret;
}

bool ssi_access_still(struct ssi_region *region, u64 index, u32 event,
		      struct page *page)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);
	bool still;

	spin_lock_bh(&bucket->lock);
	still = entry->pfn == page_to_pfn(page) &&
		!ssi_huge_is_splitting(page) &&
		ssi_coherence_step(entry->state, event).action == SSI_ACT_HIT;
	spin_unlock_bh(&bucket->lock);
	return still;
}

/* Whether waiting is over, one way or the other. */
static bool worth_a_try(struct ssi_region *region, const struct ssi_page *entry,
			u32 event)
{
	struct page *page = ssi_region_data(entry);
	u32 state = READ_ONCE(region->state);

	if (state != SSI_DSM_REGION_READY)
		return state != SSI_DSM_REGION_WAITING;
	/* It may be gone by now, and be anything; then its bucket is woken. */
	if (page && ssi_huge_is_splitting(page))
		return false;
	return ssi_coherence_step(entry->state, event).action != SSI_ACT_WAIT;
}

/*
 * CPUs that spin for a page. Half of all may, so none where there is only one:
 * what brings the page wants to run, too, and so may another node in this host.
 */
static atomic_t spinning;

static bool may_spin(void)
{
	if (atomic_inc_return(&spinning) <= num_online_cpus() / 2)
		return true;
	atomic_dec(&spinning);
	return false;
}

static bool spin_for_it(struct ssi_region *region, const struct ssi_page *entry,
			u32 event)
{
	u64 spin = ssi_policy_spin_ns(ssi_region_policy(region,
							SSI_DSM_POLICY_SPIN),
				      READ_ONCE(region->service_ns));
	bool came = false;
	u64 end;

	if (!spin || !may_spin())
		return false;
	end = ktime_get_ns() + spin;
	do {
		came = worth_a_try(region, entry, event);
		cpu_relax();
		barrier();
	} while (!came && single_task_running() && !need_resched() &&
		 ktime_get_ns() < end);
	atomic_dec(&spinning);
	return came;
}

int ssi_access_wait(struct ssi_region *region, u64 index, u32 event)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);

	if (spin_for_it(region, entry, event))
		return 0;
	return wait_event_killable(bucket->wait,
				   worth_a_try(region, entry, event)) ?
	       -EINTR : 0;
}
