/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that nodes fight over.
 */
#ifndef _SSI_HOT_H
#define _SSI_HOT_H

#include <linux/spinlock.h>
#include <linux/types.h>

#define SSI_HOT_PAGES	32

/**
 * struct ssi_hot_page - a page that changes its owner often
 * @index: page index
 * @moves: how often of late; 0: this place is free
 * @nodes: who had it
 */
struct ssi_hot_page {
	u64 index;
	u32 moves;
	u32 nodes;
};

/**
 * struct ssi_hot - the hottest pages of a home
 * @lock: protects the rest; innermost
 * @pages: in no order
 * @total: moves since all counts were halved
 */
struct ssi_hot {
	spinlock_t lock;
	struct ssi_hot_page pages[SSI_HOT_PAGES];
	u32 total;
};

void ssi_hot_init(struct ssi_hot *hot);

/* Page @index went from node @from to node @to. BH disabled. */
void ssi_hot_note(struct ssi_hot *hot, u64 index, u32 from, u32 to);

/* A copy of all places. Any context. */
void ssi_hot_read(struct ssi_hot *hot, struct ssi_hot_page *pages);

#endif /* _SSI_HOT_H */
