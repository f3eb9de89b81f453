// SPDX-License-Identifier: GPL-2.0-only
/* Local loads and stores: look a page up, request it, wait for it. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

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
#include "net/node.h"
#include "protocol/coherence.h"
#include "protocol/rules.h"
#include "protocol/wire.h"

#ifndef TELL_AFTER	/* in the simulator, a task that is not woken sleeps on */
#define TELL_AFTER	(10 * HZ)	/* the log has a wait that takes so long */
#endif

/**
 * struct access - a local load or store under way
 * @slot: the page
 * @event: SSI_EV_LOAD or SSI_EV_STORE
 * @req: allocated, not open yet; or NULL
 * @msg: the message to send once the request is open
 * @page: the page with a reference, once it is on this node
 * @class: the class in which the access is counted if @was_here
 * @was_here: no request was sent
 */
struct access {
	const struct ssi_slot *slot;
	enum ssi_event event;
	struct ssi_req *req;
	struct ssi_msg msg;
	struct page *page;
	enum ssi_dsm_class class;
	bool was_here;
};

/* Result of a look at the table. */
enum found {
	FOUND_PAGE,	/* on this node; in access->page, with a reference */
	FOUND_ZERO,	/* on this node, has no memory yet */
	FOUND_BUSY,	/* on its way: wait */
	FOUND_PART,	/* part of a 2 MiB folio that nobody uses */
	FOUND_MISSING,	/* not on this node; no request was allocated */
	FOUND_OPENED,	/* not on this node; the request is open, send it */
	FOUND_WAITING,	/* the region is not ready yet: wait */
	FOUND_LOST,	/* the region is lost */
};

/* Allocate memory for a page in state E that has none: it was never written. */
static int fill_zero(const struct ssi_slot *slot)
{
	struct page *page = ssi_alloc_page(GFP_HIGHUSER | __GFP_ZERO |
					   __GFP_ACCOUNT);

	if (!page)
		return -ENOMEM;
	spin_lock_bh(&slot->bucket->lock);
	if (slot->entry->state == SSI_PAGE_E && !slot->entry->pfn) {
		ssi_pte_install(slot->region, page, slot->index);
		ssi_pages_set_data(slot, page);
		page = NULL;
	}
	spin_unlock_bh(&slot->bucket->lock);
	if (page)
		put_page(page);
	return 0;
}

/*
 * The event to look up in the table. If data was read first and then written on
 * this node last time, the same is likely now: a read requests the page
 * exclusively then.
 */
static enum ssi_event access_event(struct ssi_page *entry, enum ssi_event event)
{
	if (event == SSI_EV_STORE &&
	    (entry->state == SSI_PAGE_S || entry->state == SSI_PAGE_O))
		entry->migratory = true;
	if (entry->state == SSI_PAGE_I && entry->migratory)
		return SSI_EV_STORE;
	return event;
}

static enum found find_page(struct access *access)
{
	access->page = ssi_pages_data(access->slot->entry);
	if (!access->page)
		return FOUND_ZERO;
	if (ssi_huge_is_unmapped(access->page))
		return FOUND_PART;
	if (ssi_huge_is_splitting(access->page))
		return FOUND_BUSY;
	get_page(access->page);
	return FOUND_PAGE;
}

/*
 * One look at the table. Opens access->req if a request is needed and
 * access->req is allocated.
 */
static enum found look_up(struct access *access)
{
	const struct ssi_slot *slot = access->slot;
	u32 state = READ_ONCE(slot->region->state);
	struct ssi_step step;

	lockdep_assert_held(&slot->bucket->lock);
	if (state != SSI_DSM_REGION_READY)
		return state == SSI_DSM_REGION_WAITING ? FOUND_WAITING :
							 FOUND_LOST;
	step = ssi_coherence_step(slot->entry->state,
				  access_event(slot->entry, access->event));
	switch (step.action) {
	case SSI_ACT_HIT:
		return find_page(access);
	case SSI_ACT_WAIT:
		return FOUND_BUSY;
	default:
		if (!access->req)
			return FOUND_MISSING;
		ssi_request_open(slot, access->req, step, &access->msg);
		access->req = NULL;
		return FOUND_OPENED;
	}
}

