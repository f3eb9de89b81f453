// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: creation, attaching of files, deletion.
 *
 * DOC: Theory of operation
 *
 * Deletion has two phases. In the first phase ssi_region_delete() makes the
 * region dead. It leaves the list, its state is LOST, all its mappings are
 * removed, and all queued messages are purged. Page work that runs meanwhile
 * sees the state, and ends. Files, page work and messages may still hold
 * references. The second phase begins when
 * the last reference is put: ssi_region_free() frees pages and blocks. No
 * mapping exists at that time, because each VMA holds a reference to its file.
 */
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "control/region_setup.h"
#include "engine/channel.h"
#include "engine/dispatch.h"
#include "engine/evict.h"
#include "engine/gather.h"
#include "engine/holder.h"
#include "engine/member.h"
#include "engine/move.h"
#include "engine/walks.h"
#include "memory/budget.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"
#include "net/node.h"
#include "protocol/policy.h"
#include "protocol/wire.h"

#define SSI_FS_MAGIC	0x53534944

static struct vfsmount *ssi_mnt;

static int ssi_region_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, SSI_FS_MAGIC) ? 0 : -ENOMEM;
}

/*
 * There is no owner: our own mount must not prevent the unloading of the
 * module.
 */
static struct file_system_type ssi_fs_type = {
	.name = "ssi_dsm",
	.init_fs_context = ssi_region_init_fs_context,
	.kill_sb = kill_anon_super,
};

/* ---- deletion ---- */

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
	ssi_gather_release_tasks(region);
	free_pages_of(region);
	xa_destroy(&region->pages);
	xa_for_each(&region->dirs, number, block)
		kfree(block);
	xa_destroy(&region->dirs);
	iput(region->inode);
	ssi_budget_exit(region);
	ssi_hot_exit(&region->home.hot);
	ssi_heat_exit(&region->heat);
	ssi_guest_time_exit(&region->guest_time);
	ssi_stats_free(region->stats);
	kvfree(region->homes);
	kvfree(region->buckets);
	ssi_node_put(region->node);
	percpu_ref_exit(&region->ref);
	kvfree(region);
}

static void leave(struct ssi_region *region, const char *why)
{
	ssi_region_change_state(region, SSI_DSM_REGION_LOST, region->node->id,
				"node %u has left the region: %s", region->node->id, why);
	ssi_member_tell_loss(region);
}

void ssi_region_delete(struct ssi_region *region)
{
	struct ssi_node *node = region->node;

	lockdep_assert_held(&ssi_config_lock);
	leave(region, "it was deleted");
	mutex_lock(&ssi_nodes_lock);
	spin_lock_bh(&node->lock);
	list_del_rcu(&region->list);
	spin_unlock_bh(&node->lock);
	mutex_unlock(&ssi_nodes_lock);
	ssi_pte_unmap_all(region);
	/*
	 * Code that saw the region READY runs with BH disabled. After the grace
	 * period no message of the region can become pending or held any more,
	 * and no code that reads the list finds the region.
	 */
	synchronize_rcu();
	ssi_dispatch_purge(region);
	percpu_ref_kill(&region->ref);
}

/* ---- policies and files ---- */

void ssi_region_set_policy(struct ssi_region *region, u32 id, u64 value)
{
	WRITE_ONCE(region->policy[id], value);
	if (id == SSI_DSM_POLICY_CACHE)
		ssi_budget_changed(region);
}

int ssi_region_attach(struct ssi_region *region, bool channel)
{
	if (channel && ssi_channel_acquire(&region->channel))
		return -EBUSY;
	ssi_walks_attach();
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
	ssi_walks_detach();
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
	region->node = node;
	region->id = id;
	do
		region->life = get_random_u32();
	while (!region->life);
	for (i = 0; i < __SSI_DSM_POLICY_MAX; i++)
		region->policy[i] = ssi_policies[i].initial;
	ssi_gather_init(&region->gather);
	ssi_holder_init(&region->holder);
	ssi_move_init(&region->move);
	spin_lock_init(&region->lock);
	ssi_guest_time_init(&region->guest_time);
	ssi_channel_init(&region->channel);
	INIT_WORK(&region->changed, ssi_member_region_changed);
	INIT_WORK(&region->free, ssi_region_free);
	return region;
}

static int region_alloc_parts(struct ssi_region *region)
{
	struct inode *inode;
	int ret;

	ret = ssi_pages_init(region);
	if (ret)
		return ret;
	ret = -ENOMEM;
	region->stats = ssi_stats_alloc();
	if (!region->stats)
		goto err_free_pages;
	ret = ssi_hot_init(&region->home.hot,
			   region->size >> (PAGE_SHIFT + SSI_BLOCK_SHIFT));
	if (ret)
		goto err_free_stats;
	ssi_heat_init(&region->heat, region->size >> (PAGE_SHIFT + SSI_BLOCK_SHIFT));
	ret = ssi_budget_init(region);
	if (ret)
		goto err_exit_hot;
	ret = percpu_ref_init(&region->ref, ssi_region_release, 0, GFP_KERNEL);
	if (ret)
		goto err_exit_budget;
	inode = alloc_anon_inode(ssi_mnt->mnt_sb);
	if (IS_ERR(inode)) {
		ret = PTR_ERR(inode);
		goto err_exit_ref;
	}
	mapping_set_unevictable(inode->i_mapping);
	/*
	 * The memory management core maps 2 MiB folios only within the size of
	 * the file.
	 */
	i_size_write(inode, region->size);
	region->inode = inode;
	return 0;

err_exit_ref:
	percpu_ref_exit(&region->ref);
err_exit_budget:
	ssi_budget_exit(region);
err_exit_hot:
	ssi_hot_exit(&region->home.hot);
err_free_stats:
	ssi_stats_free(region->stats);
err_free_pages:
	kvfree(region->homes);
	kvfree(region->buckets);
	return ret;
}

/**
 * ssi_region_new() - make this node's instance of a region and announce it
 * @node: the local node
 * @id: region id, the same on all nodes
 * @map: placement map, the same on all nodes
 * @entries: number of entries of @map
 * @extack: receives the error sentence
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

	lockdep_assert_held(&ssi_config_lock);
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
	mutex_lock(&ssi_nodes_lock);
	spin_lock_bh(&node->lock);
	list_add_tail_rcu(&region->list, &node->regions);
	spin_unlock_bh(&node->lock);
	mutex_unlock(&ssi_nodes_lock);
	ssi_member_meet(region);
	return region;
}

int ssi_region_setup_init(void)
{
	ssi_mnt = kern_mount(&ssi_fs_type);
	return PTR_ERR_OR_ZERO(ssi_mnt);
}

/* Context: all regions are freed. */
void ssi_region_setup_exit(void)
{
	kern_unmount(ssi_mnt);
}
