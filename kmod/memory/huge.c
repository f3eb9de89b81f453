// SPDX-License-Identifier: GPL-2.0-only
/*
 * 2 MiB folios: blocks that page tables map by one entry.
 *
 * DOC: Theory of operation
 *
 * When .fault returns a page of a compound page of that size, and the mapping
 * is aligned to it, the core maps all of it by one PMD (do_set_pmd()), and KVM
 * follows with its own tables. So all that is to do is to have such pages.
 *
 * A block begins as a 2 MiB folio if its home is the first to touch it, at any of
 * its pages, and the allocator has such a folio at hand. All its pages are
 * E then, and each refers to its part of the folio, with a reference to it as
 * to any page. To the protocol they are pages like all others.
 *
 * It ends when another node asks for a page of it: before the page work of that
 * page the block is split into pages by themselves, all of them, since the core
 * would map the rest by one PMD again. The splitter forbids new mappings
 * (SSI_HUGE_SPLITTING, which those who map look at after the page's state, with
 * the same locks: see pte.c), takes the old ones away, and waits until nobody
 * refers to the folio (SSI_HUGE_UNMAPPED). Then each page can be copied by
 * whoever comes to it first: page work, for another node waits for that page
 * only, or the splitter, who copies all that are left after its own page work
 * has answered. A reference to any of its pages is one to the whole folio, so a
 * pinned page keeps all pages of its block here. What was split stays so.
 *
 * A folio lives as long as an entry refers to it. Who sees it in an entry, with
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

/* The data with a reference, if it still is of a folio that nobody maps. */
static struct page *get_part(const struct ssi_slot *slot)
{
	struct page *page;

	spin_lock_bh(&slot->bucket->lock);
	page = ssi_pages_data(slot->entry);
	if (page && test_bit(SSI_HUGE_UNMAPPED, &compound_head(page)->private))
		get_page(page);
	else
		page = NULL;
	spin_unlock_bh(&slot->bucket->lock);
	return page;
}

/*
 * A page of such a folio gets a page by itself, unless it has one: the splitter
 * and page work may come to it at once.
 */
static void replace(const struct ssi_slot *slot)
{
	struct page *from = get_part(slot);
	struct page *to;

	if (!from)
		return;
	to = ssi_alloc_page_wait(GFP_HIGHUSER);
	copy_highpage(to, from);
	spin_lock_bh(&slot->bucket->lock);
	if (ssi_pages_data(slot->entry) == from) {
		ssi_pte_install(slot->region, to, slot->index);
		if (ssi_pte_was_written(from))
			SetPageDirty(to);
		ssi_pages_set_data(slot, to);
		to = NULL;
	}
	spin_unlock_bh(&slot->bucket->lock);
	wake_up_all(&slot->bucket->wait);
	put_page(from);
	if (to)
		put_page(to);
}

/*
 * The head of the folio that @slot is a part of, or NULL. @claimed: whether the
 * caller is the one that splits it.
 */
static struct page *claim(const struct ssi_slot *slot, bool *claimed)
{
	struct page *page, *head;

	spin_lock_bh(&slot->bucket->lock);
	page = ssi_pages_data(slot->entry);
	head = page && PageCompound(page) ? compound_head(page) : NULL;
	*claimed = head && !test_and_set_bit(SSI_HUGE_CHANGING, &head->private);
	spin_unlock_bh(&slot->bucket->lock);
	return head;
}

static void begin_split(struct ssi_region *region, struct page *head)
{
	set_bit(SSI_HUGE_SPLITTING, &head->private);
	ssi_pte_unmap(region, head);
	atomic64_dec(&region->nr_huge);
	atomic64_inc(&region->nr_split);
	set_bit(SSI_HUGE_UNMAPPED, &head->private);
	ssi_region_wake(region);
}

void ssi_huge_split_rest(struct ssi_region *region, struct page *head)
{
	u64 first = head->index;
	struct ssi_slot slot;
	u32 i;

	for (i = 0; i < SSI_BLOCK_PAGES; i++) {
		if (ssi_pages_find(region, first + i, 0, &slot))
			replace(&slot);
		cond_resched();
	}
	set_page_private(head, 0);
	folio_put_refs(page_folio(head), SSI_BLOCK_PAGES);
}

/* Whether another task splits the folio of @slot, and it cannot be copied yet. */
static bool must_wait(const struct ssi_slot *slot)
{
	struct page *page;
	bool wait;

	spin_lock_bh(&slot->bucket->lock);
	page = ssi_pages_data(slot->entry);
	wait = page &&
	       test_bit(SSI_HUGE_CHANGING, &compound_head(page)->private) &&
	       !test_bit(SSI_HUGE_UNMAPPED, &compound_head(page)->private);
	spin_unlock_bh(&slot->bucket->lock);
	return wait;
}

/* The data of @slot; no other task changes it: page work is under way. */
static struct page *data_of(const struct ssi_slot *slot)
{
	struct page *page;

	spin_lock_bh(&slot->bucket->lock);
	page = ssi_pages_data(slot->entry);
	spin_unlock_bh(&slot->bucket->lock);
	return page;
}

struct page *ssi_huge_split(const struct ssi_slot *slot, struct page **rest)
{
	struct page *head;
	bool claimed;

	*rest = NULL;
	while ((head = claim(slot, &claimed))) {
		if (claimed) {
			*rest = head;
			begin_split(slot->region, head);
		} else {
			wait_event_idle(slot->bucket->wait, !must_wait(slot));
		}
		replace(slot);
	}
	return data_of(slot);
}

/* ---- discarding ---- */

/*
 * A part of the folio of @head, unless another node has asked for it: then it may
 * be another page by now. Its reference goes with the others' at the end of the
 * split.
 */
static bool drop_part(const struct ssi_slot *slot, const struct page *head)
{
	struct page *page;
	bool drop;

	spin_lock_bh(&slot->bucket->lock);
	page = ssi_pages_data(slot->entry);
	/* a page in E without data is zero: see page.h */
	drop = slot->entry->state == SSI_PAGE_E && page &&
	       compound_head(page) == head;
	if (drop)
		ssi_pages_set_data(slot, NULL);
	spin_unlock_bh(&slot->bucket->lock);
	wake_up_all(&slot->bucket->wait);
	return drop;
}

u32 ssi_huge_discard(struct ssi_region *region, u64 first)
{
	struct ssi_slot slot;
	struct page *head;
	u32 i, dropped = 0;
	bool claimed;

	if (!ssi_pages_find(region, first, 0, &slot))
		return 0;
	head = claim(&slot, &claimed);
	if (!claimed)
		return 0;
	begin_split(region, head);
	for (i = 0; i < SSI_BLOCK_PAGES; i++) {
		ssi_pages_find(region, first + i, 0, &slot);
		dropped += drop_part(&slot, head);
	}
	ssi_huge_split_rest(region, head);
	return dropped;
}
