// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eviction: free the memory of pages whose home is another node.
 *
 * DOC: Theory of operation
 *
 * A node always provides memory for the pages that it is the home of. All other
 * pages on the node are its cache. The cache can have a budget; without one,
 * the budget is all memory that the host has available, less a reserve. If the
 * cache is over its budget, or if the kernel is short of memory, a clock hand
 * moves over the pages of the cache:
 *
 * - If a page is mapped, its PTEs are removed and the page stays for another
 *   round. If a task uses the page, it faults and the page is mapped again. So
 *   the PTEs serve as reference bits. The PTEs of neighbours in one block are
 *   removed together.
 * - If a page is a copy (state S) and is not mapped, it is dropped. No message
 *   is sent. If an INV for the page comes later, this node acks it at once.
 * - If this node is the owner of the page (state E or O), it sends an eviction
 *   hint (PUT) to the page's home. The home then requests the page exclusively,
 *   as a node does that writes to it. Until then the page stays. If the home
 *   ignores the hint, the page stays too.
 *
 * Rounds alternate: in one the hand sees only copies, in the next all pages. So
 * copies go first.
 *
 * Nobody who allocates memory waits for a whole round. The kernel tells the
 * shrinker how many entries it may look at. The hand stays where it is when
 * they are used up, and the next call continues there. The eviction work goes
 * on block by block until the cache is within its budget, and lets the shrinker
 * have the hand in between. The hand jumps over blocks that this node has no
 * entries of, and over pages whose home is this node.
 *
 * The reserve covers the time until the pages that were offered to their homes
 * have left. The kernel cannot wait for those: when it is short of memory it
 * uses only the memory that the shrinker frees at once, and if that is none, it
 * kills a process. So the shrinker reports only the pages that it dropped.
 *
 * The shrinker can free nothing of a LOST region: the memory goes with the
 * region.
 *
 * A page is dropped only with the page locked and under the bucket lock: no PTE
 * can appear then. If the page has more references than the entry's and this
 * task's, another task still uses it, and it stays.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/swap.h>
#include <linux/xarray.h>

#include "engine/evict.h"
#include "engine/gather.h"
#include "engine/message.h"
#include "memory/budget.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"
#include "net/node.h"
#include "protocol/coherence.h"
#include "protocol/wire.h"
#include "trace.h"

#define ROUNDS		4		/* copies, all pages; PTEs go first */
#define AGAIN		(HZ / 100 + 1)	/* jiffies between evictions */

static LIST_HEAD(caches);
static DEFINE_SPINLOCK(caches_lock);
static struct shrinker *shrinker;

/* ---- one page ---- */

static bool is_candidate(const struct ssi_slot *slot, bool copies_only)
{
	switch (slot->entry->state) {
	case SSI_PAGE_S:
		return !ssi_gather_is_fresh(slot);
	case SSI_PAGE_O:
	case SSI_PAGE_E:
		return !copies_only && !ssi_gather_is_fresh(slot);
	default:
		return false;
	}
}

/* @page is locked and not mapped. */
static bool drop_copy(const struct ssi_slot *slot, struct page *page)
{
	struct ssi_step step = { .action = SSI_ACT_ERROR };

	spin_lock_bh(&slot->bucket->lock);
	if (ssi_pages_data(slot->entry) == page && page_count(page) == 2)
		step = ssi_coherence_step(slot->entry->state, SSI_EV_DROP);
	if (step.action == SSI_ACT_DROP) {
		ssi_pages_set_state(slot, step.next);
		ssi_pages_set_data(slot, NULL);
	}
	spin_unlock_bh(&slot->bucket->lock);
	if (step.action != SSI_ACT_DROP)
		return false;
	ssi_stats_count(slot->region->stats, SSI_COUNT_DROPPED, 1);
	ssi_pte_uninstall(page);
	put_page(page);
	mm_account_reclaimed_pages(1);
	return true;
}

static void put_home(const struct ssi_slot *slot)
{
	struct ssi_region *region = slot->region;
	struct ssi_msg msg = { .type = SSI_WIRE_PUT, .index = slot->index };
	u32 home;

	ssi_stats_count(region->stats, SSI_COUNT_PUT, 1);
	msg.version = ssi_pages_version(region, slot->index, &home);
	local_bh_disable();
	ssi_message_send(region, home, &msg, NULL);
	local_bh_enable();
}

/* What the clock hand has done about a page. */
enum outcome {
	PASSED,		/* nothing */
	MAPPED,		/* it is mapped: its PTEs are to be removed */
	DROPPED,
	OFFERED,	/* to its home */
};

/* @page is locked. */
static enum outcome evict_locked(const struct ssi_slot *slot, struct page *page,
				 bool is_copy)
{
	if (page_mapped(page))
		return MAPPED;
	if (is_copy)
		return drop_copy(slot, page) ? DROPPED : PASSED;
	put_home(slot);
	return OFFERED;
}

