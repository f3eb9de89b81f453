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
 *   the PTEs serve as reference bits.
 * - If a page is a copy (state S) and is not mapped, it is dropped. No message
 *   is sent. If an INV for the page comes later, this node acks it at once.
 * - If this node is the owner of the page (state E or O), it sends an eviction
 *   hint (PUT) to the page's home. The home then requests the page exclusively,
 *   as a node does that writes to it. Until then the page stays. If the home
 *   ignores the hint, the page stays too.
 *
 * Copies are dropped first. Eviction hints are sent only if a round over the
 * copies has not freed enough pages.
 *
 * The reserve covers the time until the pages that were offered to their homes
 * have left. The kernel cannot wait for those: when it is short of memory it
 * uses only the memory that the shrinker frees at once, and if that is none, it
 * kills a process.
 *
 * A page is dropped only with the page locked and under the bucket lock: no PTE
 * can appear then. If the page has more references than the entry's and this
 * task's, another task still uses it, and it stays.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/swap.h>

#include "engine/evict.h"
#include "engine/message.h"
#include "memory/budget.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"
#include "net/node.h"
#include "protocol/coherence.h"
#include "protocol/wire.h"

#define ROUNDS		2		/* the first may only remove PTEs */
#define FRESH		8		/* in service times of a request */
#define AGAIN		(HZ / 100 + 1)	/* jiffies between evictions */

static LIST_HEAD(caches);
static DEFINE_SPINLOCK(caches_lock);
static struct shrinker *shrinker;

/* ---- one page ---- */

/* The task that waited for the page may not have mapped it yet. */
static bool is_fresh(const struct ssi_slot *slot)
{
	u64 wake_up = max(FRESH * READ_ONCE(slot->region->gather.service_ns),
			  2ull << SSI_PAGE_TICK_SHIFT);

	return ssi_page_age_ns(slot->entry, ktime_get_ns()) < wake_up;
}

static bool is_candidate(const struct ssi_slot *slot, bool copies_only)
{
	switch (slot->entry->state) {
	case SSI_PAGE_S:
		return !is_fresh(slot);
	case SSI_PAGE_O:
	case SSI_PAGE_E:
		return !copies_only && !is_fresh(slot);
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
	atomic64_inc(&slot->region->cache.dropped);
	ssi_pte_uninstall(page);
	put_page(page);
	mm_account_reclaimed_pages(1);
	return true;
}

static void put_home(const struct ssi_slot *slot)
{
	struct ssi_region *region = slot->region;
	struct ssi_msg msg = { .type = SSI_WIRE_PUT, .index = slot->index };

	atomic64_inc(&region->cache.put);
	local_bh_disable();
	ssi_message_send(region, ssi_pages_home(region, slot->index), &msg,
			 NULL);
	local_bh_enable();
}

/* @page is locked. Return: whether it was dropped or offered to its home. */
static bool evict_locked(const struct ssi_slot *slot, struct page *page,
			 bool is_copy)
{
	if (page_mapped(page)) {
		ssi_pte_zap(slot->region, slot->index);
		return false;
	}
	if (is_copy)
		return drop_copy(slot, page);
	put_home(slot);
	return true;
}

/*
 * The clock hand is at @slot. Return: whether the page was dropped or offered.
 */
static bool evict_page(const struct ssi_slot *slot, bool copies_only)
{
	struct page *page = NULL;
	bool gone = false;
	bool is_copy;

	spin_lock_bh(&slot->bucket->lock);
	is_copy = slot->entry->state == SSI_PAGE_S;
	if (is_candidate(slot, copies_only))
		page = ssi_pages_data(slot->entry);
	if (page)
		get_page(page);
	spin_unlock_bh(&slot->bucket->lock);
	if (!page)
		return false;
	if (trylock_page(page)) {
		gone = evict_locked(slot, page, is_copy);
		unlock_page(page);
	}
	put_page(page);
	return gone;
}

/* ---- the clock hand ---- */

/*
 * Move the clock hand round once, or until @wanted pages were dropped or
 * offered.
 * Return: how many were.
 */
static u64 go_round(struct ssi_region *region, u64 wanted, bool copies_only)
{
	u64 pages = region->size >> PAGE_SHIFT;
	u64 end = region->cache.clock_hand + pages;
	struct ssi_slot slot;
	u64 at, gone = 0;

	for (at = region->cache.clock_hand; at < end && gone < wanted; at++) {
		/* a block has one home: ranges are aligned */
		if (!ssi_pages_find(region, at % pages, 0, &slot) ||
		    ssi_pages_are_ours(region, slot.index))
			at |= SSI_BLOCK_PAGES - 1;
		else
			gone += evict_page(&slot, copies_only);
		if (at % SSI_BLOCK_PAGES == SSI_BLOCK_PAGES - 1)
			cond_resched();
	}
	region->cache.clock_hand = at % pages;
	return gone;
}

/* cache.lock held. Return: how many pages were dropped or offered. */
static u64 evict(struct ssi_region *region, u64 wanted)
{
	u64 gone = 0;
	int round;

	lockdep_assert_held(&region->cache.lock);
	for (round = 0; round < ROUNDS && gone < wanted; round++) {
		if (READ_ONCE(region->state) != SSI_DSM_REGION_READY)
			break;
		gone += go_round(region, wanted - gone, true);
		if (gone < wanted)
			gone += go_round(region, wanted - gone, false);
	}
	return gone;
}

/* ---- eviction work ---- */

static void ssi_evict_work(struct work_struct *work)
{
	struct ssi_region *region = container_of(work, struct ssi_region,
						 cache.work.work);
	struct ssi_cache *cache = &region->cache;
	u64 cached = atomic64_read(&cache->cached);
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
	mutex_lock(&cache->lock);
	gone = evict(region, cached - budget + slack);
	mutex_unlock(&cache->lock);
	queue_delayed_work(system_unbound_wq, &cache->work,
			   gone ? AGAIN : 10 * AGAIN);
}

/* ---- shrinker ---- */

static unsigned long ssi_evict_count_objects(struct shrinker *s, struct shrink_control *sc)
{
	struct ssi_region *region;
	unsigned long cached = 0;

	spin_lock(&caches_lock);
	list_for_each_entry(region, &caches, cache.list)
		cached += atomic64_read(&region->cache.cached);
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
		if (!atomic64_read(&region->cache.cached) ||
		    !kref_get_unless_zero(&region->ref))
			continue;
		list_move_tail(&region->cache.list, &caches);
		found = region;
		break;
	}
	spin_unlock(&caches_lock);
	return found;
}

static unsigned long ssi_evict_scan_objects(struct shrinker *s, struct shrink_control *sc)
{
	struct ssi_region *region = next_cache();
	unsigned long freed = SHRINK_STOP;

	if (!region)
		return SHRINK_STOP;
	if (mutex_trylock(&region->cache.lock)) {
		freed = evict(region, sc->nr_to_scan);
		mutex_unlock(&region->cache.lock);
	}
	ssi_region_put(region);
	return freed;
}

/* ---- init and exit ---- */

void ssi_evict_start(struct ssi_region *region)
{
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
