// SPDX-License-Identifier: GPL-2.0-only
/*
 * 2 MiB folios: blocks that page tables map by one entry.
 *
 * DOC: Theory of operation
 *
 * The core maps a whole compound page by one PMD (do_set_pmd()) if .fault
 * returns one of its pages, the compound page is 2 MiB large, and the mapping
 * is aligned to it. KVM maps the same range by one entry of its own tables. So
 * this module only has to provide such compound pages.
 *
 * A block begins as a 2 MiB folio if its home is the first node that touches
 * any page of it, and if the allocator has a free folio of that size. All pages
 * of the block are in state E then. The entry of each page refers to its part
 * of the folio and holds a reference to it, as to any other page. The protocol
 * treats these pages like all others.
 *
 * The folio is split when another node requests one of its pages, before the
 * page work of that page. The split replaces all 512 pages by single pages: if
 * some pages stayed in the folio, the core would map them by one PMD again. A
 * split has three steps:
 *
 * - The splitter sets SSI_HUGE_SPLITTING, which forbids new mappings. The code
 *   that maps a page tests this bit after the page's state, under the same
 *   locks: see pte.c. Then the splitter removes the existing mappings.
 * - When all references to the folio are put, except those of the entries, the
 *   splitter sets SSI_HUGE_UNMAPPED.
 * - From then on each page can be copied to a single page, or sent to another
 *   node and forgotten, without page work. A fault copies its own page. The
 *   pages that are left after a second are copied by a work with low priority,
 *   one folio at a time: until the last page is copied, the folio and the copies
 *   need memory. (If it began at once, the next faults of the block would compete
 *   with it for the CPU.) Who replaces a page puts the entry's reference to the
 *   folio, and the last of them frees it.
 *
 * The first page work that finds the folio becomes the splitter. References may
 * stay for long, and memory for the copies may be short. Therefore
 * ssi_huge_split() does not wait: page work that cannot go on is tried again
 * later. If the region is lost meanwhile, the folio stays as it is.
 *
 * A reference to one page of a folio is a reference to the whole folio. So a
 * pinned page keeps all pages of its block on this node. Split pages are not
 * joined to a folio again.
 *
 * A folio lives as long as an entry refers to it. Code that finds the folio in
 * an entry may use the bits in its page->private while it holds the bucket
 * lock.
 *
 * SSI_HUGE_CHANGING allows only one task at a time to make or to split the
 * folio. Page work of its other pages is tried again later, and faults wait at
 * the bucket of their page. To make a folio,
 * SSI_HUGE_SPLITTING is not needed, because the maker holds the page lock all
 * the time: a task that is about to map a page first takes that lock and then
 * checks whether the page is still the entry's data. If another node gets a
 * page of the block before the maker has taken all of them, the maker undoes
 * its work. The pages that it has taken so far stay in state E; they are zero
 * and have no memory yet.
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
#include "net/node.h"

/* ---- splitting ---- */

/*
 * The page's data with a reference, if it is part of an unmapped folio; else
 * NULL.
 */
static struct page *get_part(const struct ssi_slot *slot)
{
	struct page *page;

	spin_lock_bh(&slot->bucket->lock);
	page = ssi_pages_data(slot->entry);
	if (page && ssi_huge_is_unmapped(page))
		get_page(page);
	else
		page = NULL;
	spin_unlock_bh(&slot->bucket->lock);
	return page;
}

/*
 * Copy a page of an unmapped folio to the single page @to, which is consumed:
 * the splitter and page work may reach the same page at the same time.
 */
static void copy_part(const struct ssi_slot *slot, struct page *from,
		      struct page *to)
{
	bool replaced;

	copy_highpage(to, from);
	spin_lock_bh(&slot->bucket->lock);
	replaced = ssi_pages_data(slot->entry) == from;
	if (replaced) {
		ssi_pte_install(slot->region, to, slot->index);
		if (ssi_pte_was_written(from))
			SetPageDirty(to);
		ssi_pages_set_data(slot, to);
	}
	spin_unlock_bh(&slot->bucket->lock);
	ssi_pages_wake(slot);
	put_page(replaced ? from : to);
}

/*
 * Make a single page of a page, if it is part of an unmapped folio. Return: 0,
 * or -ENOMEM.
 */
static int replace(const struct ssi_slot *slot)
{
	struct page *from = get_part(slot);
	struct page *to;

	if (!from)
		return 0;
	to = ssi_alloc_page_for(slot->region->node->payer, GFP_HIGHUSER);
	if (to)
		copy_part(slot, from, to);
	put_page(from);
	return to ? 0 : -ENOMEM;
}

/* What claim() finds. */
enum part {
	PART_NONE,	/* a single page, or no memory */
	PART_CLAIMED,	/* of a folio that the caller splits, from now on */
	PART_SPLIT,	/* of a folio that @splits says, and the caller splits */
	PART_UNMAPPED,	/* of an unmapped folio */
	PART_BUSY,	/* of a folio that something else makes or splits */
};

