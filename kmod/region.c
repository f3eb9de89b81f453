// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: creation, joining, lookup, and their end.
 *
 * DOC: Theory of operation
 *
 * A region begins WAITING. Every node tells its peers which map it has, when
 * the region is made and when a link comes up; when all members have told the
 * same, it is READY. It ends LOST, once and for good, when a member is lost or
 * leaves or when it is deleted here: from then on every fault is SIGBUS,
 * waiters are woken, and messages for it are dropped.
 *
 * Deletion has two phases. ssi_region_delete() makes it dead: out of the
 * list, LOST, all mappings zapped, everything parked dropped, page work
 * finished. Files and messages may still hold references; when the last one
 * is put, ssi_region_free() frees pages and blocks. No mapping is left then,
 * since every VMA holds its file.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "alloc.h"
#include "evict.h"
#include "gather.h"
#include "holder.h"
#include "message.h"
#include "netlink.h"
#include "node.h"
#include "peer.h"
#include "policy.h"
#include "pte.h"
#include "region.h"
#include "trace.h"
#include "transport.h"

#define SSI_FS_MAGIC	0x53534944

static struct vfsmount *ssi_mnt;
static struct workqueue_struct *region_wq;

static int init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, SSI_FS_MAGIC) ? 0 : -ENOMEM;
}

/* No owner: our own mount must not keep the module from being unloaded. */
static struct file_system_type ssi_fs_type = {
	.name = "ssi_dsm",
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

/* ---- lookup ---- */

u32 ssi_region_home(const struct ssi_region *region, u64 index)
{
	u32 i;

	for (i = 0; i < region->nr_ranges - 1; i++)
		if (index < region->ranges[i].end)
			break;
	return region->ranges[i].home;
}

struct ssi_bucket *ssi_region_bucket(struct ssi_region *region, u64 index)
{
	return &region->buckets[hash_64(index, SSI_BUCKETS_SHIFT)];
}

/* Block @number of @blocks, allocated with @gfp if that is not 0. */
static void *get_block(struct ssi_region *region, struct xarray *blocks,
		       u64 number, size_t size, gfp_t gfp)
{
	void *block = xa_load(blocks, number);
	void *old;

	if (block || !gfp)
		return block;
	if (ssi_alloc_fails(SSI_ALLOC_BLOCK))
		return NULL;
	gfp = ssi_alloc_gfp(gfp);
	block = kzalloc(size, gfp | __GFP_ACCOUNT);
	if (!block)
		return NULL;
	old = xa_cmpxchg_bh(blocks, number, NULL, block, gfp);
	if (old) {
		kfree(block);
		return xa_is_err(old) ? NULL : old;
	}
	atomic64_add(size, &region->metadata);
	return block;
}

struct ssi_page *ssi_region_page(struct ssi_region *region, u64 index,
				 gfp_t gfp)
{
	struct ssi_page *block;

	block = get_block(region, &region->pages, index >> SSI_BLOCK_SHIFT,
			  SSI_BLOCK_PAGES * sizeof(*block), gfp);
	return block ? block + (index & (SSI_BLOCK_PAGES - 1)) : NULL;
}

struct ssi_dir *ssi_region_dir(struct ssi_region *region, u64 index, gfp_t gfp)
{
	struct ssi_dir *block;

	block = get_block(region, &region->dirs, index >> SSI_BLOCK_SHIFT,
			  SSI_BLOCK_PAGES * sizeof(*block), gfp);
	return block ? block + (index & (SSI_BLOCK_PAGES - 1)) : NULL;
}

struct ssi_region *ssi_region_get(struct ssi_node *node, u32 id)
{
	struct ssi_region *region, *found = NULL;

	spin_lock_bh(&node->lock);
	list_for_each_entry(region, &node->regions, list) {
		if (region->id != id)
			continue;
		kref_get(&region->ref);
		found = region;
		break;
	}
	spin_unlock_bh(&node->lock);
	return found;
}

/* ---- the end ---- */

static void free_pages_of(struct ssi_region *region)
{
	struct ssi_page *block;
	unsigned long number;
	struct page *page;
	u32 i;

	xa_for_each(&region->pages, number, block) {
		for (i = 0; i < SSI_BLOCK_PAGES; i++) {
			if (!block[i].pfn)
				continue;
			page = pfn_to_page(block[i].pfn);
			ssi_pte_uninstall(page);
			put_page(page);
		}
		kfree(block);
		cond_resched();
	}
}

static void ssi_region_free(struct work_struct *work)
{
	struct ssi_region *region = container_of(work, struct ssi_region, free);
	unsigned long number;
	void *block;

	ssi_evict_stop(region);
	ssi_channel_purge(&region->channel);
	ssi_gather_forget(region);
	free_pages_of(region);
	xa_destroy(&region->pages);
	xa_for_each(&region->dirs, number, block)
		kfree(block);
	xa_destroy(&region->dirs);
	iput(region->inode);
	ssi_stats_free(region->stats);
	ssi_node_put(region->node);
	kvfree(region);
}

static void ssi_region_release(struct kref *ref)
{
	struct ssi_region *region = container_of(ref, struct ssi_region, ref);

	queue_work(region_wq, &region->free);
}

void ssi_region_put(struct ssi_region *region)
{
	kref_put(&region->ref, ssi_region_release);
}

static void wake_everybody(struct ssi_region *region)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(region->buckets); i++)
		wake_up_all(&region->buckets[i].wait);
	wake_up_interruptible(&region->channel.wait);
}