/* Request the pages that follow in a stream of faults. */
static void fetch_ahead(const struct access *access)
{
	struct ssi_region *region = access->slot->region;
	u64 first, count;

	count = ssi_gather_ahead(region, access->slot->index, &first);
	if (count)
		ssi_gather_remember(region);
	for (; count; count--)
		ssi_request_fetch(region, first++, access->event, GFP_KERNEL,
				  count > 1);
}

/* Request the other pages of the page's prefetch group (gather.c). */
static void fetch_gang(const struct ssi_slot *slot)
{
	u64 gang[SSI_GANG];
	u32 i;

	if (!ssi_gather_call_gang(slot->region, slot->index, gang))
		return;
	for (i = 0; i < SSI_GANG; i++)
		if (gang[i] && gang[i] != slot->index + 1)
			ssi_request_fetch(slot->region, gang[i] - 1,
					  SSI_EV_STORE, GFP_KERNEL, false);
}

/*
 * Take the page without a message if this is its first touch and its home is
 * this node. Else allocate a request.
 */
static int prepare_request(struct access *access)
{
	if (ssi_touch_first(access->slot)) {
		access->class = SSI_DSM_CLASS_FIRST_TOUCH;
		return 0;
	}
	access->req = ssi_request_alloc(access->slot->region, access->event,
					GFP_KERNEL);
	return access->req ? 0 : -ENOMEM;
}

static void send_request(struct access *access)
{
	struct ssi_region *region = access->slot->region;

	ssi_gather_remember(region);
	local_bh_disable();
	ssi_request_send(region, &access->msg, false);
	local_bh_enable();
	fetch_gang(access->slot);
	access->was_here = false;
}

/*
 * One step towards the page. Return: 0: look again; 1: the page is on this
 * node; or an error.
 */
static int advance(struct access *access)
{
	enum found found;

	spin_lock_bh(&access->slot->bucket->lock);
	found = look_up(access);
	spin_unlock_bh(&access->slot->bucket->lock);
	switch (found) {
	case FOUND_PAGE:
		return 1;
	case FOUND_ZERO:
		return fill_zero(access->slot);
	case FOUND_PART:
		return ssi_huge_take_part(access->slot);
	case FOUND_MISSING:
		return prepare_request(access);
	case FOUND_OPENED:
		send_request(access);
		return 0;	/* its home may be this node: look again */
	case FOUND_BUSY:
	case FOUND_WAITING:
		return -EAGAIN;
	case FOUND_LOST:
		break;
	}
	return -EIO;
}

int ssi_access_page(const struct ssi_slot *slot, enum ssi_event event,
		    struct page **page)
{
	struct access access = {
		.slot = slot,
		.event = event,
		.class = SSI_DSM_CLASS_LOCAL,
		.was_here = true,
	};
	u64 start = ktime_get_ns();
	int ret;

	do
		ret = advance(&access);
	while (!ret);
	if (access.req)
		ssi_request_free(access.req);
	if (ret == 1 || ret == -EAGAIN)
		fetch_ahead(&access);
	if (ret < 0)
		return ret;
	*page = access.page;
	if (access.was_here)
		ssi_stats_add(slot->region->stats, access.class,
			      ktime_get_ns() - start);
	return 0;
}

bool ssi_access_still(const struct ssi_slot *slot, enum ssi_event event,
		      struct page *page)
{
	struct ssi_page *entry = slot->entry;
	bool still;

	spin_lock_bh(&slot->bucket->lock);
	still = entry->pfn == page_to_pfn(page) &&
		!ssi_huge_is_splitting(page) &&
		ssi_coherence_step(entry->state, event).action == SSI_ACT_HIT;
	spin_unlock_bh(&slot->bucket->lock);
	return still;
}

