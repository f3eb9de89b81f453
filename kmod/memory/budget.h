/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The budget of a region's cache: pages here whose home is elsewhere.
 */
#ifndef _SSI_BUDGET_H
#define _SSI_BUDGET_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct ssi_region;

/**
 * struct ssi_cache - the cache of a region on a local node
 * @list: in the list of all, for the shrinker
 * @cached: pages here whose home is elsewhere
 * @start_at: evict again when there are more than that: 0 unless pages that were
 *	put are still on their way
 * @lock: one at a time evicts; protects @clock_hand
 * @clock_hand: page index that is looked at next
 * @dropped: copies that were dropped
 * @put: pages that were offered to their home
 * @throttled: faults that wait until less is cached
 * @work: evicts, until there are no more than the budget
 */
struct ssi_cache {
	struct list_head list;
	atomic64_t cached;
	u64 start_at;
	struct mutex lock;
	u64 clock_hand;
	atomic64_t dropped;
	atomic64_t put;
	wait_queue_head_t throttled;
	struct delayed_work work;
};

/* SSI_DSM_POLICY_CACHE is another now. Any context. */
void ssi_budget_changed(struct ssi_region *region);

/*
 * A page came (+1) whose home is elsewhere, or went (-1); or the host has more or
 * less memory for another reason (0). Any context.
 */
void ssi_budget_count(struct ssi_region *region, int change);

/*
 * Called by those who have just got a page: wait, for a second at most, until
 * the cache is not far over its budget. Holds no locks, may sleep.
 */
void ssi_budget_throttle(struct ssi_region *region);

/* In pages: the budget of a cache of @cached pages, and what is freed at a time. */
u64 ssi_budget_pages(const struct ssi_region *region, u64 cached);
u64 ssi_budget_slack(const struct ssi_region *region, u64 budget);

#endif /* _SSI_BUDGET_H */
