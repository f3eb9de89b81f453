/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 2 MiB folios: blocks that page tables map by one entry.
 */
#ifndef _SSI_HUGE_H
#define _SSI_HUGE_H

#include <linux/mm.h>
#include <linux/types.h>

struct ssi_region;
struct ssi_slot;

/* Bits of page->private of a folio's head. Other pages have 0 there. */
#define SSI_HUGE_CHANGING	0	/* a task makes or splits it */
#define SSI_HUGE_SPLITTING	1	/* new mappings are forbidden */
#define SSI_HUGE_UNMAPPED	2	/* no mappings left: can be copied */

/**
 * ssi_huge_split() - make a single page of a page, if it is part of a folio
 * @slot: the page; page work for it is under way
 * @page: result: the page's data, which is a single page from now on, or NULL
 * @splits: NULL at the first call for this page work. Set to the head of the
 *	folio if this page work is the one that splits it. The caller passes the
 *	same pointer at each try, and calls ssi_huge_split_rest() once this
 *	function has returned 0.
 *
 * Context: process, sleeps for two milliseconds at most.
 * Return: 0; -EAGAIN if the folio is still in use; -ENOMEM. After an error the
 * caller tries again later, or never, if the region is lost.
 */
int ssi_huge_split(const struct ssi_slot *slot, struct page **page,
		   struct page **splits);

/**
 * ssi_huge_take_part() - make a single page of a part of an unmapped folio
 * @slot: a page whose folio is being split
 *
 * A fault does not wait until the splitter comes to its page.
 *
 * Context: process, sleeps for memory.
 * Return: 0, also if there was nothing to do; or -ENOMEM.
 */
int ssi_huge_take_part(const struct ssi_slot *slot);

/**
 * ssi_huge_split_rest() - copy the remaining pages of a folio to single pages
 * @region: the region
 * @index: any page of the block
 *
 * Context: process, sleeps until there is memory or the region is lost.
 */
void ssi_huge_split_rest(struct ssi_region *region, u64 index);

/**
 * ssi_huge_discard() - discard the pages of a block that is a 2 MiB folio
 * @region: the region
 * @first: index of the first page of the block
 *
 * The pages that only this node has become zero and their memory is freed. The
 * other pages become single pages. Does nothing if the block is not a folio, if
 * another task is changing it, or if a task holds a reference to it.
 *
 * Context: process, sleeps.
 * Return: how many pages became zero.
 */
u32 ssi_huge_discard(struct ssi_region *region, u64 first);

/**
 * ssi_huge_discard_part() - discard a page, if it is part of an unmapped folio
 * @slot: the page
 *
 * Only a page that only this node has becomes zero. The folio is freed with its
 * last part.
 *
 * Context: process.
 * Return: whether the page became zero.
 */
bool ssi_huge_discard_part(const struct ssi_slot *slot);

/**
 * ssi_huge_is_splitting() - whether a page is part of a folio that is being
 * split
 * @page: the data of a page
 *
 * Context: any; the bucket lock keeps the folio.
 * Return: true if the page must not be mapped.
 */
static inline bool ssi_huge_is_splitting(const struct page *page)
{
	return test_bit(SSI_HUGE_SPLITTING, &compound_head(page)->private);
}

/**
 * ssi_huge_is_unmapped() - whether a page is part of a folio that nobody uses
 * @page: the data of a page
 *
 * Context: any; the bucket lock keeps the folio.
 * Return: true if no page table maps the folio, no task has a reference to it,
 * and neither can be had any more.
 */
static inline bool ssi_huge_is_unmapped(struct page *page)
{
	return PageCompound(page) &&
	       test_bit(SSI_HUGE_UNMAPPED, &compound_head(page)->private);
}

#endif /* _SSI_HUGE_H */
