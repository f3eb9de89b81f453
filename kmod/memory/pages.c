// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a region: their entries, directory entries, and buckets.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "alloc.h"
#include "memory/budget.h"
#include "memory/pages.h"
#include "net/node.h"
#include "trace.h"

/*
 * An entry of the table of homes; 0: the home has never moved. A node that has
 * begun to change an entry has a bit for each page (region->recounted): it is
 * set once the page's data is counted as the new home says.
 */
#define HOME_NODE	0xffull
#define HOME_CHANGING	BIT_ULL(8)
#define HOME_VERSION	32

static u64 home_entry(const struct ssi_region *region, u64 index)
{
	return READ_ONCE(region->homes[index >> SSI_BLOCK_SHIFT]);
}

/* The home as the placement map says. */
static u32 first_home(const struct ssi_region *region, u64 index)
{
	u32 i;

	for (i = 0; i < region->nr_ranges - 1; i++)
		if (index < region->ranges[i].end)
			break;
	return region->ranges[i].home;
}

static u32 home_of(const struct ssi_region *region, u64 index, u64 entry)
{
	return entry ? entry & HOME_NODE : first_home(region, index);
}

u32 ssi_pages_version(const struct ssi_region *region, u64 index, u32 *home)
{
	u64 entry = home_entry(region, index);

	*home = home_of(region, index, entry);
	return entry >> HOME_VERSION;
}

u32 ssi_pages_home(const struct ssi_region *region, u64 index)
{
	u32 home;

	ssi_pages_version(region, index, &home);
	return home;
}

u64 ssi_pages_next_foreign(const struct ssi_region *region, u64 index)
{
	u64 pages = region->size >> PAGE_SHIFT;

	while (index < pages && ssi_pages_are_ours(region, index))
		index = (index | (SSI_BLOCK_PAGES - 1)) + 1;
	return index;
}

void ssi_pages_set_home(struct ssi_region *region, u64 index, u32 home,
			u32 version, bool changing)
{
	u64 entry = (u64)version << HOME_VERSION | home;

	lockdep_assert_held(&region->move.lock);
	if (changing) {
		memset(region->recounted, 0, sizeof(region->recounted));
		entry |= HOME_CHANGING;
	}
	/* directory entries and @recounted are written before; see is_cached() */
	smp_store_release(&region->homes[index >> SSI_BLOCK_SHIFT], entry);
}

bool ssi_pages_are_ours(const struct ssi_region *region, u64 index)
{
	return ssi_pages_home(region, index) == region->node->id;
}

int ssi_pages_init(struct ssi_region *region)
{
	u32 i;

	region->buckets_shift = clamp_t(int, ilog2(region->size >> PAGE_SHIFT) -
					SSI_BUCKET_SHIFT, SSI_BUCKETS_MIN_SHIFT,
					SSI_BUCKETS_MAX_SHIFT);
	region->buckets = kvcalloc(ssi_region_buckets(region),
				   sizeof(*region->buckets), GFP_KERNEL);
	if (!region->buckets)
		return -ENOMEM;
	region->homes = kvcalloc(region->size >> (PAGE_SHIFT + SSI_BLOCK_SHIFT),
				 sizeof(*region->homes), GFP_KERNEL);
	if (!region->homes) {
		kvfree(region->buckets);
		return -ENOMEM;
	}
	for (i = 0; i < ssi_region_buckets(region); i++) {
		spin_lock_init(&region->buckets[i].lock);
		init_waitqueue_head(&region->buckets[i].wait);
		INIT_LIST_HEAD(&region->buckets[i].reqs);
		INIT_LIST_HEAD(&region->buckets[i].txns);
	}
	xa_init_flags(&region->pages, XA_FLAGS_LOCK_BH);
	xa_init_flags(&region->dirs, XA_FLAGS_LOCK_BH);
	return 0;
}

/* Block @number of @blocks. A missing one is allocated, unless @gfp is 0. */
static void *get_block(struct ssi_region *region, struct xarray *blocks,
		       u64 number, size_t size, gfp_t gfp)
{
	void *block = xa_load(blocks, number);
	void *old;

	if (block || !gfp)
		return block;
	if (ssi_alloc_fails(SSI_ALLOC_BLOCK))
		return NULL;
	block = ssi_alloc_zeroed_for(region->node->payer, size, gfp);
	if (!block)
		return NULL;
	old = xa_cmpxchg_bh(blocks, number, NULL, block, ssi_alloc_gfp(gfp));
	if (old) {
		kfree(block);
		return xa_is_err(old) ? NULL : old;
	}
	atomic64_add(size, &region->metadata);
	return block;
}

struct ssi_page *ssi_pages_entry(struct ssi_region *region, u64 index,
				 gfp_t gfp)
{
	struct ssi_page *block;

	block = get_block(region, &region->pages, index >> SSI_BLOCK_SHIFT,
			  SSI_BLOCK_PAGES * sizeof(*block), gfp);
	return block ? block + (index & (SSI_BLOCK_PAGES - 1)) : NULL;
}

struct ssi_dir *ssi_pages_dir(struct ssi_region *region, u64 index, gfp_t gfp)
{
	struct ssi_dir *block;

