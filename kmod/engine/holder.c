// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holder: pages that leave this node, or are no longer its alone. The theory
 * of operation is in message.c.
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
		.time = rx->due ? ssi_message_usec(rx->due - rx->start) : 0,
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

/* Unmap or write-protect, then answer. On node->wq. */
static void page_work(struct work_struct *work)
{
	struct ssi_rx *rx = container_of(work, struct ssi_rx, work);
	struct ssi_region *region = rx->region;
	u64 index = rx->msg.index;
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);
	struct page *rest, *page = ssi_huge_split(region, index, entry, &rest);
	struct ssi_step step;

	if (page && page_mapped(page) && rx->msg.type == SSI_WIRE_FWDX)
		ssi_gather_join_gang(region, index);
	if (!page) {	/* exclusive, never written: zero */
		page = ssi_alloc_page_wait(GFP_HIGHUSER | __GFP_ZERO);
		if (rx->msg.type == SSI_WIRE_FWDS)
			ssi_pte_install(region, page, index);
	} else if (rx->msg.type == SSI_WIRE_FWDS) {
		ssi_pte_protect(region, page);
	} else {
		ssi_pte_unmap(region, page);
	}
	spin_lock_bh(&bucket->lock);
	step = ssi_coherence_step(entry->state, SSI_EV_LEFT);
	ssi_region_set_page_state(region, index, entry, step.next);
	if (ssi_page_readable(step.next)) {
		ssi_region_set_data(region, index, entry, page);
		get_page(page);
	} else {
		if (rx->exclusive && !ssi_pte_was_written(page))
			entry->migratory = false;
		ssi_region_set_data(region, index, entry, NULL);
	}
	spin_unlock_bh(&bucket->lock);
	wake_up_all(&bucket->wait);
	if (rest)	/* the message has our reference to the region */
		kref_get(&region->ref);
	local_bh_disable();
	answer(rx, page);
	local_bh_enable();
	if (rest) {
		ssi_huge_split_rest(region, rest);
		ssi_region_put(region);
	}
}

/* Held messages are sorted by the end of their window. BH disabled. */
static void hold(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_rx *pos;
	bool first;

	spin_lock(&region->held_lock);
	list_for_each_entry_reverse(pos, &region->held, list)
		if (pos->due <= rx->due)
			break;
	list_add(&rx->list, &pos->list);
	first = list_first_entry(&region->held, struct ssi_rx, list) == rx;
	if (first)
		hrtimer_start(&region->held_timer, ns_to_ktime(rx->due),
			      HRTIMER_MODE_ABS_SOFT);
	spin_unlock(&region->held_lock);
}

static u32 holder_event(u32 type)
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
 * Whether the page has to stay for now. A node that waits to write its copy is
 * not helped by keeping it: its own request is behind this one.
 */
static bool must_hold(struct ssi_region *region, const struct ssi_page *entry,
		      struct ssi_rx *rx)
{
	return entry->state != SSI_PAGE_SX &&
	       ssi_gather_must_hold(region, entry, rx);
}

/* FWDS, FWDX, INV */
static void holder_asked(struct ssi_region *region, struct ssi_rx *rx)
{
	u64 index = rx->msg.index;
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);
	struct page *page = NULL;
	struct ssi_step step;

	if (!entry)
		return ssi_message_violation(rx, "the page was never here");
	spin_lock(&bucket->lock);
	step = ssi_coherence_step(entry->state, holder_event(rx->msg.type));
	if (step.action == SSI_ACT_WORK && must_hold(region, entry, rx)) {
		spin_unlock(&bucket->lock);
		return hold(region, rx);
	}
	rx->exclusive = entry->state == SSI_PAGE_E;
	if (step.action != SSI_ACT_ERROR)
		ssi_region_set_page_state(region, index, entry, step.next);
	if (step.action == SSI_ACT_SUPPLY) {
		page = ssi_region_data(entry);
		get_page(page);
	}
	spin_unlock(&bucket->lock);

	switch (step.action) {
	case SSI_ACT_ACK:
	case SSI_ACT_SUPPLY:
		return answer(rx, page);
	case SSI_ACT_WORK:
		INIT_WORK(&rx->work, page_work);
		queue_work(region->node->wq, &rx->work);
		return;
	default:
		return ssi_message_violation(rx, "the page is not here");
	}
}

/* What is held for page @index, or NULL. */
static struct ssi_rx *pop_page(struct ssi_region *region, u64 index)
{
	struct ssi_rx *rx, *found = NULL;

	spin_lock(&region->held_lock);
	list_for_each_entry(rx, &region->held, list)
		if (rx->msg.index == index) {
			list_del_init(&rx->list);
			found = rx;
			break;
		}
	spin_unlock(&region->held_lock);
	return found;
}

/* OLDER: what is held is as old as that from now on. If nothing is, so be it. */
static void holder_told(struct ssi_region *region, struct ssi_rx *older)
{
	struct ssi_rx *rx = pop_page(region, older->msg.index);
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
		holder_told(region, rx);
	else
		holder_asked(region, rx);
}

static struct ssi_rx *pop_due(struct ssi_region *region)
{
	struct ssi_rx *rx;

	spin_lock(&region->held_lock);
	rx = list_first_entry_or_null(&region->held, struct ssi_rx, list);
	if (rx && rx->due > ktime_get_ns()) {
		hrtimer_start(&region->held_timer, ns_to_ktime(rx->due),
			      HRTIMER_MODE_ABS_SOFT);
		rx = NULL;
	}
	if (rx)
		list_del_init(&rx->list);
	spin_unlock(&region->held_lock);
	return rx;
}

/* Softirq. */
enum hrtimer_restart ssi_holder_timer(struct hrtimer *timer)
{
	struct ssi_region *region =
		container_of(timer, struct ssi_region, held_timer);
	struct ssi_rx *rx;

	while ((rx = pop_due(region)))
		holder_asked(region, rx);
	return HRTIMER_NORESTART;
}

/* The region is lost or goes: what is parked goes to @rxs. */
void ssi_holder_purge(struct ssi_region *region, struct list_head *rxs)
{
	hrtimer_cancel(&region->held_timer);
	spin_lock_bh(&region->held_lock);
	list_splice_init(&region->held, rxs);
	spin_unlock_bh(&region->held_lock);
}
