// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hot pages: the pages that change their owner most often.
 *
 * A page that is not in the table replaces the page with the lowest count, and
 * its count begins at that count plus one. So a page that is hot for long
 * enough is found with few entries (Metwally et al., the space-saving
 * algorithm). The count at which a page began is the error of its count: its
 * true count is at least the difference. All counts are halved when a CPU has
 * counted HALVE_AFTER moves, so they show recent moves.
 *
 * Each CPU counts in a table of its own, so that transactions do not wait for
 * each other. Who reads them adds them up. The tables are not halved at the same
 * time: each CPU finds out how often others were when it uses its own.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "engine/hot.h"
#include "memory/region.h"

#define HALVE_AFTER	4096	/* moves */

int ssi_hot_init(struct ssi_hot *hot, u64 blocks)
{
	int cpu;

	hot->blocks = kvcalloc(blocks, sizeof(*hot->blocks), GFP_KERNEL);
	if (!hot->blocks)
		return -ENOMEM;

	hot->tables = alloc_percpu(struct ssi_hot_table);
	if (!hot->tables) {
		kvfree(hot->blocks);
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(hot->tables, cpu)->lock);
	return 0;
}

void ssi_hot_exit(struct ssi_hot *hot)
{
	free_percpu(hot->tables);
	kvfree(hot->blocks);
}

/* The entry of page @index; if it has none, the entry with the lowest count. */
static struct ssi_hot_page *place_of(struct ssi_hot_page *pages, u64 index)
{
	struct ssi_hot_page *coldest = pages, *page;

	for (page = pages; page < pages + SSI_HOT_PAGES; page++) {
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

/* Halve the counts as often as those of other tables were meanwhile. */
static void catch_up(const struct ssi_hot *hot, struct ssi_hot_table *table)
{
	u32 behind = READ_ONCE(hot->halved) - table->halved;
	u32 i;

	lockdep_assert_held(&table->lock);
	if (!behind)
		return;
	for (i = 0; i < SSI_HOT_PAGES; i++) {
		table->pages[i].moves >>= min(behind, 31u);
		table->pages[i].error >>= min(behind, 31u);
	}
	table->halved += behind;
	table->total = 0;
}

void ssi_hot_note(struct ssi_hot *hot, u64 index, u32 from, u32 to)
{
	struct ssi_hot_table *table = this_cpu_ptr(hot->tables);
	struct ssi_hot_page *page;

	atomic_inc(&hot->blocks[index >> SSI_BLOCK_SHIFT]);
	spin_lock(&table->lock);
	catch_up(hot, table);
	page = place_of(table->pages, index);
	page->moves++;
	page->nodes |= BIT(from) | BIT(to);
	/* If two CPUs do this at the same time, one of them does it. */
	if (++table->total >= HALVE_AFTER)
		WRITE_ONCE(hot->halved, table->halved + 1);
	spin_unlock(&table->lock);
}

static void add_table(struct ssi_hot_page *pages,
		      const struct ssi_hot_table *table)
{
	const struct ssi_hot_page *page;
	struct ssi_hot_page *sum;

	for (page = table->pages; page < table->pages + SSI_HOT_PAGES; page++) {
		if (!page->moves)
			continue;
		sum = place_of(pages, page->index);
		sum->moves += page->moves;
		sum->error += page->error;
		sum->nodes |= page->nodes;
	}
}

void ssi_hot_read(struct ssi_hot *hot, struct ssi_hot_page *pages)
{
	struct ssi_hot_table *table;
	int cpu;

	memset(pages, 0, SSI_HOT_PAGES * sizeof(*pages));
	for_each_possible_cpu(cpu) {
		table = per_cpu_ptr(hot->tables, cpu);
		spin_lock_bh(&table->lock);
		catch_up(hot, table);
		add_table(pages, table);
		spin_unlock_bh(&table->lock);
	}
}