/*
 * Set @page to the data of @slot, or NULL. An unmapped folio can go as soon as the
 * lock is released: a fault, another page work or the work that copies the rest
 * may replace its last part. So look at a folio that the caller does not split
 * only here.
 */
static enum part claim(const struct ssi_slot *slot, const struct page *splits,
		       struct page **page)
{
	enum part part = PART_NONE;
	struct page *head;

	spin_lock_bh(&slot->bucket->lock);
	*page = ssi_pages_data(slot->entry);
	if (*page && PageCompound(*page)) {
		head = compound_head(*page);
		if (ssi_huge_is_unmapped(head))
			part = PART_UNMAPPED;
		else if (splits == head)
			part = PART_SPLIT;
		else if (test_and_set_bit(SSI_HUGE_CHANGING, &head->private))
			part = PART_BUSY;
		else
			part = PART_CLAIMED;
	}
	spin_unlock_bh(&slot->bucket->lock);
	return part;
}

int ssi_huge_take_part(const struct ssi_slot *slot)
{
	return replace(slot);
}

static void begin_split(struct ssi_region *region, struct page *head)
{
	set_bit(SSI_HUGE_SPLITTING, &head->private);
	ssi_pte_unmap(region, head);
}

/* Nobody uses the folio any more; the references of the entries keep it. */
static void end_unmap(struct ssi_region *region, struct page *head)
{
	u64 first = head->index;

	ssi_pte_uninstall(head);
	atomic64_dec(&region->nr_huge);
	atomic64_inc(&region->nr_split);
	set_bit(SSI_HUGE_UNMAPPED, &head->private);
	/* faults can take their pages now, and then the folio goes */
	ssi_pages_wake_block(region, first);
}

/* Wait for memory, but not for longer than the region lives. */
static bool replace_wait(const struct ssi_slot *slot)
{
	while (replace(slot)) {
		if (READ_ONCE(slot->region->state) == SSI_DSM_REGION_LOST)
			return false;
		ssi_alloc_pause();
	}
	return true;
}

/* The folio itself may be gone: faults and other nodes may have all its pages. */
void ssi_huge_split_rest(struct ssi_region *region, u64 index)
{
	u64 first = index & ~(u64)(SSI_BLOCK_PAGES - 1);
	struct ssi_slot slot;
	bool all = true;
	u32 i;

	for (i = 0; i < SSI_BLOCK_PAGES && all; i++) {
		if (ssi_pages_find(region, first + i, 0, &slot))
			all = replace_wait(&slot);
		cond_resched();
	}
}

int ssi_huge_split(const struct ssi_slot *slot, struct page **page,
		   struct page **splits)
{
	enum part part = claim(slot, *splits, page);
	struct page *head;
	int ret;

	if (part == PART_NONE)
		return 0;
	if (part == PART_BUSY)
		return -EAGAIN;
	if (part != PART_UNMAPPED) {
		head = compound_head(*page);
		*splits = head;
		if (part == PART_CLAIMED)
			begin_split(slot->region, head);
		if (!ssi_pte_is_free(head))
			return -EAGAIN;
		end_unmap(slot->region, head);
	}
	ret = replace(slot);
	spin_lock_bh(&slot->bucket->lock);
	*page = ssi_pages_data(slot->entry);
	spin_unlock_bh(&slot->bucket->lock);
	return ret;
}

/* ---- discarding ---- */

bool ssi_huge_discard_part(const struct ssi_slot *slot)
{
	struct page *page;
	bool drop;

	spin_lock_bh(&slot->bucket->lock);
	page = ssi_pages_data(slot->entry);
	/* a page in E without data is zero: see page.h */
	drop = slot->entry->state == SSI_PAGE_E && page &&
	       ssi_huge_is_unmapped(page);
	if (drop)
		ssi_pages_set_data(slot, NULL);
	spin_unlock_bh(&slot->bucket->lock);
	if (drop) {
		ssi_pages_wake(slot);
		put_page(page);
	}
	return drop;
}

/*
 * A task uses the folio, perhaps for long: leave it as it was. No page was
 * copied yet, since only the splitter sets SSI_HUGE_UNMAPPED.
 */
static void undo_split(struct ssi_region *region, struct page *head)
{
	clear_bit(SSI_HUGE_SPLITTING, &head->private);
	clear_bit(SSI_HUGE_CHANGING, &head->private);
	ssi_pages_wake_block(region, head->index);
}

u32 ssi_huge_discard(struct ssi_region *region, u64 first)
{
	struct ssi_slot slot;
	struct page *head;
	u32 i, dropped = 0;

	if (!ssi_pages_find(region, first, 0, &slot) ||
	    claim(&slot, NULL, &head) != PART_CLAIMED)
		return 0;
	/* @head is the first page of the block. */
	begin_split(region, head);
	if (!ssi_pte_is_free(head)) {
		undo_split(region, head);
		return 0;
	}
	end_unmap(region, head);
	for (i = 0; i < SSI_BLOCK_PAGES; i++) {
		ssi_pages_find(region, first + i, 0, &slot);
		dropped += ssi_huge_discard_part(&slot);
	}
	ssi_huge_split_rest(region, first);
	return dropped;
}
