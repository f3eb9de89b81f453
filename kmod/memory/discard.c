// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is not needed any more.
 *
 * DOC: Theory of operation
 *
 * A page in E that has no data is zero; it is that when it is touched for the
 * first time, wherever its home is, and page work and faults know it. So a
 * node that is alone with a page can make it zero and give its memory back
 * without a word to anybody: it forgets the data and stays in E. As in
 * eviction that is decided with the page locked and under the bucket lock, when
 * no PTE can appear, and only if nobody else has a reference. Everything else, copies
 * and pages that are on their way among it, stays as it is.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "memory/discard.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"

/* With a reference, if this node is alone with it, and it is no folio's. */
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
