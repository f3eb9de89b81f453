// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holder: pages that this node hands over or shares. The theory of operation is
 * in message.c.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "alloc.h"
#include "engine/gather.h"
#include "engine/holder.h"
#include "engine/message.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/transport.h"
#include "protocol/coherence.h"

static void answer(struct ssi_rx *rx, struct page *page)
{
	struct ssi_region *region = rx->region;
	struct ssi_msg msg = {
		.index = rx->msg.index,
		.token = rx->msg.token,
		.time = rx->holder.due ? ssi_message_usec(rx->holder.due - rx->start) : 0,
	};
	u64 ns = ktime_get_ns() - rx->start;

	switch (rx->msg.type) {
	case SSI_WIRE_FWDS:
		msg.type = SSI_WIRE_DATAS;
		break;
	case SSI_WIRE_FWDX:
		msg.type = SSI_WIRE_DATAX;
		msg.arg = rx->msg.arg;
		break;
	default:
		msg.type = SSI_WIRE_ACK;
		if (page)
			put_page(page);
		page = NULL;
		break;
	}
	ssi_stats_add(region->stats, page ? SSI_DSM_CLASS_FORWARDED :
					    SSI_DSM_CLASS_INVALIDATION, ns);
	ssi_message_send(region, rx->msg.requester, &msg, page);
	ssi_rx_free(rx);
}

/*
 * The page's data, removed from all page tables or write-protected, as @rx
 * needs it.
 */
static struct page *detach(const struct ssi_slot *slot, struct ssi_rx *rx,
			   struct page **rest)
{
	struct page *page = ssi_huge_split(slot, rest);
	bool copy = rx->msg.type == SSI_WIRE_FWDS;

	if (page && page_mapped(page) && rx->msg.type == SSI_WIRE_FWDX)
		ssi_gather_join_gang(slot->region, slot->index);
	if (!page) {	/* in state E without data: zero */
		page = ssi_alloc_page_wait(GFP_HIGHUSER | __GFP_ZERO);
		if (copy)
			ssi_pte_install(slot->region, page, slot->index);
	} else if (copy) {
		ssi_pte_protect(slot->region, page);
	} else {
		ssi_pte_unmap(slot->region, page);
	}
	return page;
}

/*
 * Page work is done: change the state as the table says. If the page stays
 * readable, @page stays its data, with a second reference for the answer.
 */
static void leave(const struct ssi_slot *slot, struct ssi_rx *rx,
		  struct page *page)
{
	struct ssi_page *entry = slot->entry;
	struct ssi_step step;

	spin_lock_bh(&slot->bucket->lock);
	step = ssi_coherence_step(entry->state, SSI_EV_LEFT);
	ssi_pages_set_state(slot, step.next);
	if (ssi_page_readable(step.next)) {
		ssi_pages_set_data(slot, page);
		get_page(page);
	} else {
		if (rx->holder.exclusive && !ssi_pte_was_written(page))
			entry->migratory = false;
		ssi_pages_set_data(slot, NULL);
	}
	spin_unlock_bh(&slot->bucket->lock);
	wake_up_all(&slot->bucket->wait);
}

/* Page work: unmap or write-protect, then answer. Runs on node->wq. */
static void ssi_holder_page_work(struct work_struct *work)
{
	struct ssi_rx *rx = container_of(work, struct ssi_rx, work);
	struct ssi_region *region = rx->region;
	struct page *rest, *page;
	struct ssi_slot slot;

	ssi_pages_find(region, rx->msg.index, 0, &slot);
	page = detach(&slot, rx, &rest);
	leave(&slot, rx, page);
	if (rest)	/* the message holds the reference to the region */
		kref_get(&region->ref);
	local_bh_disable();
	answer(rx, page);
	local_bh_enable();
	if (rest) {
		ssi_huge_split_rest(region, rest);
		ssi_region_put(region);
	}
}

/*
 * Hold @rx. Held messages are sorted by the time at which they are looked at
 * again. A lost region holds none, since ssi_holder_purge() may have run
 * already. BH disabled.
 */
static void hold(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_holder *holder = &region->holder;
	struct ssi_rx *pos;
	bool lost;

	spin_lock(&holder->lock);
	lost = READ_ONCE(region->state) == SSI_DSM_REGION_LOST;
	if (!lost) {
		list_for_each_entry_reverse(pos, &holder->held, list)
			if (pos->holder.due <= rx->holder.due)
				break;
		list_add(&rx->list, &pos->list);
		if (list_is_first(&rx->list, &holder->held))
			hrtimer_start(&holder->timer,
				      ns_to_ktime(rx->holder.due),
				      HRTIMER_MODE_ABS_SOFT);
	}
	spin_unlock(&holder->lock);
	if (lost)
		ssi_rx_free(rx);
}

static enum ssi_event holder_event(enum ssi_wire_type type)
{
	switch (type) {
	case SSI_WIRE_FWDS:
		return SSI_EV_FWDS;
	case SSI_WIRE_FWDX:
		return SSI_EV_FWDX;
	default:
		return SSI_EV_INV;
	}
}

