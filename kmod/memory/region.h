/* SPDX-License-Identifier: GPL-2.0-only */
/* Regions: the physical memory of one guest, as one local node has it. */
#ifndef _SSI_REGION_H
#define _SSI_REGION_H

#include <linux/cache.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/netlink.h>
#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <linux/ssi_dsm.h>
#include <linux/ssi_dsm_genl.h>
#include "engine/channel.h"
#include "engine/gather.h"
#include "engine/heat.h"
#include "engine/holder.h"
#include "engine/home.h"
#include "engine/move.h"
#include "guest_time.h"
#include "memory/budget.h"
#include "protocol/directory.h"
#include "protocol/page.h"
#include "stats.h"

struct ssi_node;

#define SSI_REGION_ALIGN	(2UL << 20)
#define SSI_BLOCK_SHIFT		9	/* pages of a block: 512, 2 MiB */
#define SSI_BLOCK_PAGES		(1UL << SSI_BLOCK_SHIFT)
/* Buckets of a region: one for 2^SSI_BUCKET_SHIFT pages, within these limits. */
#define SSI_BUCKET_SHIFT	6
#ifndef SSI_BUCKETS_MAX_SHIFT	/* the simulator has few */
#define SSI_BUCKETS_MIN_SHIFT	8
#define SSI_BUCKETS_MAX_SHIFT	14
#endif
#define SSI_MAP_MAX		64	/* ranges of a placement map */

/**
 * struct ssi_range - one range of the placement map
 * @end: index of the first page after the range
 * @home: the node that keeps the directory of its pages
 */
struct ssi_range {
	u64 end;
	u32 home;
};

/**
 * struct ssi_bucket - pages that share a lock
 * @lock: protects the struct ssi_page and struct ssi_dir entries that hash
 *	here, and both lists. BH-safe; never held across code that sleeps. Only
 *	the locks of gather, holder, hot and the transports are taken inside it.
 * @wait: local faults that wait for a page of this bucket; see
 *	ssi_pages_begin_wait()
 * @reqs: requests of this node that are under way (struct ssi_req)
 * @txns: transactions of this home that are under way (struct ssi_rx)
 */
struct ssi_bucket {
	spinlock_t lock;
	wait_queue_head_t wait;
	struct list_head reqs;
	struct list_head txns;
} ____cacheline_aligned_in_smp;

/**
 * struct ssi_region - a region on a local node
 * @list: in node->regions; changed under node->lock, read under RCU
 * @ref: held by the list, open files, and messages; counted per CPU until the
 *	region is deleted
 * @node: the local node, with a reference
 * @id: region id
 * @size: in bytes
 * @ranges: placement map, ascending
 * @nr_ranges: used entries of @ranges
 * @members: bit mask of the nodes of the map
 * @life: random number of this instance of the region, not 0; see member.c
 * @lives: by member: life of the instance that has joined this one, or 0. Set
 *	once, under @lock; READ_ONCE() without @lock
 * @map_hash: hash of the map, which the members compare
 * @lock: protects @state, @reason, @lives, @channel; BH-safe
 * @state: enum ssi_dsm_region_state; READ_ONCE() without @lock
 * @reason: one sentence: why the region is in this state
 * @culprit: the node that @reason is about
 * @inode: the pages belong to the mapping of this inode
 * @pages: block number -> struct ssi_page[SSI_BLOCK_PAGES]
 * @dirs: block number -> struct ssi_dir[SSI_BLOCK_PAGES]
 * @homes: by block: the home, if it has ever moved, and its version; see
 *	pages.c. Changed under @move.lock, read without a lock
 * @buckets: 2^@buckets_shift, by hash of the page index
 * @buckets_shift: grows with the size of the region: its pages are to share few
 *	locks, whatever its size
 * @policy: settings, by enum ssi_dsm_policy; READ_ONCE()
 * @stats: counters and times of each class
 * @metadata: bytes of @pages, @dirs and @heat
 * @nr_huge: blocks that are a 2 MiB folio
 * @nr_split: blocks that were a 2 MiB folio and are split
 * @guest_time: how long the guest's CPUs have run on this node
 * @heat: the remote faults of this node
 * @gather: pages that this node requests together
 * @holder: messages that are held until a hold window ends
 * @home: state of this home other than the directory
 * @move: homes that go from one node to another
 * @recounted: pages of a block whose home is changing; see pages.c
 * @cache: pages whose home is another node, and their eviction
 * @channel: messages for the program attached to the region
 * @files: open files attached to the region, under @lock
 * @notified: set once the members were told that the region is lost
 * @changed: tells members and netlink listeners of a new state, in process
 *	context
 * @free: frees the region, in process context
 *
 * Each fault and each message reads the fields up to @stats, and they are seldom
 * written. The fields behind it are in other cache lines.
 */