/* Whether another attempt can succeed or must fail. */
static bool is_worth_a_try(const struct ssi_slot *slot, enum ssi_event event)
{
	struct page *page = ssi_pages_data(slot->entry);
	u32 state = READ_ONCE(slot->region->state);

	if (state != SSI_DSM_REGION_READY)
		return state != SSI_DSM_REGION_WAITING;
	/*
	 * Without locks, @page may be freed and reused for another folio: then it is
	 * not the data any more, and who took it away need not wake this task.
	 */
	if (page && ssi_huge_is_splitting(page) && !ssi_huge_is_unmapped(page)) {
		smp_rmb();	/* the bits of @page are read first */
		return ssi_pages_data(slot->entry) != page;
	}
	return ssi_coherence_step(slot->entry->state, event).action !=
	       SSI_ACT_WAIT;
}

bool ssi_access_is_settled(const struct ssi_slot *slot)
{
	return is_worth_a_try(slot, SSI_EV_STORE);
}

/*
 * Number of CPUs that spin for a page. At most half of all CPUs may spin, so
 * none may if there is only one: the code that receives the page needs a CPU
 * too, and another node on this host may need one.
 */
static atomic_t spinning;

static bool may_spin(void)
{
	if (atomic_inc_return(&spinning) <= num_online_cpus() / 2)
		return true;
	atomic_dec(&spinning);
	return false;
}

static bool spin_for_it(const struct ssi_slot *slot, enum ssi_event event)
{
	struct ssi_region *region = slot->region;
	u64 spin = ssi_rules_spin_ns(ssi_region_policy(region,
						       SSI_DSM_POLICY_SPIN),
				     READ_ONCE(region->gather.service_ns));
	bool came = false;
	u64 end;

	if (!spin || !may_spin())
		return false;
	end = ktime_get_ns() + spin;
	do {
		came = is_worth_a_try(slot, event);
		cpu_relax();
		barrier();
	} while (!came && single_task_running() && !need_resched() &&
		 ktime_get_ns() < end);
	atomic_dec(&spinning);
	return came;
}

/* A node may be alive and not answer: somebody must be told who waits for whom. */
static void tell_wait(const struct ssi_slot *slot)
{
	struct ssi_region *region = slot->region;

	if (READ_ONCE(region->state) == SSI_DSM_REGION_READY)
		pr_warn_ratelimited("node %u has waited for page %llu of region %u for %u s; the page's home is node %u\n",
				    region->node->id, slot->index, region->id,
				    (u32)(TELL_AFTER / HZ),
				    ssi_pages_home(region, slot->index));
}

/*
 * Sleep until another attempt can succeed. A wake-up removes the task from the
 * queue, so look at the page before the task is added again, which takes the
 * queue's lock. Return: the jiffies that are left of @limit, or -EINTR.
 */
static long sleep_for_it(const struct ssi_slot *slot, enum ssi_event event,
			 long limit, unsigned int state)
{
	struct wait_queue_head *wait = &slot->bucket->wait;
	struct ssi_pages_waiter waiter;
	long ret;

	ssi_pages_begin_wait(slot, &waiter);
	do {
		ret = prepare_to_wait_event(wait, &waiter.entry, state);
		if (is_worth_a_try(slot, event))
			break;
		if (ret)
			return -EINTR;
		limit = schedule_timeout(limit);
	} while (limit && !is_worth_a_try(slot, event));
	finish_wait(wait, &waiter.entry);
	return limit ? limit : is_worth_a_try(slot, event);
}

int ssi_access_wait(const struct ssi_slot *slot, enum ssi_event event,
		    long limit, unsigned int state)
{
	bool tells = limit > TELL_AFTER;
	long left;

	if (spin_for_it(slot, event))
		return 0;
	left = sleep_for_it(slot, event, tells ? TELL_AFTER : limit, state);
	if (!left && tells) {
		tell_wait(slot);
		left = sleep_for_it(slot, event, limit, state);
	}
	return left < 0 ? left : 0;
}
