/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Home: transactions of the pages whose directory is here.
 */
#ifndef _SSI_HOME_H
#define _SSI_HOME_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/types.h>
#include <linux/ssi_dsm.h>
#include "engine/hot.h"
#include "engine/request.h"

/*
 * Limit of the requests of one node that a home keeps. A node opens
 * SSI_REQUESTS_MAX requests, and a few more if many tasks open some at the same
 * time. A request is kept here until its UNBLOCK comes, which is sent right
 * after the node has counted the request as complete. So a node that keeps to
 * the protocol does not reach the limit.
 */
#ifndef SSI_HOME_REQUESTS_MAX
#define SSI_HOME_REQUESTS_MAX	(2 * SSI_REQUESTS_MAX)
#endif

struct list_head;
struct page;
struct ssi_bucket;
struct ssi_dir;
struct ssi_region;
struct ssi_rx;
struct ssi_slot;

/**
 * struct ssi_home_requests - requests of another node that are kept here
 * @count: transactions, pending requests, and those that wait for memory
 */
struct ssi_home_requests {
	atomic_t count;
} ____cacheline_aligned_in_smp;

/**
 * struct ssi_home - state of a region's home other than the directory
 * @hot: the pages whose home is this node that change their owner most often
 * @requests: by node
 */
struct ssi_home {
	struct ssi_hot hot;
	struct ssi_home_requests requests[SSI_DSM_MAX_NODES];
};

/**
 * ssi_home_recv() - a GETS, GETX, UPGRADE, PUT or UNBLOCK came
 * @region: the region
 * @rx: the message; consumed
 *
 * Context: BH disabled, no bucket lock held.
 */
void ssi_home_recv(struct ssi_region *region, struct ssi_rx *rx);

/**
 * ssi_home_take() - take a page that no node has touched yet
 * @slot: a page whose home is this node
 * @page: data for the page, or NULL if it has no memory yet. The reference is
 *	consumed if the page is taken.
 * @granted_at: the time of the grant (ssi_page_tick())
 *
 * Context: process, may sleep for memory.
 * Return: true if this node has the page exclusively now; false if a node has
 * touched it before, or if there is no memory for the directory.
 */
bool ssi_home_take(const struct ssi_slot *slot, struct page *page,
		   u32 granted_at);

/**
 * ssi_home_take_out() - take the directory entry of a page out
 * @slot: the page, with its directory entry, which becomes that of an untouched page
 * @pending: gets the pending requests, which are not counted any more
 *
 * Context: bucket lock held.
 * Return: the request that is being served, not counted any more; or NULL.
 */
struct ssi_rx *ssi_home_take_out(const struct ssi_slot *slot,
				 struct list_head *pending);

/**
 * ssi_home_put_in() - put a directory entry of another home in
 * @slot: the page, with its directory entry
 * @dir: the new contents of the entry, validated
 * @txn: UNDERWAY, if @dir is busy: it leaves its list, and becomes the request that
 *	is being served
 *
 * Context: bucket lock held.
 * Return: false if @txn does not fit @dir, or if its requester has too many requests
 * under way; nothing has changed then.
 */
bool ssi_home_put_in(const struct ssi_slot *slot, const struct ssi_dir *dir,
		     struct ssi_rx *txn);

/**
 * ssi_home_purge() - take all transactions and pending requests of a bucket
 * @bucket: of a region that is LOST
 * @rxs: gets the messages, which the caller frees
 *
 * Context: bucket lock held.
 */
void ssi_home_purge(struct ssi_bucket *bucket, struct list_head *rxs);

#endif /* _SSI_HOME_H */
