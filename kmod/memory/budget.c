// SPDX-License-Identifier: GPL-2.0-only
/*
 * The budget of a region's cache: its size, and the throttling of faults.
 *
 * evict.c says what happens to pages over the budget.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu_counter.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/wait.h>

#include "memory/budget.h"
#include "memory/region.h"
#include "protocol/policy.h"

#define RESERVE_SHARE	32		/* of the host's memory */
#define RESERVE_MIN	(SZ_16M >> PAGE_SHIFT)
#define RESERVE_MAX	(SZ_1G >> PAGE_SHIFT)
#define FAR		4		/* times the slack over the budget */
#define BATCH_MAX	64		/* pages */

/* The memory in pages that the host keeps free. */
static u64 reserve(void)
{
	return clamp_t(u64, totalram_pages() / RESERVE_SHARE, RESERVE_MIN,
		       RESERVE_MAX);
}

static bool has_budget(const struct ssi_region *region)
{
	return ssi_region_policy(region, SSI_DSM_POLICY_CACHE) !=
	       SSI_DSM_POLICY_AUTO;
}

/*
 * The budget of a cache without a limit. To sum up the free memory of all zones
 * for each page that comes takes too long: once in a jiffy is enough, since a
 * page that comes takes from the free memory what it adds to the cache.
 */
static u64 spare_memory(struct ssi_cache *cache, u64 cached)
{
	u64 least = ssi_policies[SSI_DSM_POLICY_CACHE].min >> PAGE_SHIFT;
	unsigned long now = jiffies;
	u64 most;

	/* pairs with the release below: the budget is one of this jiffy */
	if (smp_load_acquire(&cache->budget_at) == now)
		return READ_ONCE(cache->budget);
	most = cached + si_mem_available();
	most = most > reserve() + least ? most - reserve() : least;
	WRITE_ONCE(cache->budget, most);
	/* pairs with the acquire above */
	smp_store_release(&cache->budget_at, now);
	return most;
}

/* The budget in pages, if the cache has @cached pages. */
u64 ssi_budget_pages(struct ssi_region *region, u64 cached)
{
	if (has_budget(region))
		return ssi_region_policy(region, SSI_DSM_POLICY_CACHE) >>
		       PAGE_SHIFT;
	return spare_memory(&region->cache, cached);
}

/* How many pages one eviction frees below the budget. */
u64 ssi_budget_slack(const struct ssi_region *region, u64 budget)
{
	return has_budget(region) ? budget / 16 : reserve() / 8;
}

static void set_batch(struct ssi_region *region)
{
	u64 budget = ssi_region_policy(region, SSI_DSM_POLICY_CACHE) >> PAGE_SHIFT;
	u64 slack = ssi_budget_slack(region, budget);

	WRITE_ONCE(region->cache.batch,
		   clamp_t(u64, slack / (2 * num_possible_cpus()), 1,
			   BATCH_MAX));
}

int ssi_budget_init(struct ssi_region *region)
{
	set_batch(region);
	return percpu_counter_init(&region->cache.cached, 0, GFP_KERNEL);
}

void ssi_budget_exit(struct ssi_region *region)
{
	percpu_counter_destroy(&region->cache.cached);
}

u64 ssi_budget_cached(struct ssi_region *region)
{
	return percpu_counter_sum_positive(&region->cache.cached);
}

bool ssi_budget_is_far_over(struct ssi_region *region)
{
	u64 cached = percpu_counter_read_positive(&region->cache.cached);
	u64 budget = ssi_budget_pages(region, cached);

	return cached > budget + FAR * ssi_budget_slack(region, budget);
}

/* No less than the pages of the cache: each CPU keeps back less than a batch. */
static u64 cached_at_most(struct ssi_cache *cache)
{
	return percpu_counter_read_positive(&cache->cached) +
	       (u64)(READ_ONCE(cache->batch) - 1) * num_online_cpus();
}

void ssi_budget_count(struct ssi_region *region, int change)
{
	struct ssi_cache *cache = &region->cache;
	u64 cached;

	if (change)
		percpu_counter_add_batch(&cache->cached, change,
					 READ_ONCE(cache->batch));
	cached = cached_at_most(cache);
	if (change >= 0 && cached > READ_ONCE(cache->start_at) &&
	    cached > ssi_budget_pages(region, cached))
		mod_delayed_work(system_unbound_wq, &cache->work, 0);
	if (wq_has_sleeper(&cache->throttled) && !ssi_budget_is_far_over(region))
		wake_up_all(&cache->throttled);
}

void ssi_budget_throttle(struct ssi_region *region)
{
	if (ssi_budget_is_far_over(region))
		wait_event_killable_timeout(region->cache.throttled,
					    !ssi_budget_is_far_over(region),
					    HZ);
}

void ssi_budget_changed(struct ssi_region *region)
{
	set_batch(region);
	WRITE_ONCE(region->cache.start_at, 0);
	mod_delayed_work(system_unbound_wq, &region->cache.work, 0);
	wake_up_all(&region->cache.throttled);
}
