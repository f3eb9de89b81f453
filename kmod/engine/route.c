// SPDX-License-Identifier: GPL-2.0-only
/*
 * Route: messages for homes that have moved, or that have not arrived yet. The
 * theory of operation is in move.c.
 */
#include <linux/ktime.h>
#include <linux/workqueue.h>

#include "engine/home.h"
#include "engine/message.h"
#include "engine/move.h"
#include "engine/route.h"
#include "memory/pages.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/transport.h"

/* ---- messages that go on ---- */

void ssi_route_pass_on(struct ssi_region *region, struct ssi_rx *rx, u32 home,
		       u32 version)
{
	struct ssi_msg msg = rx->msg;
	u32 waited = ssi_message_usec(ktime_get_ns() - rx->start);

	msg.version = version;
	if (msg.type != SSI_WIRE_UNBLOCK && msg.type != SSI_WIRE_MOVE)
		msg.time = min_t(u64, U32_MAX, (u64)msg.time + waited);
	ssi_stats_count(region->stats, SSI_COUNT_PASSED_ON, 1);
	ssi_rx_free(rx);
	ssi_message_send(region, home, &msg, NULL);
}

/* ---- messages that are early ---- */

/*
 * Limit of the messages that are kept for homes to come: for each node all
 * requests that it may have under way, and their UNBLOCKs.
 */
static u32 early_max(const struct ssi_region *region)
{
	return 2 * SSI_HOME_REQUESTS_MAX * hweight32(region->members);
}

/*
 * Limit of the HOME messages that are kept: each has a page. An old home counts
 * the homes that it has given as orders until MOVED comes for them.
 */
static u32 homes_max(const struct ssi_region *region)
{
	return SSI_MOVE_ORDERS_MAX * (hweight32(region->members) - 1);
}

static bool may_keep(const struct ssi_region *region, const struct ssi_rx *rx)
{
	const struct ssi_move *move = &region->move;

	if (rx->msg.type == SSI_WIRE_HOME)
		return move->nr_homes < homes_max(region);
	return move->nr_early < early_max(region);
}

static void count_kept(struct ssi_move *move, const struct ssi_rx *rx)
{
	lockdep_assert_held(&move->lock);
	if (rx->msg.type == SSI_WIRE_HOME)
		move->nr_homes++;
	else
		move->nr_early++;
}

static u32 count_underway(const struct ssi_move *move, u64 index)
{
	const struct ssi_rx *rx;
	u32 count = 0;

	list_for_each_entry(rx, &move->early, list)
		count += rx->msg.type == SSI_WIRE_UNDERWAY &&
			 ssi_route_same_block(rx, index);
	return count;
}

/* A lost region queues no work: ssi_move_purge() may have run. */
bool ssi_route_add_job(struct ssi_region *region, struct ssi_rx *rx)
{
	lockdep_assert_held(&region->move.lock);
	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return false;
	list_add_tail(&rx->list, &region->move.jobs);
	queue_work(region->node->memory_wq, &region->move.work);
	return true;
}

/* If all messages of a move have come, the home can be taken. */
static void try_to_take(struct ssi_region *region, u64 index)
{
	struct ssi_move *move = &region->move;
	struct ssi_rx *rx;

	lockdep_assert_held(&move->lock);
	list_for_each_entry(rx, &move->arriving, list) {
		if (!ssi_route_same_block(rx, index))
			continue;
		if (count_underway(move, index) < rx->msg.arg)
			return;
		list_del_init(&rx->list);
		if (!ssi_route_add_job(region, rx))
			list_add(&rx->list, &move->arriving);
		return;
	}
}

/* What keep() has done with a message. */
enum kept {
	KEPT,
	NOT_EARLY,	/* the home has arrived */
	DROPPED,	/* an order, and there are too many messages */
	ILLEGAL,	/* a home makes its next version itself; or too many */
};

/* Keep @rx, a message for a home of a version that is not known here. */
static enum kept keep(struct ssi_region *region, struct ssi_rx *rx,
		      struct list_head *list)
{
	struct ssi_move *move = &region->move;
	enum kept kept = KEPT;
	u64 index = rx->msg.index;
	u32 home;

	spin_lock(&move->lock);
	if (!ssi_route_newer(rx->msg.version, ssi_pages_version(region, index, &home)))
		kept = NOT_EARLY;
	else if (home == region->node->id || !may_keep(region, rx))
		kept = ILLEGAL;
	else if (rx->msg.type == SSI_WIRE_MOVE && move->nr_early >= SSI_MOVE_ORDERS_MAX)
		kept = DROPPED;
	if (kept == KEPT) {
		count_kept(move, rx);
		list_add_tail(&rx->list, list);
		try_to_take(region, index);
	}
	spin_unlock(&move->lock);
	return kept;
}

bool ssi_route_keep(struct ssi_region *region, struct ssi_rx *rx,
		    struct list_head *list)
{
	return keep(region, rx, list) == KEPT;
}

bool ssi_route_redirect(struct ssi_region *region, struct ssi_rx *rx)
{
	enum kept kept = NOT_EARLY;
	u32 version, home;

	for (;;) {
		version = ssi_pages_version(region, rx->msg.index, &home);
		if (!ssi_route_newer(rx->msg.version, version))
			break;
		kept = keep(region, rx, &region->move.early);
		if (kept != NOT_EARLY)
			break;
	}
	if (kept == DROPPED)
		ssi_rx_free(rx);
	else if (kept == ILLEGAL)
		ssi_message_violation(rx, "it is for a home that is not to come here");
	else if (kept == NOT_EARLY && !version && rx->msg.version)
		ssi_message_violation(rx, "the page's home has never moved");
	else if (kept == NOT_EARLY && home == region->node->id)
		return false;
	else if (kept == NOT_EARLY && rx->msg.version == version)
		ssi_message_violation(rx, "this is not the page's home");
	else if (kept == NOT_EARLY)
		ssi_route_pass_on(region, rx, home, version);
	return true;
}

