// SPDX-License-Identifier: GPL-2.0-only
/*
 * Move: the home of a block goes from one node to another.
 *
 * DOC: Theory of operation
 *
 * The home of a block of 2 MiB is its directory: 512 entries, and the requests
 * that are being served or pending. The data of the pages stays where it is. Each
 * node has a table of homes (region->homes): for each block, the node that is
 * the home, and a version, which each move increases. The table is read without
 * a lock.
 *
 * A move is ordered by a MOVE message to the home. A work of the old home
 *
 * - changes its own table first. From then on, whoever comes for a page of the
 *   block finds that this node is not the home: the table is read again under
 *   the bucket lock, so an entry that has been taken out is not used any more;
 * - takes out the entries, one bucket lock after the other;
 * - sends HOME, which has all 512 entries as its payload; UNDERWAY for each
 *   transaction under way; and the pending requests, as any node sends them on.
 *
 * No transaction has to end for this: a transaction under way becomes one of
 * the new home, and the requester's UNBLOCK goes there, directly or through the
 * old home. A busy page stays busy until that UNBLOCK, and no longer.
 *
 * The new home waits until it has HOME and all UNDERWAY messages, puts the
 * entries and the transactions into its own directory, changes its table, and
 * tells the other members (MOVED).
 *
 * A message to a home has the version by which its sender has chosen the
 * receiver. If the receiver's table has an older version, then the receiver is
 * to become the home, and HOME has not arrived yet: the message is kept until
 * then (it is early). Else, if the receiver is not the home, it sends the message
 * on to the node in its own table. That version is newer each time, so the
 * message arrives. A node keeps its table as long as the region lives, so it can
 * send messages on for as long as any node does not know of the move.
 *
 * Messages of the old home to holders may arrive after messages of the new one.
 * Those that need an answer belong to a transaction, and the new home begins
 * the next one only when UNBLOCK has come: then all of them have been answered.
 * OLDER is only a hint.
 */
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "alloc.h"
#include "engine/home.h"
#include "engine/message.h"
#include "engine/move.h"
#include "engine/route.h"
#include "memory/pages.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/transport.h"
#include "protocol/directory.h"
#include "trace.h"

static bool is_lost(const struct ssi_region *region)
{
	return READ_ONCE(region->state) == SSI_DSM_REGION_LOST;
}

/* ---- the table of homes ---- */

/*
 * Change the home of a block in this node's table. @early: gets the messages
 * that waited for that.
 */
static void begin_change(struct ssi_region *region, u64 index, u32 home,
			 u32 version, struct list_head *early)
{
	struct ssi_move *move = &region->move;
	struct ssi_rx *rx, *next;

	spin_lock_bh(&move->lock);
	ssi_pages_set_home(region, index, home, version, true);
	list_for_each_entry_safe(rx, next, &move->early, list)
		if (ssi_route_same_block(rx, index)) {
			list_move_tail(&rx->list, early);
			move->nr_early--;
		}
	spin_unlock_bh(&move->lock);
	trace_ssi_home(region->node->id, region->id, index, home, version);
}

/* The pages of the block are counted as the new table says. */
static void end_change(struct ssi_region *region, u64 index, u32 home,
		       u32 version)
{
	spin_lock_bh(&region->move.lock);
	ssi_pages_set_home(region, index, home, version, false);
	spin_unlock_bh(&region->move.lock);
}

/* ---- the old home ---- */

/**
 * struct parcel - a home that is given away
 * @index: first page of the block
 * @to: the new home
 * @version: of the new home
 * @page: payload of HOME
 * @underway: transactions
 * @pending: requests
 * @count: of @underway
 */
struct parcel {
	u64 index;
	u32 to;
	u32 version;
	struct page *page;
	struct list_head underway;
	struct list_head pending;
	u32 count;
};

/* Take the directory entry of page @i out. */
static void take_out(struct ssi_region *region, struct parcel *parcel, u32 i)
{
	struct ssi_dir_wire *wire = page_address(parcel->page);
	struct ssi_rx *txn = NULL;
	struct ssi_slot slot;

	ssi_pages_find_dir(region, parcel->index + i, 0, &slot);
	spin_lock_bh(&slot.bucket->lock);
	/*
	 * Look again, with the lock: a request that has found the home here may have
	 * allocated the entry meanwhile.
	 */
	slot.dir = ssi_pages_dir(region, slot.index, 0);
	ssi_pages_recount(&slot);
	if (slot.dir) {
		ssi_directory_pack(slot.dir, &wire[i]);
		txn = ssi_home_take_out(&slot, &parcel->pending);
	}
	spin_unlock_bh(&slot.bucket->lock);
	if (txn) {
		list_add_tail(&txn->list, &parcel->underway);
		parcel->count++;
	}
}

