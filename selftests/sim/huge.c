// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 2 MiB folios: there are none here, so none is split.
 */
#include "memory/huge.h"
#include "memory/pages.h"
#include "sim.h"

struct page *ssi_huge_split(const struct ssi_slot *slot, struct page **rest)
{
	*rest = NULL;
	return ssi_pages_data(slot->entry);
}

void ssi_huge_split_rest(struct ssi_region *region, struct page *head)
{
	(void)region;
	(void)head;
}
