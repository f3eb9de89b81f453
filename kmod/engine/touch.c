// SPDX-License-Identifier: GPL-2.0-only
/* First touch: pages whose home is this node and that no node has used yet. */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "alloc.h"
#include "engine/home.h"
#include "engine/touch.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"

/* A folio is taken only from free memory: no reclaim for it. */
#define GFP_FOLIO	((GFP_HIGHUSER | __GFP_ZERO | __GFP_ACCOUNT |	\
			  __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM)

/*
 * Checked without locks. ssi_home_take() checks each page again under its lock.
 */
static bool is_untouched(struct ssi_region *region, u64 first)
{
	struct ssi_page *entry = ssi_pages_entry(region, first, GFP_KERNEL);
	struct ssi_dir *dir = ssi_pages_dir(region, first, GFP_KERNEL);
	u32 i;

	if (!entry || !dir)
		return false;
	for (i = 0; i < SSI_BLOCK_PAGES; i++)
		if (dir[i].state != SSI_DIR_UNTOUCHED || dir[i].busy ||
		    entry[i].state != SSI_PAGE_I)
			return false;
	return true;
}

static bool take_one(struct ssi_region *region, u64 index, struct page *page,
		     u32 granted_at)
{
	struct ssi_slot slot;

	return ssi_pages_find(region, index, GFP_KERNEL, &slot) &&
	       ssi_home_take(&slot, page, granted_at);
}

/*
 * A page of the block that no task has used is not held when it is requested:
 * its grant time is set far in the past.
 */
static u32 take_all(struct ssi_region *region, u64 touched, u64 first,
		    struct page *head)
{
	u32 now = ssi_page_tick(ktime_get_ns());
	u32 before = (now - SSI_PAGE_TICK_MASK / 2) & SSI_PAGE_TICK_MASK;
	u32 i;

	for (i = 0; i < SSI_BLOCK_PAGES; i++)
		if (!take_one(region, first + i, head + i,
			      first + i == touched ? now : before))
			break;
	return i;
}

static void give_back(struct ssi_region *region, u64 first, u32 count)
{
	struct ssi_slot slot;
	u32 i;

	for (i = 0; i < count; i++) {
		ssi_pages_find(region, first + i, 0, &slot);
		spin_lock_bh(&slot.bucket->lock);
		ssi_pages_set_data(&slot, NULL);
		spin_unlock_bh(&slot.bucket->lock);
	}
}

static bool wants_folio(struct ssi_region *region, u64 first)
{
	return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) &&
	       ssi_region_policy(region, SSI_DSM_POLICY_HUGE) &&
	       is_untouched(region, first) &&
	       !ssi_alloc_fails(SSI_ALLOC_FOLIO);
}

static bool touch_block(struct ssi_region *region, u64 index)
{
	u64 first = index & ~(u64)(SSI_BLOCK_PAGES - 1);
	struct folio *folio;
	struct page *head;
	u32 taken;

	if (!wants_folio(region, first))
		return false;
	folio = folio_alloc(GFP_FOLIO, SSI_BLOCK_SHIFT);
	if (!folio)
		return false;
	head = folio_page(folio, 0);
	folio_ref_add(folio, SSI_BLOCK_PAGES);
	set_page_private(head, BIT(SSI_HUGE_CHANGING));
	lock_page(head);
	ssi_pte_install(region, head, first);
	taken = take_all(region, index, first, head);
	if (taken == SSI_BLOCK_PAGES) {
		atomic64_inc(&region->nr_huge);
		clear_bit(SSI_HUGE_CHANGING, &head->private);
	} else {
		give_back(region, first, taken);
		ssi_pte_uninstall(head);
		set_page_private(head, 0);
		folio_put_refs(folio, SSI_BLOCK_PAGES);
	}
	unlock_page(head);
	ssi_pages_wake_block(region, first);
	put_page(head);
	return taken == SSI_BLOCK_PAGES;
}

bool ssi_touch_first(const struct ssi_slot *slot)
{
	if (!ssi_pages_are_ours(slot->region, slot->index))
		return false;
	return touch_block(slot->region, slot->index) ||
	       ssi_home_take(slot, NULL, ssi_page_tick(ktime_get_ns()));
}
