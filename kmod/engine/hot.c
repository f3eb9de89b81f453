// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hot pages: the pages that change their owner most often.
 *
 * A page that is not in the table replaces the page with the lowest count, and
 * its count begins at that count plus one. So a page that is hot for long
 * enough is found with few entries (Metwally et al., the space-saving
 * algorithm). The count at which a page began is the error of its count: its
 * true count is at least the difference. All counts are halved after every
 * HALVE_AFTER moves, so they show recent moves.
 */
#include <linux/bits.h>
#include <linux/string.h>

#include "engine/hot.h"

#define HALVE_AFTER	4096	/* moves */

void ssi_hot_init(struct ssi_hot *hot)
{
	spin_lock_init(&hot->lock);
}

/* The entry of page @index; if it has none, the entry with the lowest count. */
static struct ssi_hot_page *place_of(struct ssi_hot *hot, u64 index)
{
	struct ssi_hot_page *coldest = hot->pages, *page;

	for (page = hot->pages; page < hot->pages + SSI_HOT_PAGES; page++) {
		if (page->moves && page->index == index)
			return page;
		if (page->moves < coldest->moves)
			coldest = page;
	}
	coldest->index = index;
	coldest->error = coldest->moves;
	coldest->nodes = 0;
	return coldest;
}

static void halve(struct ssi_hot *hot)
{
	u32 i;

	for (i = 0; i < SSI_HOT_PAGES; i++) {
		hot->pages[i].moves /= 2;
		hot->pages[i].error /= 2;
	}
	hot->total = 0;
}

void ssi_hot_note(struct ssi_hot *hot, u64 index, u32 from, u32 to)
{
	struct ssi_hot_page *page;

	spin_lock(&hot->lock);
	page = place_of(hot, index);
	page->moves++;
	page->nodes |= BIT(from) | BIT(to);
	if (++hot->total >= HALVE_AFTER)
		halve(hot);
	spin_unlock(&hot->lock);
}

void ssi_hot_read(struct ssi_hot *hot, struct ssi_hot_page *pages)
{
	spin_lock_bh(&hot->lock);
	memcpy(pages, hot->pages, sizeof(hot->pages));
	spin_unlock_bh(&hot->lock);
}
