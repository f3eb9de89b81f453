/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: one guest's physical memory, as one local node holds it.
 */
#ifndef _SSI_REGION_H
#define _SSI_REGION_H

#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/netlink.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <linux/ssi_dsm_genl.h>
#include "engine/channel.h"
#include "engine/hot.h"
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
#define SSI_TASKS		32	/* remembered per region */
#define SSI_GANG		32	/* pages fetched together */
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
 *	Innermost but for region->held_lock and transports' locks.
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
 * @wait: woken on state changes
 * @inode: whose mapping the pages belong to
 * @pages: block number -> struct ssi_page[SSI_BLOCK_PAGES]
 * @dirs: block number -> struct ssi_dir[SSI_BLOCK_PAGES]
 * @buckets: by page index
 * @held_lock: protects @held, @tasks, @gang and @streams
 * @held: messages that wait for a hold window, by due time
 * @held_timer: for the first of @held
 * @policy: settings, by enum ssi_dsm_policy; READ_ONCE()
 * @gather_start: ktime in ns when this node began to gather pages; see policy.c
 * @gather_done: ktime in ns when the last one came
 * @outstanding: requests under way
 * @tasks: who gathered lately, with references; under @held_lock
 * @gang: pages that were used here and handed over lately, as index + 1 or 0;
 *	under @held_lock
 * @gang_next: which one is overwritten next
 * @streams: faults that follow each other
 * @oldest_stream: which one is overwritten next
 * @service_ns: moving average of the time a remote request takes
 * @nr_shared: pages in S or O here
 * @nr_exclusive: pages in E here
 * @nr_directory: pages touched whose home is here
 * @metadata: bytes of @pages and @dirs
 * @nr_huge: blocks in one piece
 * @nr_split: blocks that were
 * @hot: pages of this home that change their owner most
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
	wait_queue_head_t wait;
	struct inode *inode;
	struct xarray pages;
	struct xarray dirs;
	struct ssi_bucket buckets[1 << SSI_BUCKETS_SHIFT];
	spinlock_t held_lock;
	struct list_head held;
	struct hrtimer held_timer;
	u64 policy[__SSI_DSM_POLICY_MAX];
	u64 gather_start;
	u64 gather_done;
	atomic_t outstanding;
	struct task_struct *tasks[SSI_TASKS];
	u64 gang[SSI_GANG];
	u32 gang_next;
	struct ssi_stream streams[SSI_POLICY_STREAMS];
	u32 oldest_stream;
	u64 service_ns;
	atomic64_t nr_shared;
	atomic64_t nr_exclusive;
	atomic64_t nr_directory;
	atomic64_t metadata;
	atomic64_t nr_huge;
	atomic64_t nr_split;
	struct ssi_hot hot;
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