/* Tell all members but ourselves. */
static void tell_members(struct ssi_region *region, struct ssi_msg *msg)
{
	u32 id;

	msg->region = region->id;
	local_bh_disable();
	for (id = 0; id < SSI_DSM_MAX_NODES; id++)
		if ((region->members & BIT(id)) && id != region->node->id)
			ssi_peer_send(region->node, id, msg, NULL, 0);
	local_bh_enable();
}

/*
 * Members must know that nobody here answers any more, whatever the reason;
 * those who know already do not mind. Once.
 */
static void tell_of_loss(struct ssi_region *region)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_LEAVE,
		.requester = READ_ONCE(region->culprit),
	};

	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST &&
	    !xchg(&region->notified, 1))
		tell_members(region, &msg);
}

static void ssi_region_changed(struct work_struct *work)
{
	struct ssi_region *region = container_of(work, struct ssi_region,
						 changed);

	tell_of_loss(region);
	ssi_netlink_region_event(region);
	ssi_region_put(region);
}

static void tell_listeners(struct ssi_region *region)
{
	kref_get(&region->ref);
	if (!queue_work(region_wq, &region->changed))
		ssi_region_put(region);
}

/*
 * The one state change function. WAITING -> READY, REFUSED, LOST;
 * REFUSED -> READY, LOST; READY -> LOST.
 */
__printf(4, 0)
static bool vchange_state(struct ssi_region *region, u32 state, u32 culprit,
			  const char *fmt, va_list args)
{
	bool legal;

	spin_lock_bh(&region->lock);
	legal = region->state != SSI_DSM_REGION_LOST &&
		region->state != state &&
		(region->state != SSI_DSM_REGION_READY ||
		 state == SSI_DSM_REGION_LOST);
	if (legal) {
		vscnprintf(region->reason, sizeof(region->reason), fmt, args);
		region->culprit = culprit;
		WRITE_ONCE(region->state, state);
	}
	spin_unlock_bh(&region->lock);
	if (legal) {
		wake_everybody(region);
		tell_listeners(region);
	}
	return legal;
}

__printf(4, 5)
static bool change_state(struct ssi_region *region, u32 state, u32 culprit,
			 const char *fmt, ...)
{
	va_list args;
	bool changed;

	va_start(args, fmt);
	changed = vchange_state(region, state, culprit, fmt, args);
	va_end(args);
	return changed;
}

void ssi_region_lose(struct ssi_region *region, u32 culprit,
		     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vchange_state(region, SSI_DSM_REGION_LOST, culprit, fmt, args);
	va_end(args);
}

static void leave(struct ssi_region *region, const char *why)
{
	change_state(region, SSI_DSM_REGION_LOST, region->node->id,
		     "node %u has left the region: %s", region->node->id, why);
	tell_of_loss(region);
}

void ssi_region_delete(struct ssi_region *region)
{
	struct ssi_node *node = region->node;

	lockdep_assert_held(&ssi_config_lock);
	leave(region, "it was deleted");
	spin_lock_bh(&node->lock);
	list_del_init(&region->list);
	spin_unlock_bh(&node->lock);
	ssi_pte_unmap_all(region);
	/* Those who saw it READY run with BH disabled; then nobody parks. */
	synchronize_rcu();
	ssi_message_purge(region);
	flush_workqueue(node->wq);
	ssi_region_put(region);
}

void ssi_region_set_page_state(struct ssi_region *region, u64 index,
			       struct ssi_page *entry, u32 next)
{
	bool was_writable = ssi_page_writable(entry->state);
	bool was_readable = ssi_page_readable(entry->state);

	atomic64_add(ssi_page_writable(next) - was_writable,
		     &region->nr_exclusive);
	atomic64_add((ssi_page_readable(next) && !ssi_page_writable(next)) -
		     (was_readable && !was_writable), &region->nr_shared);
	trace_ssi_page_state(region->node->id, region->id, index, entry->state,
			     next);
	entry->state = next;
}

