/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Home: transactions of the pages whose directory is here.
 */
#ifndef _SSI_HOME_H
#define _SSI_HOME_H

#include <linux/atomic.h>
#include <linux/types.h>
#include "engine/hot.h"

struct list_head;
struct page;
struct ssi_bucket;
struct ssi_region;
struct ssi_rx;
struct ssi_slot;

/**
 * struct ssi_home - what a region's home keeps beside the directory
 * @nr_pages: pages touched whose home is here
 * @hot: those of them that change their owner most
 */
struct ssi_home {
	atomic64_t nr_pages;
	struct ssi_hot hot;
};

/* GETS, GETX, UPGRADE, PUT or UNBLOCK came. Takes @rx. BH disabled. */
void ssi_home_recv(struct ssi_region *region, struct ssi_rx *rx);

/*
 * @slot, whose home is here: if nobody has touched the page, this node has it
 * exclusively now, since @granted_at (ssi_page_tick()), with @page as its data,
 * whose reference goes along, or NULL if it has no memory yet. May sleep.
 */
bool ssi_home_take(const struct ssi_slot *slot, struct page *page,
		   u32 granted_at);

/* The region is lost or goes: transactions go to @rxs. Bucket lock held. */
void ssi_home_purge(struct ssi_bucket *bucket, struct list_head *rxs);

#endif /* _SSI_HOME_H */