struct ssi_region {
	struct list_head list;
	struct percpu_ref ref;
	struct ssi_node *node;
	u32 id;
	u64 size;
	struct ssi_range ranges[SSI_MAP_MAX];
	u32 nr_ranges;
	u32 members;
	u32 life;
	u32 lives[SSI_DSM_MAX_NODES];
	u64 map_hash;
	spinlock_t lock;
	u32 state;
	char reason[192];
	u32 culprit;
	struct inode *inode;
	struct xarray pages;
	struct xarray dirs;
	u64 *homes;
	struct ssi_bucket *buckets;
	u32 buckets_shift;
	u64 policy[__SSI_DSM_POLICY_MAX];
	struct ssi_stats __percpu *stats;
	atomic64_t metadata ____cacheline_aligned_in_smp;
	atomic64_t nr_huge;
	atomic64_t nr_split;
	struct ssi_guest_time guest_time;
	struct ssi_heat heat;
	struct ssi_gather gather;
	struct ssi_holder holder ____cacheline_aligned_in_smp;
	struct ssi_home home;
	struct ssi_move move ____cacheline_aligned_in_smp;
	unsigned long recounted[SSI_BLOCK_PAGES / BITS_PER_LONG];
	struct ssi_cache cache ____cacheline_aligned_in_smp;
	struct ssi_channel channel ____cacheline_aligned_in_smp;
	u32 files;
	u32 notified;
	struct work_struct changed;
	struct work_struct free;
};

/**
 * ssi_region_get() - look up a region of a node
 * @node: the local node
 * @id: region id
 *
 * Context: BH disabled or process context.
 * Return: the region with a reference, or NULL if the node has none with this
 * id.
 */
struct ssi_region *ssi_region_get(struct ssi_node *node, u32 id);

/**
 * ssi_region_release() - the last reference to a region was put
 * @ref: of the region, which a work frees
 *
 * Context: any.
 */
void ssi_region_release(struct percpu_ref *ref);

/**
 * ssi_region_put() - put a reference to a region
 * @region: the region; freed by a work when this was the last reference
 *
 * Context: any.
 */
void ssi_region_put(struct ssi_region *region);

/**
 * ssi_region_policy() - read a setting of a region
 * @region: the region
 * @id: enum ssi_dsm_policy
 *
 * Context: any.
 * Return: the value, in the setting's own unit.
 */
static inline u64 ssi_region_policy(const struct ssi_region *region, u32 id)
{
	return READ_ONCE(region->policy[id]);
}

/**
 * ssi_region_buckets() - the number of a region's buckets
 * @region: the region
 *
 * Context: any.
 * Return: a power of two.
 */
static inline u32 ssi_region_buckets(const struct ssi_region *region)
{
	return 1u << region->buckets_shift;
}

/**
 * ssi_region_wake() - wake all faults that wait for a page of a region
 * @region: the region
 *
 * Each waiting fault checks its page again.
 *
 * Context: any.
 */
void ssi_region_wake(struct ssi_region *region);

/**
 * ssi_region_flush() - wait until all state changes have been told to listeners
 *
 * Context: process, sleeps.
 */
void ssi_region_flush(void);

/**
 * ssi_region_change_state() - the only function that changes a region's state
 * @region: the region
 * @state: the new state. Legal moves: WAITING -> READY, REFUSED, LOST; REFUSED
 *	-> READY, LOST; READY -> LOST.
 * @culprit: the node that the reason is about
 * @fmt: the reason, one sentence
 *
 * Wakes all waiting tasks. region->changed tells members and listeners.
 *
 * Context: any.
 * Return: false if the move is not legal; nothing has changed then.
 */
__printf(4, 5)
bool ssi_region_change_state(struct ssi_region *region, u32 state, u32 culprit,
			     const char *fmt, ...);

/**
 * ssi_region_lose() - change a region's state to LOST
 * @region: the region
 * @culprit: the node that the reason is about
 * @fmt: the reason, one sentence
 *
 * Wakes all waiting tasks. From now on each fault ends in SIGBUS. Does nothing
 * if the region is LOST already.
 *
 * Context: any.
 */
__printf(3, 4)
void ssi_region_lose(struct ssi_region *region, u32 culprit,
		     const char *fmt, ...);

/**
 * ssi_region_init() - prepare for regions, when the module is loaded
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int ssi_region_init(void);

/**
 * ssi_region_exit() - wait until deleted regions are freed
 *
 * Context: process, when the module is unloaded and all regions are deleted.
 */
void ssi_region_exit(void);

#endif /* _SSI_REGION_H */