void ssi_region_set_data(struct ssi_region *region, u64 index,
			 struct ssi_page *entry, struct page *page)
{
	bool is_cached = ssi_region_home(region, index) != region->node->id;
	int change = !!page - !!entry->pfn;

	entry->pfn = page ? page_to_pfn(page) : 0;
	if (change && !(page && PageCompound(page)))
		ssi_evict_count(region, is_cached ? change : 0);
}

void ssi_region_set_policy(struct ssi_region *region, u32 id, u64 value)
{
	WRITE_ONCE(region->policy[id], value);
	if (id == SSI_DSM_POLICY_CACHE)
		ssi_evict_budget_changed(region);
}

/* ---- files ---- */

int ssi_region_attach(struct ssi_region *region, bool channel)
{
	if (channel && ssi_channel_acquire(&region->channel))
		return -EBUSY;
	spin_lock_bh(&region->lock);
	region->files++;
	spin_unlock_bh(&region->lock);
	return 0;
}

void ssi_region_detach(struct ssi_region *region, bool channel)
{
	bool last;

	spin_lock_bh(&region->lock);
	last = !--region->files;
	spin_unlock_bh(&region->lock);
	if (channel)
		ssi_channel_release(&region->channel);
	if (last)
		leave(region, "its program ended");
}

/* ---- joining ---- */

void ssi_region_announce(struct ssi_region *region, u32 peer)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_REGION,
		.region = region->id,
		.arg = region->map_hash,
		.size = region->size,
	};

	if (!(region->members & BIT(peer)) ||
	    READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return;
	local_bh_disable();
	ssi_peer_send(region->node, peer, &msg, NULL, 0);
	local_bh_enable();
}

static void join(struct ssi_region *region, u32 id)
{
	bool complete;

	spin_lock_bh(&region->lock);
	region->joined |= BIT(id);
	complete = region->joined == region->members;
	spin_unlock_bh(&region->lock);
	if (complete)
		change_state(region, SSI_DSM_REGION_READY, region->node->id,
			     "all nodes have joined");
}

void ssi_region_peer_announced(struct ssi_region *region, u32 peer,
			       u64 map_hash, u64 size)
{
	if ((map_hash ^ region->map_hash) & LONG_MAX)
		change_state(region, SSI_DSM_REGION_REFUSED, peer,
			     "node %u describes region %u otherwise than node %u: their nodes or memory sizes differ; give all nodes the same cluster file",
			     peer, region->id, region->node->id);
	else
		join(region, peer);
}

/* What peers told before the region was made, and telling them of it. */
static void meet_members(struct ssi_region *region)
{
	struct ssi_node *node = region->node;
	void *told;
	u32 id;

	join(region, node->id);
	for (id = 0; id < SSI_DSM_MAX_NODES; id++) {
		if (!(region->members & BIT(id)) || id == node->id)
			continue;
		ssi_region_announce(region, id);
		told = xa_load(&node->peers[id]->announced, region->id);
		if (told)
			ssi_region_peer_announced(region, id,
						  xa_to_value(told),
						  region->size);
	}
}

/* ---- creation ---- */

static int add_entry(struct ssi_region *region, const struct ssi_map_entry *e,
		     struct netlink_ext_ack *extack)
{
	struct ssi_node *node = region->node;

	if (e->node >= SSI_DSM_MAX_NODES ||
	    (e->node != node->id && !node->peers[e->node])) {
		NL_SET_ERR_MSG(extack, "the map names a node that is neither this one nor one of its peers");
		return -EINVAL;
	}
	if (e->size % SSI_REGION_ALIGN) {
		NL_SET_ERR_MSG(extack, "the memory of a node must be a multiple of 2 MiB");
		return -EINVAL;
	}
	if (e->size > BIT(46) || region->size > BIT(46)) {
		NL_SET_ERR_MSG(extack, "the region is larger than 64 TiB");
		return -E2BIG;
	}
	region->members |= BIT(e->node);
	if (!e->size)
		return 0;
	region->size += e->size;
	region->ranges[region->nr_ranges++] = (struct ssi_range){
		.end = region->size >> PAGE_SHIFT,
		.home = e->node,
	};
	return 0;
}

