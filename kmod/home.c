// SPDX-License-Identifier: GPL-2.0-only
/*
 * Home: transactions of the pages whose directory is here. The theory of
 * operation is in message.c.
 */
#include <linux/list.h>

#include "home.h"
#include "message.h"
#include "node.h"
#include "region.h"
#include "transport.h"

static struct ssi_rx *find_txn(struct ssi_bucket *bucket, u64 index)
{
	struct ssi_rx *txn;

	list_for_each_entry(txn, &bucket->txns, list)
		if (txn->msg.index == index)
			return txn;
	return NULL;
}

static bool is_exclusive(const struct ssi_rx *rx)
{
	return rx->msg.type == SSI_WIRE_GETX;
}

/* Send what the plan says. BH disabled, bucket lock not held. */
static void serve(struct ssi_region *region, const struct ssi_msg *request,
		  const struct ssi_dir_plan *plan, u32 owner)
{
	struct ssi_msg msg = {
		.index = request->index,
		.token = request->token,
	};
	u32 dst;

	if (plan->grant) {
		msg.type = plan->zero ? SSI_WIRE_ZERO : SSI_WIRE_GRANT;
		msg.arg = plan->acks;
		ssi_message_send(region, request->src, &msg, NULL);
	}
	msg.arg = 0;
	msg.requester = request->src;
	msg.time = request->time;
	if (plan->forward) {
		msg.type = plan->exclusive ? SSI_WIRE_FWDX : SSI_WIRE_FWDS;
		msg.arg = plan->exclusive ? plan->acks : 0;
		ssi_message_send(region, owner, &msg, NULL);
	}
	msg.arg = 0;
	msg.type = SSI_WIRE_INV;
	for (dst = 0; dst < SSI_DSM_MAX_NODES; dst++)
		if (plan->inv & BIT(dst))
			ssi_message_send(region, dst, &msg, NULL);
}

static void home_request(struct ssi_region *region, struct ssi_rx *rx,
			 struct ssi_dir *dir)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, rx->msg.index);
	struct ssi_msg request = rx->msg;
	struct ssi_dir_plan plan;
	u32 owner;
	int ret;

	spin_lock(&bucket->lock);
	ret = ssi_directory_begin(dir, request.src, is_exclusive(rx), &plan);
	owner = dir->owner;
	if (!ret && plan.zero)
		atomic64_inc(&region->nr_directory);
	if (!ret)
		list_add(&rx->list, &bucket->txns);
	else if (ret == -EBUSY)
		list_add_tail(&rx->list,
			      &find_txn(bucket, request.index)->pending);
	spin_unlock(&bucket->lock);
	if (ret == -EPROTO)
		return ssi_message_violation(rx, "the requester has the page already");
	if (!ret)
		serve(region, &request, &plan, owner);
}

/* Begin the first pending request that is legal. Bucket lock held. */
static struct ssi_rx *next_txn(struct ssi_bucket *bucket, struct ssi_dir *dir,
			       struct ssi_rx *done, struct list_head *illegal,
			       struct ssi_dir_plan *plan)
{
	struct ssi_rx *rx;

	while (!list_empty(&done->pending)) {
		rx = list_first_entry(&done->pending, struct ssi_rx, list);
		if (ssi_directory_begin(dir, rx->msg.src, is_exclusive(rx),
					plan)) {
			list_move(&rx->list, illegal);
			continue;
		}
		list_move(&rx->list, &bucket->txns);
		list_splice_tail_init(&done->pending, &rx->pending);
		return rx;
	}
	return NULL;
}

static void home_done(struct ssi_region *region, struct ssi_rx *rx,
		      struct ssi_dir *dir)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, rx->msg.index);
	struct ssi_rx *done, *next = NULL, *tmp;
	struct ssi_dir_plan plan;
	struct ssi_msg request;
	LIST_HEAD(illegal);
	u32 owner = 0;

	spin_lock(&bucket->lock);
	done = find_txn(bucket, rx->msg.index);
	if (!done || done->msg.src != rx->msg.src ||
	    done->msg.token != rx->msg.token) {
		spin_unlock(&bucket->lock);
		return ssi_message_violation(rx, "no such transaction");
	}
	ssi_directory_end(dir, rx->msg.src, is_exclusive(done));
	list_del_init(&done->list);
	next = next_txn(bucket, dir, done, &illegal, &plan);
	if (next) {
		request = next->msg;
		owner = dir->owner;
	}
	spin_unlock(&bucket->lock);

	ssi_rx_free(done);
	list_for_each_entry_safe(done, tmp, &illegal, list)
		ssi_message_violation(done, "the requester has the page already");
	if (next)
		serve(region, &request, &plan, owner);
	ssi_rx_free(rx);
}

static void home_dispatch(struct ssi_region *region, struct ssi_rx *rx,
			  struct ssi_dir *dir)
{
	if (rx->msg.type == SSI_WIRE_DONE)
		home_done(region, rx, dir);
	else
		home_request(region, rx, dir);
}

/* The directory block could not be had at once: here allocation may sleep. */
static void home_work(struct work_struct *work)
{
	struct ssi_rx *rx = container_of(work, struct ssi_rx, work);
	struct ssi_region *region = rx->region;
	struct ssi_dir *dir = ssi_region_dir(region, rx->msg.index,
					     GFP_KERNEL | __GFP_NOFAIL);

	local_bh_disable();
	if (dir) {
		home_dispatch(region, rx, dir);
	} else {
		ssi_region_lose(region, region->node->id,
				"node %u is out of memory", region->node->id);
		ssi_rx_free(rx);
	}
	local_bh_enable();
}

/* GETS, GETX, DONE */
void ssi_home_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_dir *dir;

	if (ssi_region_home(region, rx->msg.index) != region->node->id)
		return ssi_message_violation(rx, "this is not the page's home");
	dir = ssi_region_dir(region, rx->msg.index, GFP_ATOMIC | __GFP_NOWARN);
	if (dir)
		return home_dispatch(region, rx, dir);
	INIT_WORK(&rx->work, home_work);
	queue_work(region->node->wq, &rx->work);
}

void ssi_home_purge(struct ssi_bucket *bucket, struct list_head *rxs)
{
	struct ssi_rx *txn;

	list_for_each_entry(txn, &bucket->txns, list)
		list_splice_init(&txn->pending, rxs);
	list_splice_init(&bucket->txns, rxs);
}