/* The clock hand is at @slot. */
static enum outcome evict_page(const struct ssi_slot *slot, bool copies_only)
{
	enum outcome outcome = PASSED;
	struct page *page = NULL;
	bool is_copy;

	spin_lock_bh(&slot->bucket->lock);
	is_copy = slot->entry->state == SSI_PAGE_S;
	if (is_candidate(slot, copies_only))
		page = ssi_pages_data(slot->entry);
	if (page && page_mapped(page)) {
		page = NULL;
		outcome = MAPPED;
	}
	if (page)
		get_page(page);
	spin_unlock_bh(&slot->bucket->lock);
	if (!page)
		return outcome;
	if (trylock_page(page)) {
		outcome = evict_locked(slot, page, is_copy);
		unlock_page(page);
	}
	put_page(page);
	return outcome;
}

/* ---- the clock hand ---- */

/**
 * struct sweep - a movement of the clock hand
 * @region: the region
 * @may_scan: entries that the hand may still look at
 * @may_evict: pages that may still be dropped or offered
 * @scanned: entries that it has looked at
 * @zapped: entries of the ranges whose PTEs it has removed
 * @dropped: pages that were dropped
 * @offered: pages that were offered to their home
 */
struct sweep {
	struct ssi_region *region;
	u64 may_scan;
	u64 may_evict;
	u64 scanned;
	u64 zapped;
	u64 dropped;
	u64 offered;
};

/*
 * The first index from @index on that has an entry and whose home is another
 * node, or the end of the region. A block has one home.
 */
static u64 next_entry(struct ssi_region *region, u64 index)
{
	u64 pages = region->size >> PAGE_SHIFT;
	unsigned long number;

	for (; index < pages; index = (number + 1) << SSI_BLOCK_SHIFT) {
		index = ssi_pages_next_foreign(region, index);
		number = index >> SSI_BLOCK_SHIFT;
		if (index == pages ||
		    !xa_find(&region->pages, &number,
			     (pages - 1) >> SSI_BLOCK_SHIFT, XA_PRESENT))
			break;
		index = max_t(u64, index, number << SSI_BLOCK_SHIFT);
		if (!ssi_pages_are_ours(region, index))
			return index;
	}
	return pages;
}

/* Move the hand to the next entry. False if there is none in the region. */
static bool find_entry(struct ssi_region *region, u64 *index)
{
	struct ssi_cache *cache = &region->cache;
	u64 pages = region->size >> PAGE_SHIFT;
	u64 next;
	int tries;

	for (tries = 0; tries < 2; tries++) {
		*index = cache->clock_hand % pages;
		next = next_entry(region, *index);
		cache->clock_hand += next - *index;
		*index = next;
		if (next < pages)
			return true;
	}
	return false;
}

/* Rounds of copies and of all pages alternate. */
static bool only_copies(struct ssi_cache *cache, u64 pages)
{
	if (cache->clock_hand >= cache->round_end) {
		cache->copies_only = !cache->copies_only;
		cache->round_end = cache->clock_hand + pages;
	}
	return cache->copies_only;
}

static void count_outcome(struct sweep *sweep, enum outcome outcome)
{
	sweep->scanned++;
	sweep->may_scan--;
	sweep->dropped += outcome == DROPPED;
	sweep->offered += outcome == OFFERED;
	sweep->may_evict -= outcome == DROPPED || outcome == OFFERED;
}

/* Move the hand over entries of the block at @index, as far as @sweep may. */
static void go_over_block(struct sweep *sweep, u64 index)
{
	struct ssi_region *region = sweep->region;
	bool copies_only = only_copies(&region->cache,
				       region->size >> PAGE_SHIFT);
	u64 end = (index | (SSI_BLOCK_PAGES - 1)) + 1;
	u64 mapped = end, mapped_end = end;
	enum outcome outcome;
	struct ssi_slot slot;

	for (; index < end && sweep->may_scan && sweep->may_evict; index++) {
		region->cache.clock_hand++;
		if (!ssi_pages_find(region, index, 0, &slot))
			break;
		outcome = evict_page(&slot, copies_only);
		count_outcome(sweep, outcome);
		if (outcome != MAPPED)
			continue;
		mapped = min(mapped, index);
		mapped_end = index + 1;
	}
	if (mapped == end)
		return;
	ssi_pte_zap_range(region, mapped, mapped_end - mapped);
	sweep->zapped += mapped_end - mapped;
}

static void go_over(struct sweep *sweep)
{
	struct ssi_region *region = sweep->region;
	u64 index;

	lockdep_assert_held(&region->cache.lock);
	while (sweep->may_scan && sweep->may_evict &&
	       READ_ONCE(region->state) == SSI_DSM_REGION_READY &&
	       find_entry(region, &index)) {
		go_over_block(sweep, index);
		cond_resched();
	}
}

/* ---- eviction work ---- */

/*
 * Go over one block, or less. Return: false if the hand has passed @end, or the
 * region is lost.
 */