static void send_parcel(struct ssi_region *region, struct parcel *parcel)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_HOME,
		.index = parcel->index,
		.version = parcel->version,
		.arg = parcel->count,
	};
	struct ssi_rx *rx, *next;

	local_bh_disable();
	ssi_message_send(region, parcel->to, &msg, parcel->page);
	list_for_each_entry_safe(rx, next, &parcel->underway, list) {
		list_del_init(&rx->list);
		rx->msg.arg = rx->msg.type;
		rx->msg.type = SSI_WIRE_UNDERWAY;
		ssi_route_pass_on(region, rx, parcel->to, parcel->version);
	}
	list_for_each_entry_safe(rx, next, &parcel->pending, list) {
		list_del_init(&rx->list);
		ssi_route_pass_on(region, rx, parcel->to, parcel->version);
	}
	local_bh_enable();
}

static void give_home(struct ssi_region *region, struct parcel *parcel)
{
	LIST_HEAD(early);	/* of a home that is here, there are none */
	u32 i;

	INIT_LIST_HEAD(&parcel->underway);
	INIT_LIST_HEAD(&parcel->pending);
	begin_change(region, parcel->index, parcel->to, parcel->version, &early);
	for (i = 0; i < SSI_BLOCK_PAGES; i++)
		take_out(region, parcel, i);
	end_change(region, parcel->index, parcel->to, parcel->version);
	ssi_stats_count(region->stats, SSI_COUNT_HOMES_GIVEN, 1);
	send_parcel(region, parcel);
}

/*
 * Return: false if the home of the block is not here, or if the region is not
 * READY: other members may not know this node's instance yet.
 */
static bool prepare_parcel(struct ssi_region *region, const struct ssi_msg *order,
			   struct parcel *parcel)
{
	u32 home;

	parcel->index = order->index;
	parcel->to = order->requester;
	parcel->version = ssi_pages_version(region, order->index, &home) + 1;
	if (!parcel->version)	/* that of homes that have never moved */
		parcel->version++;
	if (home != region->node->id || parcel->to == home)
		return false;
	do {
		if (READ_ONCE(region->state) != SSI_DSM_REGION_READY)
			return false;
		parcel->page = ssi_alloc_page_for(region->node->payer,
						  GFP_KERNEL | __GFP_ZERO);
		if (!parcel->page)
			ssi_alloc_pause();
	} while (!parcel->page);
	return true;
}

/*
 * Keep the order until MOVED of @version comes: a new home that is slow gets no
 * more homes. A lost region keeps none: ssi_move_purge() may have run.
 */
static void await_moved(struct ssi_region *region, struct ssi_rx *rx, u32 version)
{
	struct ssi_move *move = &region->move;
	bool lost;

	rx->msg.version = version;
	spin_lock_bh(&move->lock);
	lost = is_lost(region);
	if (!lost)
		list_add_tail(&rx->list, &move->given);
	spin_unlock_bh(&move->lock);
	if (lost)
		ssi_rx_free(rx);
}

static void follow_order(struct ssi_region *region, struct ssi_rx *rx)
{
	struct parcel parcel = { };

	if (prepare_parcel(region, &rx->msg, &parcel)) {
		await_moved(region, rx, parcel.version);
		return give_home(region, &parcel);
	}
	spin_lock_bh(&region->move.lock);
	region->move.nr_orders--;
	spin_unlock_bh(&region->move.lock);
	/* an order for a home that has moved meanwhile goes there */
	local_bh_disable();
	if (is_lost(region) || !ssi_route_redirect(region, rx))
		ssi_rx_free(rx);
	local_bh_enable();
}

/* ---- the new home ---- */

static bool has_room(struct ssi_region *region, u64 index)
{
	while (!ssi_pages_dir(region, index, GFP_KERNEL)) {
		if (is_lost(region))
			return false;
		ssi_alloc_pause();
	}
	return true;
}

/* All members must know this node's instance: it sends them messages. */
static bool is_ready(struct ssi_region *region)
{
	u32 state;

	while ((state = READ_ONCE(region->state)) != SSI_DSM_REGION_READY) {
		if (state == SSI_DSM_REGION_LOST)
			return false;
		ssi_alloc_pause();
	}
	return true;
}

static struct ssi_rx *find_underway(struct list_head *underway, u64 index)
{
	struct ssi_rx *rx;

	list_for_each_entry(rx, underway, list)
		if (rx->msg.index == index)
			return rx;
	return NULL;
}

