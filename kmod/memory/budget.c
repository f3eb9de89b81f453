// SPDX-License-Identifier: GPL-2.0-only
/*
 * The budget of a region's cache: its size, and the throttling of faults.
 *
 * evict.c says what happens to pages over the budget.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
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

/* The budget in pages, if the cache has @cached pages. */
u64 ssi_budget_pages(const struct ssi_region *region, u64 cached)
{
	u64 least = ssi_policies[SSI_DSM_POLICY_CACHE].min >> PAGE_SHIFT;
	u64 most;

	if (has_budget(region))
		return ssi_region_policy(region, SSI_DSM_POLICY_CACHE) >>
		       PAGE_SHIFT;
	most = cached + si_mem_available();
	return most > reserve() + least ? most - reserve() : least;
}

/* How many pages one eviction frees below the budget. */
u64 ssi_budget_slack(const struct ssi_region *region, u64 budget)
{
	return has_budget(region) ? budget / 16 : reserve() / 8;
}

static bool is_far_over(const struct ssi_region *region)
{
	u64 cached = atomic64_read(&region->cache.cached);
	u64 budget = ssi_budget_pages(region, cached);

	return cached > budget + FAR * ssi_budget_slack(region, budget);
}

void ssi_budget_count(struct ssi_region *region, int change)
{
	struct ssi_cache *cache = &region->cache;
	u64 cached = change ? atomic64_add_return(change, &cache->cached) :
			      atomic64_read(&cache->cached);

	if (change >= 0 && cached > READ_ONCE(cache->start_at) &&
	    cached > ssi_budget_pages(region, cached))
		mod_delayed_work(system_unbound_wq, &cache->work, 0);
	if (wq_has_sleeper(&cache->throttled) && !is_far_over(region))
		wake_up_all(&cache->throttled);
}

void ssi_budget_throttle(struct ssi_region *region)
{
	if (is_far_over(region))
		wait_event_killable_timeout(region->cache.throttled,
					    !is_far_over(region), HZ);
}

void ssi_budget_changed(struct ssi_region *region)
{
	WRITE_ONCE(region->cache.start_at, 0);
	mod_delayed_work(system_unbound_wq, &region->cache.work, 0);
	wake_up_all(&region->cache.throttled);
}