	block = get_block(region, &region->dirs, index >> SSI_BLOCK_SHIFT,
			  SSI_BLOCK_PAGES * sizeof(*block), gfp);
	return block ? block + (index & (SSI_BLOCK_PAGES - 1)) : NULL;
}

static void begin_slot(struct ssi_region *region, u64 index,
		       struct ssi_slot *slot)
{
	*slot = (struct ssi_slot){
		.region = region,
		.index = index,
		.bucket = &region->buckets[hash_64(index,
						   region->buckets_shift)],
	};
}

bool ssi_pages_find(struct ssi_region *region, u64 index, gfp_t gfp,
		    struct ssi_slot *slot)
{
	begin_slot(region, index, slot);
	slot->entry = ssi_pages_entry(region, index, gfp);
	return slot->entry;
}

bool ssi_pages_find_dir(struct ssi_region *region, u64 index, gfp_t gfp,
			struct ssi_slot *slot)
{
	begin_slot(region, index, slot);
	slot->dir = ssi_pages_dir(region, index, gfp);
	return slot->dir;
}

static bool is_foreign(const struct ssi_slot *slot, u64 entry)
{
	const struct ssi_region *region = slot->region;

	return home_of(region, slot->index, entry) != region->node->id;
}

/*
 * Whether the page's data is counted as part of the cache. A change may end, and that
 * of another block begin, between the two looks at the table.
 */
static bool is_cached(const struct ssi_slot *slot)
{
	const struct ssi_region *region = slot->region;
	u64 entry = home_entry(region, slot->index), before;
	bool recounted;

	lockdep_assert_held(&slot->bucket->lock);
	while (unlikely(entry & HOME_CHANGING)) {
		smp_rmb();	/* pairs with smp_store_release() in ssi_pages_set_home() */
		recounted = test_bit(slot->index & (SSI_BLOCK_PAGES - 1),
				     region->recounted);
		smp_rmb();	/* as above: the bits are older than what follows */
		before = entry;
		entry = home_entry(region, slot->index);
		if (entry == before)
			return recounted ? is_foreign(slot, entry) :
					   !is_foreign(slot, entry);
	}
	return is_foreign(slot, entry);
}

void ssi_pages_recount(const struct ssi_slot *slot)
{
	struct ssi_region *region = slot->region;
	struct ssi_page *entry = ssi_pages_entry(region, slot->index, 0);

	lockdep_assert_held(&slot->bucket->lock);
	set_bit(slot->index & (SSI_BLOCK_PAGES - 1), region->recounted);
	if (entry && entry->pfn)
		ssi_budget_count(region, is_cached(slot) ? 1 : -1);
}

static bool is_shared(enum ssi_page_state state)
{
	return ssi_page_readable(state) && !ssi_page_writable(state);
}

/* @key: the page that is woken, or NULL: all pages of the bucket. */
static int ssi_pages_woken(struct wait_queue_entry *entry, unsigned int mode, int sync,
			   void *key)
{
	struct ssi_pages_waiter *waiter =
		container_of(entry, struct ssi_pages_waiter, entry);

	if (key && *(const u64 *)key != waiter->index)
		return 0;
	return autoremove_wake_function(entry, mode, sync, key);
}

void ssi_pages_begin_wait(const struct ssi_slot *slot,
			  struct ssi_pages_waiter *waiter)
{
	waiter->index = slot->index;
	init_wait_entry(&waiter->entry, 0);
	waiter->entry.func = ssi_pages_woken;
}

void ssi_pages_wake(const struct ssi_slot *slot)
{
	struct wait_queue_head *wait = &slot->bucket->wait;
	u64 index = slot->index;

	if (wq_has_sleeper(wait))
		__wake_up(wait, TASK_NORMAL, 0, &index);
}

void ssi_pages_wake_block(struct ssi_region *region, u64 index)
{
	u64 first = index & ~(u64)(SSI_BLOCK_PAGES - 1);
	struct ssi_slot slot;
	u32 i;

	for (i = 0; i < SSI_BLOCK_PAGES; i++) {
		begin_slot(region, first + i, &slot);
		ssi_pages_wake(&slot);
	}
}

void ssi_pages_set_state(const struct ssi_slot *slot, enum ssi_page_state next)
{
	struct ssi_region *region = slot->region;
	struct ssi_page *entry = slot->entry;

	lockdep_assert_held(&slot->bucket->lock);
	ssi_stats_count(region->stats, SSI_COUNT_EXCLUSIVE,
			ssi_page_writable(next) -
			ssi_page_writable(entry->state));
	ssi_stats_count(region->stats, SSI_COUNT_SHARED,
			is_shared(next) - is_shared(entry->state));
	trace_ssi_page_state(region->node->id, region->id, slot->index,
			     entry->state, next);
	entry->state = next;
}

void ssi_pages_set_data(const struct ssi_slot *slot, struct page *page)
{
	int change = !!page - !!slot->entry->pfn;

	lockdep_assert_held(&slot->bucket->lock);
	slot->entry->pfn = page ? page_to_pfn(page) : 0;
	if (change && !(page && PageCompound(page)))
		ssi_budget_count(slot->region, is_cached(slot) ? change : 0);
}