/* Put the entry of page @i into this node's directory. Return: whether it fits. */
static bool put_in(struct ssi_region *region, const struct ssi_rx *home,
		   struct list_head *underway, u32 i)
{
	const struct ssi_dir_wire *wire = page_address(home->page);
	struct ssi_rx *txn = find_underway(underway, home->msg.index + i);
	struct ssi_slot slot;
	struct ssi_dir dir;
	bool fits;

	if (ssi_directory_unpack(&wire[i], region->members, &dir) ||
	    dir.busy != !!txn)
		return false;
	ssi_pages_find_dir(region, home->msg.index + i, 0, &slot);
	spin_lock_bh(&slot.bucket->lock);
	fits = ssi_home_put_in(&slot, &dir, txn);
	spin_unlock_bh(&slot.bucket->lock);
	return fits;
}

static void take_underway(struct ssi_move *move, u64 index,
			  struct list_head *underway)
{
	struct ssi_rx *rx, *next;

	spin_lock_bh(&move->lock);
	list_for_each_entry_safe(rx, next, &move->early, list)
		if (rx->msg.type == SSI_WIRE_UNDERWAY && ssi_route_same_block(rx, index)) {
			list_move_tail(&rx->list, underway);
			move->nr_early--;
		}
	spin_unlock_bh(&move->lock);
}

static void recount(struct ssi_region *region, u64 first)
{
	struct ssi_slot slot;
	u32 i;

	for (i = 0; i < SSI_BLOCK_PAGES; i++) {
		ssi_pages_find_dir(region, first + i, 0, &slot);
		spin_lock_bh(&slot.bucket->lock);
		ssi_pages_recount(&slot);
		spin_unlock_bh(&slot.bucket->lock);
	}
}

/* Handle the messages that waited for the home. */
static void handle_early(struct ssi_region *region, struct list_head *early)
{
	struct ssi_rx *rx, *next;

	list_for_each_entry_safe(rx, next, early, list) {
		list_del_init(&rx->list);
		local_bh_disable();
		if (is_lost(region))
			ssi_rx_free(rx);
		else if (rx->msg.type == SSI_WIRE_UNDERWAY)
			ssi_message_violation(rx, "it is not of the home that has come");
		else if (rx->msg.type == SSI_WIRE_MOVE)
			ssi_move_recv(region, rx);
		else
			ssi_home_recv(region, rx);
		local_bh_enable();
	}
}

static void tell_members(struct ssi_region *region, u64 index, u32 version)
{
	struct ssi_msg msg = { };
	u32 id;

	local_bh_disable();
	for (id = 0; id < SSI_DSM_MAX_NODES; id++) {
		if (!(region->members & BIT(id)) || id == region->node->id)
			continue;
		msg = (struct ssi_msg){
			.type = SSI_WIRE_MOVED,
			.index = index,
			.version = version,
		};
		ssi_message_send(region, id, &msg, NULL);
	}
	local_bh_enable();
}

/* All messages of the move are here. */
static bool put_home(struct ssi_region *region, const struct ssi_rx *rx)
{
	u32 version = rx->msg.version, self = region->node->id, home, i;
	u64 index = rx->msg.index;
	LIST_HEAD(underway);
	LIST_HEAD(early);
	bool fits;

	take_underway(&region->move, index, &underway);
	/* a second HOME must not replace entries that are in use */
	fits = ssi_route_newer(version, ssi_pages_version(region, index, &home)) &&
	       home != self;
	for (i = 0; i < SSI_BLOCK_PAGES && fits; i++)
		fits = put_in(region, rx, &underway, i);
	fits &= list_empty(&underway);
	handle_early(region, &underway);	/* those that do not fit */
	if (!fits)
		return false;
	begin_change(region, index, self, version, &early);
	handle_early(region, &early);
	recount(region, index);
	end_change(region, index, self, version);
	ssi_stats_count(region->stats, SSI_COUNT_HOMES_TAKEN, 1);
	tell_members(region, index, version);
	return true;
}

static void take_home(struct ssi_region *region, struct ssi_rx *rx)
{
	if (!is_ready(region) || !has_room(region, rx->msg.index) ||
	    put_home(region, rx))
		return ssi_rx_free(rx);
	/* The peer stays while BHs are disabled. */
	local_bh_disable();
	ssi_message_violation(rx, "it is not the directory of a home");
	local_bh_enable();
}

static struct ssi_rx *next_job(struct ssi_move *move)
{
	struct ssi_rx *rx;

	spin_lock_bh(&move->lock);
	rx = list_first_entry_or_null(&move->jobs, struct ssi_rx, list);
	if (rx) {
		list_del_init(&rx->list);
		move->nr_homes -= rx->msg.type == SSI_WIRE_HOME;
	}
	spin_unlock_bh(&move->lock);
	return rx;
}

