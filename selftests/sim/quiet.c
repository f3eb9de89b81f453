// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold when nothing is under way: lists are empty, counters count, and
 * homes know who has their pages.
 */
#include "protocol/coherence.h"
#include "net/node.h"
#include "quiet.h"
#include "memory/pages.h"
#include "memory/region.h"
#include "net/transport.h"

/**
 * struct counts - what a region's counters should say
 * @shared, @exclusive: pages in S or O, in E
 * @cached: pages here whose home is elsewhere
 * @directory: pages that were touched
 */
struct counts {
	s64 shared, exclusive, cached, directory;
};

static void check_lists(const struct ssi_region *region)
{
	u32 i;

	for (i = 0; i < ssi_region_buckets(region); i++)
		sim_need(list_empty(&region->buckets[i].reqs) &&
			 list_empty(&region->buckets[i].txns),
			 "node %u has requests, and nobody waits",
			 region->node->id);
	sim_need(!region->holder.by_index.rb_node &&
		 !rb_first_cached(&region->holder.by_due),
		 "node %u holds something back from nobody", region->node->id);
	sim_need(list_empty(&region->holder.later),
		 "node %u has page work that cannot go on, and nobody uses a page",
		 region->node->id);
	sim_need(list_empty(&region->move.given) && !region->move.nr_orders &&
		 !region->move.nr_homes,
		 "node %u waits for a home to arrive elsewhere", region->node->id);
	sim_need(list_empty(&region->move.early) && !region->move.nr_early &&
		 list_empty(&region->move.arriving) && list_empty(&region->move.jobs),
		 "node %u waits for a home that does not come", region->node->id);
	sim_need(!atomic_read(&region->gather.outstanding),
		 "node %u counts %d requests, and there are none",
		 region->node->id, atomic_read(&region->gather.outstanding));
}

static u32 count_of(const struct list_head *txns, u32 requester)
{
	const struct ssi_rx *txn, *rx;
	u32 count = 0;

	list_for_each_entry(txn, txns, list) {
		count += txn->msg.requester == requester;
		list_for_each_entry(rx, &txn->home.pending, list)
			count += rx->msg.requester == requester;
	}
	return count;
}

static void check_limit_of(const struct ssi_region *region, u32 requester)
{
	u32 count = 0, i;

	for (i = 0; i < ssi_region_buckets(region); i++)
		count += count_of(&region->buckets[i].txns, requester);
	sim_need(count <= SSI_HOME_REQUESTS_MAX,
		 "node %u keeps %u requests of node %u", region->node->id,
		 count, requester);
}

void quiet_check_limit(const struct ssi_region *region)
{
	u32 id;

	for (id = 0; id < sim.nodes; id++)
		check_limit_of(region, id);
}

static void check_no_requests(const struct ssi_region *region)
{
	u32 i;

	for (i = 0; i < SIM_NODES; i++)
		sim_need(!atomic_read(&region->home.requests[i].count),
			 "node %u counts %d requests of node %u, and there are none",
			 region->node->id,
			 atomic_read(&region->home.requests[i].count), i);
}

static void count_page(struct ssi_region *region, u64 index, struct counts *c)
{
	const struct ssi_page *entry = ssi_pages_entry(region, index, 0);
	bool is_home = ssi_pages_home(region, index) == region->node->id;
	const struct ssi_dir *dir = ssi_pages_dir(region, index, 0);

	if (is_home && dir)
		c->directory += dir->state != SSI_DIR_UNTOUCHED;
	if (!entry)
		return;
	c->shared += entry->state == SSI_PAGE_S || entry->state == SSI_PAGE_O;
	c->exclusive += entry->state == SSI_PAGE_E;
	c->cached += entry->pfn && !is_home;
}

static void check_counters(struct ssi_region *region)
{
	struct counts has = { 0 };
	const struct counts says = {
		.shared = region->stats->counts[SSI_COUNT_SHARED],
		.exclusive = region->stats->counts[SSI_COUNT_EXCLUSIVE],
		.cached = region->cache.cached.sum + region->cache.cached.mine,
		.directory = region->stats->counts[SSI_COUNT_DIRECTORY],
	};
	u64 index;

	for (index = 0; index < region->size >> PAGE_SHIFT; index++)
		count_page(region, index, &has);
	sim_need(!memcmp(&has, &says, sizeof(has)),
		 "node %u has %lld copies, %lld pages, %lld cached, %lld in its directory, and counts %lld, %lld, %lld, %lld",
		 region->node->id, has.shared, has.exclusive, has.cached,
		 has.directory, says.shared, says.exclusive, says.cached,
		 says.directory);
}

/* What page @index's home should find in node @id's table. */
static bool is_known(const struct ssi_dir *dir, u32 id, u32 state)
{
	bool owns = dir->owner == id;

	switch (dir->state) {
	case SSI_DIR_UNTOUCHED:
		return state == SSI_PAGE_I;
	case SSI_DIR_EXCLUSIVE:
		return state == (owns ? SSI_PAGE_E : SSI_PAGE_I);
	default:
		if (owns)
			return state == SSI_PAGE_O;
		return state == SSI_PAGE_I ||
		       (state == SSI_PAGE_S && dir->copyset & BIT(id));
	}
}

static void check_page(struct ssi_region *const *regions, u64 index)
{
	struct ssi_region *home = regions[ssi_pages_home(regions[0], index)];
	static const struct ssi_dir untouched;
	const struct ssi_dir *dir = ssi_pages_dir(home, index, 0);
	const struct ssi_page *entry;
	u32 id, state;

	if (!dir)
		dir = &untouched;
	if (dir->busy)
		sim_fail(index, "it is busy, and nobody asks for it");
	for (id = 0; id < sim.nodes; id++) {
		entry = ssi_pages_entry(regions[id], index, 0);
		state = entry ? entry->state : SSI_PAGE_I;
		if (!is_known(dir, id, state))
			sim_fail(index, "its home says %s, owner %u, copyset %#x, and node %u has it in %s",
				 ssi_dir_state_name(dir->state), dir->owner,
				 dir->copyset, id, ssi_page_state_name(state));
	}
}

/* All nodes know the same home. */
static void check_home(struct ssi_region *const *regions, u64 index)
{
	u32 id, home, first, version = ssi_pages_version(regions[0], index, &first);

	for (id = 0; id < sim.nodes; id++)
		if (ssi_pages_version(regions[id], index, &home) != version ||
		    home != first)
			sim_fail(index, "its home is node %u, of version %u, for node 0, and node %u for node %u",
				 first, version, home, id);
}

void quiet_check(struct ssi_region *const *regions)
{
	u64 index;
	u32 id;

	for (index = 0; index < regions[0]->size >> PAGE_SHIFT; index++) {
		check_home(regions, index);
		check_page(regions, index);
	}
	for (id = 0; id < sim.nodes; id++) {
		check_lists(regions[id]);
		check_no_requests(regions[id]);
		check_counters(regions[id]);
	}
}
