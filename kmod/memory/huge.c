// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of 2 MiB in one piece, so that page tables map them by one entry.
 *
 * DOC: Theory of operation
 *
 * When .fault returns a page of a compound page of that size, and the mapping
 * is aligned to it, the core maps all of it by one PMD (do_set_pmd()), and KVM
 * follows with its own tables. So all that is to do is to have such pages.
 *
 * A block begins in one piece if its home is the first to touch it, at any of its
 * pages, and the allocator has such a piece without effort. All its pages are
 * E then, and each refers to its part of the piece, with a reference to it as
 * to any page. To the protocol they are pages like all others.
 *
 * It ends when another node asks for a page of it: before the page work of that
 * page the block is split into pages by themselves, all of them, since the core
 * would map the rest by one PMD again. The splitter forbids new mappings
 * (SSI_HUGE_SPLITTING, which those who map look at after the page's state, with
 * the same locks: see pte.c), takes the old ones away, and waits until nobody
 * refers to the piece (SSI_HUGE_UNMAPPED). Then each page can be copied by
 * whoever comes to it first: page work, for another node waits for that page
 * only, or the splitter, who copies all that are left after its own page work
 * has answered. A reference to any of its pages is one to the whole piece, so a
 * pinned page keeps all pages of its block here. What was split stays so.
 *
 * A piece lives as long as an entry refers to it. Who sees it in an entry, with
 * the bucket lock held, may use the bits in its page->private.
 *
 * CHANGING makes its maker or the one splitter exclusive; others wait at the
 * bucket of their page. Making needs no SPLITTING, since it holds the page lock
 * all the time: who wants to map comes to the lock and then looks whether the
 * page is still the data. It is undone if another node gets in between; then
 * what was taken is E and zero and has no memory yet.
 */
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "alloc.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"

/* ---- splitting ---- */

/* The data with a reference, if it still is of a piece that nobody maps. */
static struct page *get_part(struct ssi_region *region, u64 index,
			     struct ssi_page *entry)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct page *page;

	spin_lock_bh(&bucket->lock);
	page = ssi_region_data(entry);
	if (page && test_bit(SSI_HUGE_UNMAPPED, &compound_head(page)->private))
		get_page(page);
	else
		page = NULL;
	spin_unlock_bh(&bucket->lock);
	return page;
}

/*
 * Page @index of such a piece gets a page by itself, unless it has one: the
 * splitter and page work may come to it at once.
 */
static void replace(struct ssi_region *region, u64 index,
		    struct ssi_page *entry)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct page *from = get_part(region, index, entry);
	struct page *to;

	if (!from)
		return;
	to = ssi_alloc_page_wait(GFP_HIGHUSER);
	copy_highpage(to, from);
	spin_lock_bh(&bucket->lock);
	if (ssi_region_data(entry) == from) {
		ssi_pte_install(region, to, index);
		if (ssi_pte_was_written(from))
			SetPageDirty(to);
		ssi_region_set_data(region, index, entry, to);
		to = NULL;
	}
	spin_unlock_bh(&bucket->lock);
	wake_up_all(&bucket->wait);
	put_page(from);
	if (to)
		put_page(to);
}

static void begin_split(struct ssi_region *region, struct page *piece)
{
	set_bit(SSI_HUGE_SPLITTING, &piece->private);
	ssi_pte_unmap(region, piece);
	atomic64_dec(&region->nr_huge);
	atomic64_inc(&region->nr_split);
	set_bit(SSI_HUGE_UNMAPPED, &piece->private);
	ssi_region_wake(region);
}

void ssi_huge_split_rest(struct ssi_region *region, struct page *piece)
{
	u64 first = piece->index;
	struct ssi_page *entry = ssi_region_page(region, first, 0);
	u32 i;

	for (i = 0; i < SSI_BLOCK_PAGES; i++) {
		replace(region, first + i, entry + i);
		cond_resched();
	}
	set_page_private(piece, 0);
	folio_put_refs(page_folio(piece), SSI_BLOCK_PAGES);
}

/* Whether the piece of @index is somebody else's, and not to be copied yet. */
static bool must_wait(struct ssi_region *region, u64 index,
		      struct ssi_page *entry)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct page *page;
	bool wait;

	spin_lock_bh(&bucket->lock);
	page = ssi_region_data(entry);
	wait = page &&
	       test_bit(SSI_HUGE_CHANGING, &compound_head(page)->private) &&
	       !test_bit(SSI_HUGE_UNMAPPED, &compound_head(page)->private);
	spin_unlock_bh(&bucket->lock);
	return wait;
}

struct page *ssi_huge_split(struct ssi_region *region, u64 index,
			    struct ssi_page *entry, struct page **rest)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct page *page, *piece;

	*rest = NULL;
	for (;;) {
		spin_lock_bh(&bucket->lock);
		page = ssi_region_data(entry);
		piece = page && PageCompound(page) ? compound_head(page) : NULL;
		if (piece && !test_and_set_bit(SSI_HUGE_CHANGING,
					       &piece->private))
			*rest = piece;
		spin_unlock_bh(&bucket->lock);
		if (!piece)
			return page;
		if (*rest)
			begin_split(region, piece);
		else
			wait_event_idle(bucket->wait,
					!must_wait(region, index, entry));
		replace(region, index, entry);
	}
}

/* ---- discarding ---- */

/*
 * A part of @piece, unless another node has asked for it: then it may be another
 * page by now. Its reference goes with the others' at the end of the split.
 */
static bool drop_part(struct ssi_region *region, u64 index,
		      struct ssi_page *entry, const struct page *piece)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct page *page;
	bool drop;

	spin_lock_bh(&bucket->lock);
	page = ssi_region_data(entry);
	/* what is E and has no data is zero: see page.h */
	drop = entry->state == SSI_PAGE_E && page &&
	       compound_head(page) == piece;
	if (drop)
		ssi_region_set_data(region, index, entry, NULL);
	spin_unlock_bh(&bucket->lock);
	wake_up_all(&bucket->wait);
	return drop;
}

u32 ssi_huge_discard(struct ssi_region *region, u64 first)
{
	struct ssi_page *entry = ssi_region_page(region, first, 0);
	struct ssi_bucket *bucket = ssi_region_bucket(region, first);
	struct page *page, *piece = NULL;
	u32 i, dropped = 0;

	if (!entry)
		return 0;
	spin_lock_bh(&bucket->lock);
	page = ssi_region_data(entry);
	if (page && PageCompound(page) &&
	    !test_and_set_bit(SSI_HUGE_CHANGING, &page->private))
		piece = page;
	spin_unlock_bh(&bucket->lock);
	if (!piece)
		return 0;
	begin_split(region, piece);
	for (i = 0; i < SSI_BLOCK_PAGES; i++)
		dropped += drop_part(region, first + i, entry + i, piece);
	ssi_huge_split_rest(region, piece);
	return dropped;
}
