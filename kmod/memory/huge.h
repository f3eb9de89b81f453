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

/* Bits of page->private of a block's head. Of other pages it is 0. */
#define SSI_HUGE_CHANGING	0	/* somebody makes or splits it */
#define SSI_HUGE_SPLITTING	1	/* nobody may map its pages any more */
#define SSI_HUGE_UNMAPPED	2	/* and nobody does: they can be copied */

/**
 * ssi_huge_split() - page work begins with a page
 * @slot: the page
 * @rest: set to the head of the folio if this caller is the one that splits it,
 *	or NULL. It is then for ssi_huge_split_rest(), soon: until that is done
 *	this node cannot use the other pages of the block.
 *
 * Context: sleeps.
 * Return: the page's data, which is a page by itself from now on, or NULL.
 */
struct page *ssi_huge_split(const struct ssi_slot *slot, struct page **rest);

/* Split the other pages off the folio of @head. Sleeps. */
void ssi_huge_split_rest(struct ssi_region *region, struct page *head);

/*
 * The block of page @first, its first one, is not needed any more. If it is a
 * folio, those of its pages that this node is alone with become zero and have no
 * memory, and the others are split off. Waits until nobody uses the folio.
 * Return: how many became zero.
 */
u32 ssi_huge_discard(struct ssi_region *region, u64 first);

/* Whether @page, the data of a page, is of a block that is being split. */
static inline bool ssi_huge_is_splitting(const struct page *page)
{
	return test_bit(SSI_HUGE_SPLITTING, &compound_head(page)->private);
}

#endif /* _SSI_HUGE_H */
