/* SPDX-License-Identifier: GPL-2.0-only */
/* Move: the home of a block goes from one node to another. */
#ifndef _SSI_MOVE_H
#define _SSI_MOVE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/*
 * Orders that a home keeps, for all nodes together, with those for the homes that
 * it has given and that have not arrived yet. More are dropped.
 */
#ifndef SSI_MOVE_ORDERS_MAX
#define SSI_MOVE_ORDERS_MAX	1024
#endif

struct ssi_region;
struct ssi_rx;

/**
 * struct ssi_move - the moves of a region's homes, on one node
 * @lock: protects the lists, @nr_early, and changes of the table of homes
 *	(region->homes). BH-safe; no lock is taken inside it
 * @early: messages for homes that have not arrived yet, in the order in which
 *	they came
 * @nr_early: how many
 * @arriving: HOME messages whose UNDERWAY messages have not all come
 * @jobs: MOVE messages, and HOME messages whose UNDERWAY messages have come
 * @nr_homes: HOME messages in @arriving and @jobs
 * @given: MOVE messages whose homes were given, until MOVED comes
 * @nr_orders: MOVE messages in @jobs and @given, and that which @work follows
 * @work: gives and takes homes, one after the other, as @jobs say
 */
struct ssi_move {
	spinlock_t lock;
	struct list_head early;
	u32 nr_early;
	struct list_head arriving;
	struct list_head jobs;
	u32 nr_homes;
	struct list_head given;
	u32 nr_orders;
	struct work_struct work;
};

/**
 * ssi_move_init() - prepare for a new region
 * @move: all zero
 *
 * Context: any.
 */
void ssi_move_init(struct ssi_move *move);

/**
 * ssi_move_recv() - a MOVE, HOME, UNDERWAY or MOVED came
 * @region: the region
 * @rx: the message; consumed
 *
 * Context: BH disabled, no bucket lock held.
 */
void ssi_move_recv(struct ssi_region *region, struct ssi_rx *rx);

/**
 * ssi_move_order() - ask the home of a block to move
 * @region: the region, READY
 * @index: first page of the block
 * @to: the node that is to be the home, a member
 *
 * Returns before the home has moved. If the home moves to another node
 * meanwhile, the order follows it. A home that has too many orders drops more.
 *
 * Context: process.
 */
void ssi_move_order(struct ssi_region *region, u64 index, u32 to);

/**
 * ssi_move_purge() - take all messages that wait
 * @move: of a region that is LOST
 * @rxs: gets the messages, which the caller frees
 *
 * Context: process, sleeps until the work has ended, which sees the state.
 */
void ssi_move_purge(struct ssi_move *move, struct list_head *rxs);

#endif /* _SSI_MOVE_H */