static bool work_step(struct sweep *sweep, u64 end)
{
	struct ssi_cache *cache = &sweep->region->cache;
	u64 before = sweep->scanned;
	bool goes_on;

	sweep->may_scan = SSI_BLOCK_PAGES;
	mutex_lock(&cache->lock);
	go_over(sweep);
	goes_on = sweep->scanned > before && cache->clock_hand < end;
	mutex_unlock(&cache->lock);
	return goes_on;
}

/* Return: how many pages were dropped or offered, @wanted or less. */
static u64 evict(struct ssi_region *region, u64 wanted)
{
	struct sweep sweep = { .region = region, .may_evict = wanted };
	struct ssi_cache *cache = &region->cache;
	u64 pages = region->size >> PAGE_SHIFT;
	u64 end;

	mutex_lock(&cache->lock);
	cache->copies_only = true;
	cache->round_end = cache->clock_hand + pages;
	end = cache->clock_hand + ROUNDS * pages;
	mutex_unlock(&cache->lock);
	while (sweep.may_evict && work_step(&sweep, end))
		;
	return sweep.dropped + sweep.offered;
}

static void ssi_evict_work(struct work_struct *work)
{
	struct ssi_region *region = container_of(work, struct ssi_region,
						 cache.work.work);
	struct ssi_cache *cache = &region->cache;
	u64 cached = ssi_budget_cached(region);
	u64 budget = ssi_budget_pages(region, cached);
	u64 slack = ssi_budget_slack(region, budget), gone;

	if (READ_ONCE(region->state) != SSI_DSM_REGION_READY)
		return;
	if (cached <= budget) {
		WRITE_ONCE(cache->start_at, 0);
		return;
	}
	/* offered pages need time to leave: no eviction per page that comes */
	WRITE_ONCE(cache->start_at, cached + slack);
	gone = evict(region, cached - budget + slack);
	queue_delayed_work(system_unbound_wq, &cache->work,
			   gone ? AGAIN : 10 * AGAIN);
}

/* ---- shrinker ---- */

/* In pages. */
static u64 shrinkable(struct ssi_region *region)
{
	if (READ_ONCE(region->state) != SSI_DSM_REGION_READY)
		return 0;
	return ssi_budget_cached(region);
}

static unsigned long ssi_evict_count_objects(struct shrinker *s, struct shrink_control *sc)
{
	struct ssi_region *region;
	unsigned long cached = 0;

	spin_lock(&caches_lock);
	list_for_each_entry(region, &caches, cache.list)
		cached += shrinkable(region);
	spin_unlock(&caches_lock);
	return cached;
}

/*
 * The first region whose cache is not empty, with a reference. The region moves
 * to the end of the list.
 */
static struct ssi_region *next_cache(void)
{
	struct ssi_region *region, *found = NULL;

	spin_lock(&caches_lock);
	list_for_each_entry(region, &caches, cache.list) {
		if (!shrinkable(region) || !percpu_ref_tryget(&region->ref))
			continue;
		list_move_tail(&region->cache.list, &caches);
		found = region;
		break;
	}
	spin_unlock(&caches_lock);
	return found;
}

/* Return: the pages that this call freed; those that it offered are not. */
static unsigned long ssi_evict_scan_objects(struct shrinker *s, struct shrink_control *sc)
{
	struct ssi_region *region = next_cache();
	struct sweep sweep = {
		.region = region,
		.may_scan = sc->nr_to_scan,
		.may_evict = sc->nr_to_scan,
	};

	sc->nr_scanned = 0;
	if (!region)
		return SHRINK_STOP;
	if (mutex_trylock(&region->cache.lock)) {
		go_over(&sweep);
		mutex_unlock(&region->cache.lock);
	}
	trace_ssi_shrink(region->node->id, region->id, sc->nr_to_scan,
			 sweep.scanned, sweep.zapped, sweep.dropped,
			 sweep.offered);
	ssi_region_put(region);
	sc->nr_scanned = sweep.scanned;
	return sweep.scanned ? sweep.dropped : SHRINK_STOP;
}

/* ---- init and exit ---- */

void ssi_evict_start(struct ssi_region *region)
{
	region->cache.budget_at = jiffies - 1;
	mutex_init(&region->cache.lock);
	init_waitqueue_head(&region->cache.throttled);
	INIT_DELAYED_WORK(&region->cache.work, ssi_evict_work);
	spin_lock(&caches_lock);
	list_add_tail(&region->cache.list, &caches);
	spin_unlock(&caches_lock);
}

void ssi_evict_stop(struct ssi_region *region)
{
	spin_lock(&caches_lock);
	list_del(&region->cache.list);
	spin_unlock(&caches_lock);
	cancel_delayed_work_sync(&region->cache.work);
}

int ssi_evict_init(void)
{
	shrinker = shrinker_alloc(0, KBUILD_MODNAME);
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = ssi_evict_count_objects;
	shrinker->scan_objects = ssi_evict_scan_objects;
	shrinker->seeks = DEFAULT_SEEKS;
	shrinker_register(shrinker);
	return 0;
}

void ssi_evict_exit(void)
{
	shrinker_free(shrinker);
}
