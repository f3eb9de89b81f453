/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The budget of a region's cache: the pages on this node whose home is another
 * node.
 */
#ifndef _SSI_BUDGET_H
#define _SSI_BUDGET_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct ssi_region;

/**
 * struct ssi_cache - the cache of a region on a local node
 * @list: in the list of all caches, for the shrinker
 * @cached: pages on this node whose home is another node, counted per CPU
 * @batch: so many pages a CPU counts for itself before it adds them to the sum.
 *	Together the CPUs keep back no more than half of the budget's slack
 * @start_at: evict again when @cached is above this. 0, unless pages that were
 *	offered to their home have not left yet
 * @budget: the budget without a limit, as it was at @budget_at; in pages
 * @budget_at: jiffies
 * @lock: held by the task that evicts; protects @clock_hand, @round_end and
 *	@copies_only
 * @clock_hand: eviction checks the page with this index next, modulo the pages
 *	of the region: so the hand only grows
 * @round_end: where the next round begins
 * @copies_only: in this round, pages that this node owns stay
 * @throttled: faults that wait until the cache is smaller
 * @work: evicts until the cache is within its budget
 */
struct ssi_cache {
	struct list_head list;
	struct percpu_counter cached;
	s32 batch;
	u64 start_at;
	u64 budget;
	unsigned long budget_at;
	struct mutex lock;
	u64 clock_hand;
	u64 round_end;
	bool copies_only;
	wait_queue_head_t throttled;
	struct delayed_work work;
};

/**
 * ssi_budget_init() - prepare for a new region
 * @region: the region; its settings are set
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_budget_init(struct ssi_region *region);

/**
 * ssi_budget_exit() - free what ssi_budget_init() has allocated
 * @region: the region
 *
 * Context: process.
 */
void ssi_budget_exit(struct ssi_region *region);

/**
 * ssi_budget_cached() - the number of pages in the cache
 * @region: the region
 *
 * Takes longer than to read the sum that ssi_budget_count() decides by.
 *
 * Context: any.
 */
u64 ssi_budget_cached(struct ssi_region *region);

/**
 * ssi_budget_changed() - the setting SSI_DSM_POLICY_CACHE has changed
 * @region: the region
 *
 * Starts the eviction, which compares the cache with the new budget.
 *
 * Context: any.
 */
void ssi_budget_changed(struct ssi_region *region);

/**
 * ssi_budget_count() - count a page of the cache
 * @region: the region
 * @change: +1: a page whose home is another node came; -1: such a page went; 0:
 *	the free memory of the host has changed for another reason
 *
 * Starts the eviction if the cache is over its budget.
 *
 * Context: any.
 */
void ssi_budget_count(struct ssi_region *region, int change);

/**
 * ssi_budget_is_far_over() - whether the cache is far over its budget
 * @region: the region
 *
 * Context: any.
 */
bool ssi_budget_is_far_over(struct ssi_region *region);

/**
 * ssi_budget_throttle() - wait while the cache is far over its budget
 * @region: the region
 *
 * Faults call this after they have waited for a page. Waits for one second at
 * most, or until the task is being killed.
 *
 * Context: process, no locks held, may sleep.
 */
void ssi_budget_throttle(struct ssi_region *region);

/**
 * ssi_budget_pages() - the budget of a cache
 * @region: the region
 * @cached: pages in the cache now
 *
 * Context: any.
 * Return: the budget, in pages.
 */
u64 ssi_budget_pages(struct ssi_region *region, u64 cached);

/**
 * ssi_budget_slack() - how far below the budget an eviction goes
 * @region: the region
 * @budget: its budget, in pages
 *
 * Context: any.
 * Return: the number of pages that are freed at a time, beyond the budget.
 */
u64 ssi_budget_slack(const struct ssi_region *region, u64 budget);

#endif /* _SSI_BUDGET_H */
