// SPDX-License-Identifier: GPL-2.0-only
/*
 * Discarding: free the memory of pages whose content the guest does not need.
 *
 * DOC: Theory of operation
 *
 * A page in state E that has no data reads as zero. A page is in this state
 * after its first touch, wherever its home is, so page work and faults handle
 * it. A node that has a page exclusively can therefore make the page zero and
 * free its memory without a message: it drops the data and stays in state E.
 *
 * As in eviction, the decision is made with the page locked and under the
 * bucket lock, when no PTE can appear, and only if no other task has a
 * reference to the page. All other pages stay as they are: copies, and pages
 * that are on their way, are not discarded.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "memory/discard.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"

/*
 * The page's data with a reference, if this node has the page exclusively and
 * it is a single page; else NULL.
 */
static struct page *get_own_page(const struct ssi_slot *slot)
{
	struct page *page = NULL;

	spin_lock_bh(&slot->bucket->lock);
	if (slot->entry->state == SSI_PAGE_E)
		page = ssi_pages_data(slot->entry);
	if (page && PageCompound(page))
		page = NULL;
	if (page)
		get_page(page);
	spin_unlock_bh(&slot->bucket->lock);
	return page;
}

/* @page is locked and not mapped. */
static bool drop_own(const struct ssi_slot *slot, struct page *page)
{
	bool dropped;

	spin_lock_bh(&slot->bucket->lock);
	dropped = slot->entry->state == SSI_PAGE_E &&
		  ssi_pages_data(slot->entry) == page && page_count(page) == 2;
	if (dropped)
		ssi_pages_set_data(slot, NULL);
	spin_unlock_bh(&slot->bucket->lock);
	if (dropped) {
		ssi_pte_uninstall(page);
		put_page(page);
	}
	return dropped;
}

static bool discard_page(struct ssi_region *region, u64 index)
{
	struct ssi_slot slot;
	struct page *page;
	bool dropped;

	if (!ssi_pages_find(region, index, 0, &slot))
		return false;
	if (ssi_huge_discard_part(&slot))
		return true;
	page = get_own_page(&slot);
	if (!page)
		return false;
	lock_page(page);
	if (page_mapped(page))
		ssi_pte_zap(region, index);
	dropped = drop_own(&slot, page);
	unlock_page(page);
	put_page(page);
	return dropped;
}

u64 ssi_discard(struct ssi_region *region, u64 first, u64 count)
{
	u64 index = first, end = first + count, dropped = 0;

	while (index < end && !fatal_signal_pending(current)) {
		if (IS_ALIGNED(index, SSI_BLOCK_PAGES)) {
			if (!ssi_pages_entry(region, index, 0)) {
				index += SSI_BLOCK_PAGES;
				continue;
			}
			if (end - index >= SSI_BLOCK_PAGES)
				dropped += ssi_huge_discard(region, index);
			cond_resched();
		}
		dropped += discard_page(region, index++);
	}
	return dropped;
}
