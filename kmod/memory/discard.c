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

/* With a reference, if this node is alone with it, and it is a page by itself. */
static struct page *get_own_page(struct ssi_region *region, u64 index,
				 struct ssi_page *entry)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct page *page = NULL;

	spin_lock_bh(&bucket->lock);
	if (entry->state == SSI_PAGE_E)
		page = ssi_region_data(entry);
	if (page && PageCompound(page))
		page = NULL;
	if (page)
		get_page(page);
	spin_unlock_bh(&bucket->lock);
	return page;
}

/* @page is locked and not mapped. */
static bool drop(struct ssi_region *region, u64 index, struct ssi_page *entry,
		 struct page *page)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	bool dropped;

	spin_lock_bh(&bucket->lock);
	dropped = entry->state == SSI_PAGE_E &&
		  ssi_region_data(entry) == page && page_count(page) == 2;
	if (dropped)
		ssi_region_set_data(region, index, entry, NULL);
	spin_unlock_bh(&bucket->lock);
	if (dropped) {
		ssi_pte_uninstall(page);
		put_page(page);
	}
	return dropped;
}

static bool discard_page(struct ssi_region *region, u64 index)
{
	struct ssi_page *entry = ssi_region_page(region, index, 0);
	struct page *page;
	bool dropped;

	page = entry ? get_own_page(region, index, entry) : NULL;
	if (!page)
		return false;
	lock_page(page);
	if (page_mapped(page))
		ssi_pte_zap(region, index);
	dropped = drop(region, index, entry, page);
	unlock_page(page);
	put_page(page);
	return dropped;
}

u64 ssi_discard(struct ssi_region *region, u64 first, u64 count)
{
	u64 index = first, end = first + count, dropped = 0;

	while (index < end && !fatal_signal_pending(current)) {
		if (IS_ALIGNED(index, SSI_BLOCK_PAGES)) {
			if (!ssi_region_page(region, index, 0)) {
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