/*
 * Whether the page must stay for now. In state SX this node waits to write its
 * copy. Holding the message would not help it, since its own request is served
 * after this one.
 */
static bool must_hold(const struct ssi_slot *slot, struct ssi_rx *rx)
{
	return slot->entry->state != SSI_PAGE_SX &&
	       ssi_gather_must_hold(slot, rx);
}

/*
 * Decide about @rx and change the state. False: hold @rx; the state has not
 * changed. @page: set to the page to supply, with a reference. Bucket lock
 * held.
 */
static bool decide(const struct ssi_slot *slot, struct ssi_rx *rx,
		   enum ssi_action *action, struct page **page)
{
	struct ssi_page *entry = slot->entry;
	struct ssi_step step;

	lockdep_assert_held(&slot->bucket->lock);
	step = ssi_coherence_step(entry->state, holder_event(rx->msg.type));
	*action = step.action;
	if (step.action == SSI_ACT_WORK && must_hold(slot, rx))
		return false;
	rx->holder.exclusive = entry->state == SSI_PAGE_E;
	if (step.action != SSI_ACT_ERROR)
		ssi_pages_set_state(slot, step.next);
	if (step.action == SSI_ACT_SUPPLY) {
		*page = ssi_pages_data(entry);
		get_page(*page);
	}
	return true;
}

/* FWDS, FWDX, INV */
static void holder_asked(struct ssi_region *region, struct ssi_rx *rx)
{
	enum ssi_action action;
	struct page *page = NULL;
	struct ssi_slot slot;
	bool decided;

	if (!ssi_pages_find(region, rx->msg.index, 0, &slot))
		return ssi_message_violation(rx, "the page was never here");
	spin_lock(&slot.bucket->lock);
	decided = decide(&slot, rx, &action, &page);
	spin_unlock(&slot.bucket->lock);
	if (!decided)
		return hold(region, rx);

	switch (action) {
	case SSI_ACT_ACK:
	case SSI_ACT_SUPPLY:
		return answer(rx, page);
	case SSI_ACT_WORK:
		INIT_WORK(&rx->work, ssi_holder_page_work);
		queue_work(region->node->wq, &rx->work);
		return;
	default:
		return ssi_message_violation(rx, "the page is not here");
	}
}

/* Take the message that is held for page @index, or NULL. */
static struct ssi_rx *take_held(struct ssi_holder *holder, u64 index)
{
	struct ssi_rx *rx, *found = NULL;

	spin_lock(&holder->lock);
	list_for_each_entry(rx, &holder->held, list)
		if (rx->msg.index == index) {
			list_del_init(&rx->list);
			found = rx;
			break;
		}
	spin_unlock(&holder->lock);
	return found;
}

/*
 * OLDER is a priority hint: an older request waits at the home. The message
 * that is held for the page gets the age of that request. The hint may come
 * when no message is held.
 */
static void holder_hinted(struct ssi_region *region, struct ssi_rx *older)
{
	struct ssi_rx *rx = take_held(&region->holder, older->msg.index);
	u32 waited;

	if (rx) {
		waited = ssi_message_usec(older->start - rx->start);
		if (older->msg.time > waited)
			rx->msg.time = max(rx->msg.time,
					   older->msg.time - waited);
		holder_asked(region, rx);
	}
	ssi_rx_free(older);
}

/* FWDS, FWDX, INV, OLDER */
void ssi_holder_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	if (rx->msg.type == SSI_WIRE_OLDER)
		holder_hinted(region, rx);
	else
		holder_asked(region, rx);
}

static struct ssi_rx *take_due(struct ssi_holder *holder)
{
	struct ssi_rx *rx;

	spin_lock(&holder->lock);
	rx = list_first_entry_or_null(&holder->held, struct ssi_rx, list);
	if (rx && rx->holder.due > ktime_get_ns()) {
		hrtimer_start(&holder->timer, ns_to_ktime(rx->holder.due),
			      HRTIMER_MODE_ABS_SOFT);
		rx = NULL;
	}
	if (rx)
		list_del_init(&rx->list);
	spin_unlock(&holder->lock);
	return rx;
}

/* Softirq. */
static enum hrtimer_restart ssi_holder_timer(struct hrtimer *timer)
{
	struct ssi_region *region =
		container_of(timer, struct ssi_region, holder.timer);
	struct ssi_rx *rx;

	while ((rx = take_due(&region->holder)))
		holder_asked(region, rx);
	return HRTIMER_NORESTART;
}

void ssi_holder_init(struct ssi_holder *holder)
{
	spin_lock_init(&holder->lock);
	INIT_LIST_HEAD(&holder->held);
	hrtimer_init(&holder->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	holder->timer.function = ssi_holder_timer;
}

void ssi_holder_purge(struct ssi_holder *holder, struct list_head *rxs)
{
	hrtimer_cancel(&holder->timer);
	spin_lock_bh(&holder->lock);
	list_splice_init(&holder->held, rxs);
	spin_unlock_bh(&holder->lock);
}
