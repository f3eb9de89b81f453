/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of a region: their entries, directory entries, and buckets.
 */
#ifndef _SSI_PAGES_H
#define _SSI_PAGES_H

#include <linux/gfp.h>
#include "memory/region.h"

/**
 * struct ssi_slot - a page of a region, looked up
 * @region: the region; the caller holds a reference to it
 * @index: page index, inside the region
 * @bucket: has the page's lock, which protects @entry and @dir
 * @entry: the node's side of the page; lives as long as the region
 * @dir: the home's side of the page, where it was asked for; as @entry
 *
 * Looked up once where a page enters, by a fault or a message, and passed on.
 */
struct ssi_slot {
	struct ssi_region *region;
	u64 index;
	struct ssi_bucket *bucket;
	struct ssi_page *entry;
	struct ssi_dir *dir;
};

/**
 * ssi_pages_find() - look up the node's side of a page
 * @region: the region
 * @index: page index, inside the region
 * @gfp: how to allocate the entries of a block that has none, or 0: not at all
 * @slot: set, but for @slot->dir
 *
 * Context: as @gfp allows.
 * Return: whether there is an entry.
 */
bool ssi_pages_find(struct ssi_region *region, u64 index, gfp_t gfp,
		    struct ssi_slot *slot);

/* The same for the home's side: sets all of @slot but @slot->entry. */
bool ssi_pages_find_dir(struct ssi_region *region, u64 index, gfp_t gfp,
			struct ssi_slot *slot);

/* The node whose directory decides about page @index. Any context. */
u32 ssi_pages_home(const struct ssi_region *region, u64 index);

/* Whether that is this node. Any context. */
bool ssi_pages_are_ours(const struct ssi_region *region, u64 index);

/*
 * The entry, directory entry of page @index, with those of its block behind it.
 * NULL if the block has none and @gfp is 0 or there is no memory. Context as
 * @gfp allows.
 */
struct ssi_page *ssi_pages_entry(struct ssi_region *region, u64 index,
				 gfp_t gfp);
struct ssi_dir *ssi_pages_dir(struct ssi_region *region, u64 index, gfp_t gfp);

/* The one change function of a page's state. Bucket lock held. */
void ssi_pages_set_state(const struct ssi_slot *slot,
			 enum ssi_page_state next);

/* The one change function of a page's data, NULL: none. Bucket lock held. */
void ssi_pages_set_data(const struct ssi_slot *slot, struct page *page);

/* A page's data; NULL if it is not here or zero. Bucket lock held. */
static inline struct page *ssi_pages_data(const struct ssi_page *entry)
{
	return entry->pfn ? pfn_to_page(entry->pfn) : NULL;
}

#endif /* _SSI_PAGES_H */
