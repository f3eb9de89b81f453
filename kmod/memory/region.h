/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: one guest's physical memory, as one local node holds it.
 */
#ifndef _SSI_REGION_H
#define _SSI_REGION_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/netlink.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <linux/ssi_dsm_genl.h>
#include "engine/channel.h"
#include "engine/gather.h"
#include "engine/holder.h"
#include "engine/home.h"
#include "memory/budget.h"
#include "protocol/directory.h"
#include "protocol/page.h"
#include "protocol/policy.h"
#include "stats.h"

struct ssi_node;

#define SSI_REGION_ALIGN	(2UL << 20)
#define SSI_BLOCK_SHIFT		9	/* pages of a block: 512, 2 MiB */
#define SSI_BLOCK_PAGES		(1UL << SSI_BLOCK_SHIFT)
#define SSI_BUCKETS_SHIFT	8
#define SSI_MAP_MAX		64	/* ranges of a placement map */

/**
 * struct ssi_range - one range of the placement map
 * @end: first page index behind it
 * @home: the node whose directory decides about its pages
 */
struct ssi_range {
	u64 end;
	u32 home;
};

/**
 * struct ssi_bucket - pages that share a lock
 * @lock: protects the struct ssi_page and struct ssi_dir entries that hash
 *	here, and both lists; BH-safe, never held across anything that sleeps.
 *	Innermost but for the locks of gather, holder, hot and the
 *	transports.
 * @wait: local faults that wait for a page of this bucket
 * @reqs: requests of this node that are under way (struct ssi_req)
 * @txns: transactions of this home that are under way (struct ssi_rx)
 */
struct ssi_bucket {
	spinlock_t lock;
	wait_queue_head_t wait;
	struct list_head reqs;
	struct list_head txns;
};

/**
 * struct ssi_region - a region on a local node
 * @list: in node->regions, under node->lock
 * @ref: held by the list, open files, requests and messages in work
 * @node: the local node, with a reference
 * @id: region id
 * @size: bytes
 * @ranges: placement map, ascending
 * @nr_ranges: used entries of @ranges
 * @members: nodes of the map
 * @joined: members that announced the same map, under @lock
 * @map_hash: of the map; what peers compare
 * @lock: protects @state, @reason, @joined, @channel; BH-safe
 * @state: enum ssi_dsm_region_state; READ_ONCE() without @lock
 * @reason: why, one sentence
 * @culprit: the node that @reason speaks of
 * @inode: whose mapping the pages belong to
 * @pages: block number -> struct ssi_page[SSI_BLOCK_PAGES]
 * @dirs: block number -> struct ssi_dir[SSI_BLOCK_PAGES]
 * @buckets: by page index
 * @policy: settings, by enum ssi_dsm_policy; READ_ONCE()
 * @nr_shared: pages in S or O here
 * @nr_exclusive: pages in E here
 * @metadata: bytes of @pages and @dirs
 * @nr_huge: blocks that are a 2 MiB folio
 * @nr_split: blocks that were
 * @gather: pages that this node wants together
 * @holder: messages that wait for a hold window
 * @home: what this home keeps beside the directory
 * @cache: pages whose home is elsewhere, and how they go
 * @stats: per class
 * @channel: messages for the program attached here
 * @files: open files attached to it, under @lock
 * @notified: members were told that it is lost
 * @changed: tells netlink's listeners of a new state, in process context
 * @free: frees it, in process context
 */
struct ssi_region {
	struct list_head list;
	struct kref ref;
	struct ssi_node *node;
	u32 id;
	u64 size;
	struct ssi_range ranges[SSI_MAP_MAX];
	u32 nr_ranges;
	u32 members;
	u32 joined;
	u64 map_hash;
	spinlock_t lock;
	u32 state;
	char reason[192];
	u32 culprit;
	struct inode *inode;
	struct xarray pages;
	struct xarray dirs;
	struct ssi_bucket buckets[1 << SSI_BUCKETS_SHIFT];
	u64 policy[__SSI_DSM_POLICY_MAX];
	atomic64_t nr_shared;
	atomic64_t nr_exclusive;
	atomic64_t metadata;
	atomic64_t nr_huge;
	atomic64_t nr_split;
	struct ssi_gather gather;
	struct ssi_holder holder;
	struct ssi_home home;
	struct ssi_cache cache;
	struct ssi_stats __percpu *stats;
	struct ssi_channel channel;
	u32 files;
	u32 notified;
	struct work_struct changed;
	struct work_struct free;
};

/* With a reference; any context with BH disabled or process context. */
struct ssi_region *ssi_region_get(struct ssi_node *node, u32 id);
void ssi_region_put(struct ssi_region *region);

static inline u64 ssi_region_policy(const struct ssi_region *region, u32 id)
{
	return READ_ONCE(region->policy[id]);
}

/* Faults that wait look again. Any context. */
void ssi_region_wake(struct ssi_region *region);

/*
 * The one state change function. WAITING -> READY, REFUSED, LOST;
 * REFUSED -> READY, LOST; READY -> LOST. False if that is no legal move. Wakes
 * every waiter; members and listeners are told by region->changed. Any context.
 */
__printf(4, 5)
bool ssi_region_change_state(struct ssi_region *region, u32 state, u32 culprit,
			     const char *fmt, ...);

/* Wakes every waiter; faults end in SIGBUS from now on. Any context. */
__printf(3, 4)
void ssi_region_lose(struct ssi_region *region, u32 culprit,
		     const char *fmt, ...);

int ssi_region_init(void);
void ssi_region_exit(void);

#endif /* _SSI_REGION_H */
