/* SPDX-License-Identifier: GPL-2.0-only */
/* Hot pages: the pages that change their owner most often. */
#ifndef _SSI_HOT_H
#define _SSI_HOT_H

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define SSI_HOT_PAGES	32

/**
 * struct ssi_hot_page - a page that changes its owner often
 * @index: page index
 * @moves: recent changes of the owner; 0: this entry is free
 * @error: so many of @moves may be those of pages that had the entry before
 * @nodes: bit mask of the nodes that owned it
 */
struct ssi_hot_page {
	u64 index;
	u32 moves;
	u32 error;
	u32 nodes;
};

/**
 * struct ssi_hot_table - the hottest pages that one CPU has counted
 * @lock: protects the other fields; no lock is taken inside it
 * @pages: not sorted
 * @total: moves since all counts were halved
 * @halved: how often that was
 */
struct ssi_hot_table {
	spinlock_t lock;
	struct ssi_hot_page pages[SSI_HOT_PAGES];
	u32 total;
	u32 halved;
};

/**
 * struct ssi_hot - the hottest pages of a home
 * @tables: of each CPU
 * @halved: how often the counts are to be halved
 * @blocks: changes of the owner in each block of the region, never halved
 */
struct ssi_hot {
	struct ssi_hot_table __percpu *tables;
	u32 halved;
	atomic_t *blocks;
};

/**
 * ssi_hot_init() - prepare for a new region
 * @hot: all zero
 * @blocks: number of the region's blocks
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_hot_init(struct ssi_hot *hot, u64 blocks);

/**
 * ssi_hot_exit() - free the counts
 * @hot: of a region that is being freed
 *
 * Context: process.
 */
void ssi_hot_exit(struct ssi_hot *hot);

/**
 * ssi_hot_note() - count a change of a page's owner
 * @hot: the hottest pages of the page's home
 * @index: page index
 * @from: the last owner
 * @to: the new owner
 *
 * Context: BH disabled.
 */
void ssi_hot_note(struct ssi_hot *hot, u64 index, u32 from, u32 to);

/**
 * ssi_hot_read() - add up the entries of all CPUs
 * @hot: the hottest pages of a home
 * @pages: SSI_HOT_PAGES entries
 *
 * Context: BH disabled or process context.
 */
void ssi_hot_read(struct ssi_hot *hot, struct ssi_hot_page *pages);

#endif /* _SSI_HOT_H */