static void ssi_move_work(struct work_struct *work)
{
	struct ssi_region *region = container_of(work, struct ssi_region,
						 move.work);
	struct ssi_rx *rx;

	while ((rx = next_job(&region->move))) {
		if (rx->msg.type == SSI_WIRE_MOVE)
			follow_order(region, rx);
		else
			take_home(region, rx);
		cond_resched();
	}
}

/* ---- messages ---- */

static bool is_part(const struct ssi_region *region, const struct ssi_msg *msg)
{
	if (msg->type == SSI_WIRE_HOME)
		return msg->arg <= SSI_BLOCK_PAGES;
	return region->members & BIT(msg->requester) &&
	       (msg->arg == SSI_WIRE_GETS || msg->arg == SSI_WIRE_GETX ||
		msg->arg == SSI_WIRE_UPGRADE);
}

/* HOME, UNDERWAY */
static void recv_part(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_move *move = &region->move;
	bool is_home = rx->msg.type == SSI_WIRE_HOME;

	if (!is_part(region, &rx->msg) ||
	    !ssi_route_keep(region, rx, is_home ? &move->arriving : &move->early))
		ssi_message_violation(rx, "the home is not to come here");
}

/* The home has arrived, there or further on: take the order for it, or NULL. */
static struct ssi_rx *take_given(struct ssi_move *move, u64 index, u32 version)
{
	struct ssi_rx *rx;

	lockdep_assert_held(&move->lock);
	list_for_each_entry(rx, &move->given, list) {
		if (rx->msg.index != index || ssi_route_newer(rx->msg.version, version))
			continue;
		list_del_init(&rx->list);
		move->nr_orders--;
		return rx;
	}
	return NULL;
}

static void recv_moved(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_move *move = &region->move;
	u64 index = rx->msg.index;
	struct ssi_rx *order;
	bool legal = true;
	u32 home;

	spin_lock(&move->lock);
	order = take_given(move, index, rx->msg.version);
	if (ssi_route_newer(rx->msg.version, ssi_pages_version(region, index, &home))) {
		legal = home != region->node->id;
		if (legal)
			ssi_pages_set_home(region, index, rx->msg.src,
					   rx->msg.version, false);
	}
	spin_unlock(&move->lock);
	if (order)
		ssi_rx_free(order);
	if (legal)
		ssi_rx_free(rx);
	else
		ssi_message_violation(rx, "the home has not moved");
}

static void recv_order(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_move *move = &region->move;
	bool added = false;

	if (!(region->members & BIT(rx->msg.requester)))
		return ssi_message_violation(rx, "a home is to go to a node that is no member");
	if (ssi_route_redirect(region, rx))
		return;
	spin_lock(&move->lock);
	if (move->nr_orders < SSI_MOVE_ORDERS_MAX)
		added = ssi_route_add_job(region, rx);
	move->nr_orders += added;
	spin_unlock(&move->lock);
	if (!added)
		ssi_rx_free(rx);
}

void ssi_move_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	u8 type = rx->msg.type;

	if (type != SSI_WIRE_UNDERWAY && rx->msg.index % SSI_BLOCK_PAGES)
		ssi_message_violation(rx, "it is not about a block");
	else if (type == SSI_WIRE_MOVE)
		recv_order(region, rx);
	else if (type == SSI_WIRE_MOVED)
		recv_moved(region, rx);
	else
		recv_part(region, rx);
}

void ssi_move_order(struct ssi_region *region, u64 index, u32 to)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_MOVE,
		.index = index,
		.requester = to,
	};
	u32 home;

	msg.version = ssi_pages_version(region, index, &home);
	local_bh_disable();
	ssi_message_send(region, home, &msg, NULL);
	local_bh_enable();
}

void ssi_move_init(struct ssi_move *move)
{
	spin_lock_init(&move->lock);
	INIT_LIST_HEAD(&move->early);
	INIT_LIST_HEAD(&move->arriving);
	INIT_LIST_HEAD(&move->jobs);
	INIT_LIST_HEAD(&move->given);
	INIT_WORK(&move->work, ssi_move_work);
}

void ssi_move_purge(struct ssi_move *move, struct list_head *rxs)
{
	spin_lock_bh(&move->lock);
	list_splice_tail_init(&move->early, rxs);
	list_splice_tail_init(&move->arriving, rxs);
	list_splice_tail_init(&move->jobs, rxs);
	list_splice_tail_init(&move->given, rxs);
	spin_unlock_bh(&move->lock);
	cancel_work_sync(&move->work);
}