static int set_map(struct ssi_region *region, const struct ssi_map_entry *map,
		   u32 entries, struct netlink_ext_ack *extack)
{
	u64 hash = SSI_WIRE_VERSION;
	u32 i;
	int ret;

	if (entries > SSI_MAP_MAX) {
		NL_SET_ERR_MSG(extack, "the map has more than 64 entries");
		return -E2BIG;
	}
	for (i = 0; i < entries; i++) {
		ret = add_entry(region, &map[i], extack);
		if (ret)
			return ret;
		hash = ssi_wire_hash(hash, &map[i].node, sizeof(map[i].node));
		hash = ssi_wire_hash(hash, &map[i].size, sizeof(map[i].size));
	}
	if (!region->size) {
		NL_SET_ERR_MSG(extack, "the region has no memory");
		return -EINVAL;
	}
	if (!(region->members & BIT(region->node->id))) {
		NL_SET_ERR_MSG(extack, "the map does not name this node");
		return -EINVAL;
	}
	region->map_hash = hash;
	return 0;
}

static struct ssi_region *region_alloc(struct ssi_node *node, u32 id)
{
	struct ssi_region *region = kvzalloc(sizeof(*region), GFP_KERNEL);
	u32 i;

	if (!region)
		return NULL;
	kref_init(&region->ref);
	region->node = node;
	region->id = id;
	for (i = 0; i < __SSI_DSM_POLICY_MAX; i++)
		region->policy[i] = ssi_policies[i].initial;
	ssi_hot_init(&region->hot);
	spin_lock_init(&region->lock);
	xa_init_flags(&region->pages, XA_FLAGS_LOCK_BH);
	xa_init_flags(&region->dirs, XA_FLAGS_LOCK_BH);
	for (i = 0; i < ARRAY_SIZE(region->buckets); i++) {
		spin_lock_init(&region->buckets[i].lock);
		init_waitqueue_head(&region->buckets[i].wait);
		INIT_LIST_HEAD(&region->buckets[i].reqs);
		INIT_LIST_HEAD(&region->buckets[i].txns);
	}
	spin_lock_init(&region->held_lock);
	INIT_LIST_HEAD(&region->held);
	hrtimer_init(&region->held_timer, CLOCK_MONOTONIC,
		     HRTIMER_MODE_ABS_SOFT);
	region->held_timer.function = ssi_holder_timer;
	ssi_channel_init(&region->channel);
	INIT_WORK(&region->changed, ssi_region_changed);
	INIT_WORK(&region->free, ssi_region_free);
	return region;
}

static int region_alloc_parts(struct ssi_region *region)
{
	struct inode *inode;

	region->stats = ssi_stats_alloc();
	if (!region->stats)
		return -ENOMEM;
	inode = alloc_anon_inode(ssi_mnt->mnt_sb);
	if (IS_ERR(inode)) {
		ssi_stats_free(region->stats);
		return PTR_ERR(inode);
	}
	mapping_set_unevictable(inode->i_mapping);
	/* The core maps blocks in one piece only inside the file. */
	i_size_write(inode, region->size);
	region->inode = inode;
	return 0;
}

/**
 * ssi_region_new() - make this node's instance of a region and announce it
 * @node: the local node
 * @id: region id, the same on all nodes
 * @map: placement map, the same on all nodes
 * @entries: of @map
 * @extack: says what was wrong
 *
 * Context: ssi_config_lock held, may sleep.
 * Return: the region (owned by @node's list) or ERR_PTR().
 */
struct ssi_region *ssi_region_new(struct ssi_node *node, u32 id,
				  const struct ssi_map_entry *map, u32 entries,
				  struct netlink_ext_ack *extack)
{
	struct ssi_region *region = ssi_region_get(node, id);
	int ret;

	if (region) {
		ssi_region_put(region);
		NL_SET_ERR_MSG(extack, "the node already has a region with this id");
		return ERR_PTR(-EEXIST);
	}
	region = region_alloc(node, id);
	if (!region)
		return ERR_PTR(-ENOMEM);
	ret = set_map(region, map, entries, extack);
	if (!ret)
		ret = region_alloc_parts(region);
	if (ret) {
		kvfree(region);
		return ERR_PTR(ret);
	}
	ssi_evict_start(region);
	kref_get(&node->ref);
	spin_lock_bh(&node->lock);
	list_add_tail(&region->list, &node->regions);
	spin_unlock_bh(&node->lock);
	meet_members(region);
	return region;
}

int ssi_region_init(void)
{
	region_wq = alloc_workqueue("ssi_dsm_region", WQ_UNBOUND, 0);
	if (!region_wq)
		return -ENOMEM;
	ssi_mnt = kern_mount(&ssi_fs_type);
	if (IS_ERR(ssi_mnt)) {
		destroy_workqueue(region_wq);
		return PTR_ERR(ssi_mnt);
	}
	return 0;
}

/* All regions are deleted; their last references may just be going. */
void ssi_region_exit(void)
{
	destroy_workqueue(region_wq);
	kern_unmount(ssi_mnt);
}
