// SPDX-License-Identifier: GPL-2.0-only
/*
 * First touch: pages whose home is here and that nobody has used yet.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "alloc.h"
#include "engine/home.h"
#include "engine/touch.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "net/node.h"

/* Nobody is made to give back memory for it. */
#define GFP_PIECE	((GFP_HIGHUSER | __GFP_ZERO | __GFP_ACCOUNT |	\
			  __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM)

/* A look without locks: taking them looks again. */
static bool is_untouched(struct ssi_region *region, u64 first)
{
	struct ssi_page *entry = ssi_region_page(region, first, GFP_KERNEL);
	struct ssi_dir *dir = ssi_region_dir(region, first, GFP_KERNEL);
	u32 i;

	if (!entry || !dir)
		return false;
	for (i = 0; i < SSI_BLOCK_PAGES; i++)
		if (dir[i].state != SSI_DIR_UNTOUCHED || dir[i].busy ||
		    entry[i].state != SSI_PAGE_I)
			return false;
	return true;
}

/*
 * Pages that nobody has used do not wait for a hold window when they are asked
 * for: they came long ago.
 */
static u32 take_all(struct ssi_region *region, u64 touched, u64 first,
		    struct page *piece)
{
	u32 now = ssi_page_tick(ktime_get_ns());
	u32 before = (now - SSI_PAGE_TICK_MASK / 2) & SSI_PAGE_TICK_MASK;
	u32 i;

	for (i = 0; i < SSI_BLOCK_PAGES; i++)
		if (!ssi_home_take(region, first + i, piece + i,
				   first + i == touched ? now : before))
			break;
	return i;
}

static void give_back(struct ssi_region *region, u64 first, u32 count)
{
	struct ssi_page *entry = ssi_region_page(region, first, 0);
	struct ssi_bucket *bucket;
	u32 i;

	for (i = 0; i < count; i++) {
		bucket = ssi_region_bucket(region, first + i);
		spin_lock_bh(&bucket->lock);
		ssi_region_set_data(region, first + i, entry + i, NULL);
		spin_unlock_bh(&bucket->lock);
	}
}

static bool touch_block(struct ssi_region *region, u64 index)
{
	u64 first = index & ~(u64)(SSI_BLOCK_PAGES - 1);
	struct folio *folio;
	struct page *piece;
	u32 taken;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ||
	    !ssi_region_policy(region, SSI_DSM_POLICY_HUGE) ||
	    !is_untouched(region, first))
		return false;
	if (ssi_alloc_fails(SSI_ALLOC_PIECE))
		return false;
	folio = folio_alloc(GFP_PIECE, SSI_BLOCK_SHIFT);
	if (!folio)
		return false;
	piece = folio_page(folio, 0);
	folio_ref_add(folio, SSI_BLOCK_PAGES);
	set_page_private(piece, BIT(SSI_HUGE_CHANGING));
	lock_page(piece);
	ssi_pte_install(region, piece, first);
	taken = take_all(region, index, first, piece);
	if (taken == SSI_BLOCK_PAGES) {
		atomic64_inc(&region->nr_huge);
		clear_bit(SSI_HUGE_CHANGING, &piece->private);
	} else {
		give_back(region, first, taken);
		ssi_pte_uninstall(piece);
		set_page_private(piece, 0);
		folio_put_refs(folio, SSI_BLOCK_PAGES);
	}
	unlock_page(piece);
	ssi_region_wake(region);
	put_page(piece);
	return taken == SSI_BLOCK_PAGES;
}

bool ssi_touch_first(struct ssi_region *region, u64 index)
{
	if (ssi_region_home(region, index) != region->node->id)
		return false;
	return touch_block(region, index) ||
	       ssi_home_take(region, index, NULL,
			     ssi_page_tick(ktime_get_ns()));
}
