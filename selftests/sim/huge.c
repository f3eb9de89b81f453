// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocks in one piece: there are none here, so none is split.
 */
#include "memory/huge.h"
#include "memory/pages.h"
#include "sim.h"

struct page *ssi_huge_split(struct ssi_region *region, u64 index,
			    struct ssi_page *entry, struct page **rest)
{
	(void)region;
	(void)index;
	*rest = NULL;
	return ssi_region_data(entry);
}

void ssi_huge_split_rest(struct ssi_region *region, struct page *piece)
{
	(void)region;
	(void)piece;
}
