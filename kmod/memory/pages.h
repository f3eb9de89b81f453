/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of a region: their entries, directory entries, and buckets.
 */
#ifndef _SSI_PAGES_H
#define _SSI_PAGES_H

#include <linux/gfp.h>
#include "memory/region.h"

/* The node whose directory decides about page @index. */
u32 ssi_region_home(const struct ssi_region *region, u64 index);

/*
 * The entry of page @index, which must be inside the region. A block that
 * does not exist is allocated with @gfp, or with 0 is not; NULL if there is
 * none. Blocks live as long as the region. No lock needed.
 */
struct ssi_page *ssi_region_page(struct ssi_region *region, u64 index,
				 gfp_t gfp);
struct ssi_dir *ssi_region_dir(struct ssi_region *region, u64 index,
			       gfp_t gfp);
struct ssi_bucket *ssi_region_bucket(struct ssi_region *region, u64 index);

/* The one change function of a page's state. Bucket lock held. */
void ssi_region_set_page_state(struct ssi_region *region, u64 index,
			       struct ssi_page *entry, u32 next);

/* The one change function of a page's data, NULL: none. Bucket lock held. */
void ssi_region_set_data(struct ssi_region *region, u64 index,
			 struct ssi_page *entry, struct page *page);

/* A page's data; NULL if it is not here or zero. Bucket lock held. */
static inline struct page *ssi_region_data(const struct ssi_page *entry)
{
	return entry->pfn ? pfn_to_page(entry->pfn) : NULL;
}

#endif /* _SSI_PAGES_H */
