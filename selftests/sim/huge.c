// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 2 MiB folios: there are none here, so none is split.
 */
#include "memory/huge.h"
#include "memory/pages.h"
#include "sim.h"

int ssi_huge_split(const struct ssi_slot *slot, struct page **page,
		   struct page **splits)
{
	(void)splits;
	*page = ssi_pages_data(slot->entry);
	return 0;
}

void ssi_huge_split_rest(struct ssi_region *region, u64 index)
{
	(void)region;
	(void)index;
}

int ssi_huge_take_part(const struct ssi_slot *slot)
{
	(void)slot;
	return 0;
}
