// SPDX-License-Identifier: GPL-2.0-only
/*
 * Home: transactions of the pages whose directory is here. The theory of
 * operation is in message.c.
 */
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/minmax.h>

#include "alloc.h"
#include "engine/home.h"
#include "engine/hot.h"
#include "engine/message.h"
#include "engine/request.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/transport.h"
#include "protocol/coherence.h"

static struct ssi_rx *find_txn(struct ssi_bucket *bucket, u64 index)
{
	struct ssi_rx *txn;

	list_for_each_entry(txn, &bucket->txns, list)
		if (txn->msg.index == index)
			return txn;
	return NULL;
}

static enum ssi_dir_kind kind_of(const struct ssi_rx *rx)
{
	switch (rx->msg.type) {
	case SSI_WIRE_GETS:
		return SSI_DIR_GETS;
	case SSI_WIRE_GETX:
		return SSI_DIR_GETX;
	default:
		return SSI_DIR_UPGRADE;
	}
}

/* When the requester began to gather pages, by our clock; it may be negative. */
static s64 gathers_since(const struct ssi_rx *rx)
{
	return rx->start - rx->msg.time * (u64)NSEC_PER_USEC;
}

static u32 age_usec(s64 since)
{
	return ssi_message_usec(ktime_get_ns() - since);
}

/*
 * A node has one request for a page at a time. Its next one may overtake the
 * UNBLOCK of the last, so one at most waits here.
 */
static bool waits_already(const struct ssi_rx *txn, u32 src)
{
	struct ssi_rx *rx;

	list_for_each_entry(rx, &txn->pending, list)
		if (rx->msg.src == src)
			return true;
	return false;
}

/*
 * Behind the request that is served, the oldest first. NULL, or what is wrong
 * with that. @tell: to whom it is news that somebody that old wants the page.
 */
static const char *park(struct ssi_rx *txn, struct ssi_rx *rx, u32 *tell)
{
	s64 since = gathers_since(rx);
	struct ssi_rx *pos;

	if (waits_already(txn, rx->msg.src))
		return "the requester waits for the page already";
	list_for_each_entry_reverse(pos, &txn->pending, list)
		if (gathers_since(pos) <= since)
			break;
	list_add(&rx->list, &pos->list);
	if (list_is_first(&rx->list, &txn->pending) &&
	    since < gathers_since(txn))
		*tell = txn->asked & ~BIT(rx->msg.src);
	return NULL;
}

static s64 oldest_since(struct ssi_rx *txn)
{
	struct ssi_rx *first = list_first_entry_or_null(&txn->pending,
							struct ssi_rx, list);
	s64 since = gathers_since(txn);

	return first ? min(since, gathers_since(first)) : since;
}

/**
 * struct service - a transaction that begins, to be sent without the lock
 * @request: what is served; its time is the age of the oldest who waits
 * @plan: what to send
 * @owner: to whom the plan's forward goes
 */
struct service {
	struct ssi_msg request;
	struct ssi_dir_plan plan;
	u32 owner;
};

/* 0 and @service, or as ssi_directory_begin(). Bucket lock held. */
static int begin(struct ssi_rx *txn, struct ssi_dir *dir,
		 struct service *service)
{
	int ret = ssi_directory_begin(dir, txn->msg.src, kind_of(txn),
				      &service->plan);

	if (ret)
		return ret;
	service->request = txn->msg;
	service->request.time = age_usec(oldest_since(txn));
	service->owner = dir->owner;
	txn->asked = service->plan.inv;
	if (service->plan.forward)
		txn->asked |= BIT(dir->owner);
	return 0;
}

static void send_to_all(struct ssi_region *region, u32 nodes,
			struct ssi_msg *msg)
{
	u32 dst;

	for (dst = 0; dst < SSI_DSM_MAX_NODES; dst++)
		if (nodes & BIT(dst))
			ssi_message_send(region, dst, msg, NULL);
}

/* BH disabled, bucket lock not held. */
static void serve(struct ssi_region *region, const struct service *service)
{
	const struct ssi_msg *request = &service->request;
	const struct ssi_dir_plan *plan = &service->plan;
	struct ssi_msg msg = {
		.index = request->index,
		.token = request->token,
	};

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
		ssi_message_send(region, service->owner, &msg, NULL);
	}
	msg.arg = 0;
	msg.type = SSI_WIRE_INV;
	send_to_all(region, plan->inv, &msg);
}

/* Those who were asked for the page think that only younger ones want it. */
static void tell_of_older(struct ssi_region *region, u32 nodes,
			  const struct ssi_msg *older)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_OLDER,
		.requester = older->src,
		.index = older->index,
		.token = older->token,
		.time = older->time,
	};

	send_to_all(region, nodes, &msg);
}

static void home_request(struct ssi_region *region, struct ssi_rx *rx,
			 struct ssi_dir *dir)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, rx->msg.index);
	struct ssi_msg request = rx->msg;
	const char *wrong = NULL;
	struct service service;
	u32 tell = 0;
	int ret;

	spin_lock(&bucket->lock);
	ret = begin(rx, dir, &service);
	if (!ret) {
		if (service.plan.zero)
			atomic64_inc(&region->nr_directory);
		list_add(&rx->list, &bucket->txns);
	} else if (ret == -EBUSY) {
		wrong = park(find_txn(bucket, request.index), rx, &tell);
	} else {
		wrong = "the request does not fit what the requester has";
	}
	spin_unlock(&bucket->lock);
	if (wrong)
		ssi_message_violation(rx, wrong);
	else if (!ret)
		serve(region, &service);
	else
		tell_of_older(region, tell, &request);
}

/* Begin the first pending request that is legal. Bucket lock held. */
static bool begin_next(struct ssi_bucket *bucket, struct ssi_dir *dir,
		       struct ssi_rx *done, struct list_head *illegal,
		       struct service *service)
{
	struct ssi_rx *rx;

	while (!list_empty(&done->pending)) {
		rx = list_first_entry(&done->pending, struct ssi_rx, list);
		if (begin(rx, dir, service)) {
			list_move(&rx->list, illegal);
			continue;
		}
		list_move(&rx->list, &bucket->txns);
		list_splice_tail_init(&done->pending, &rx->pending);
		return true;
	}
	return false;
}

/* Does @done, which is ending, make another node the owner? */
static void note_move(struct ssi_region *region, const struct ssi_dir *dir,
		      const struct ssi_rx *done)
{
	if (dir->state != SSI_DIR_UNTOUCHED && dir->owner != done->msg.src &&
	    kind_of(done) != SSI_DIR_GETS)
		ssi_hot_note(&region->hot, done->msg.index, dir->owner,
			     done->msg.src);
}

static void home_done(struct ssi_region *region, struct ssi_rx *rx,
		      struct ssi_dir *dir)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, rx->msg.index);
	struct ssi_rx *done, *tmp;
	struct service service;
	LIST_HEAD(illegal);
	bool next;

	spin_lock(&bucket->lock);
	done = find_txn(bucket, rx->msg.index);
	if (!done || done->msg.src != rx->msg.src ||
	    done->msg.token != rx->msg.token) {
		spin_unlock(&bucket->lock);
		return ssi_message_violation(rx, "no such transaction");
	}
	note_move(region, dir, done);
	ssi_directory_end(dir, rx->msg.src, kind_of(done));
	list_del_init(&done->list);
	next = begin_next(bucket, dir, done, &illegal, &service);
	spin_unlock(&bucket->lock);

	ssi_rx_free(done);
	list_for_each_entry_safe(done, tmp, &illegal, list)
		ssi_message_violation(done, "the request does not fit what the requester has");
	if (next)
		serve(region, &service);
	ssi_rx_free(rx);
}

static void home_dispatch(struct ssi_region *region, struct ssi_rx *rx,
			  struct ssi_dir *dir)
{
	if (rx->msg.type == SSI_WIRE_UNBLOCK)
		home_done(region, rx, dir);
	else
		home_request(region, rx, dir);
}

/*
 * The directory block could not be had at once: here it can be waited for. In
 * a kernel thread, so nobody is killed meanwhile.
 */
static void home_work(struct work_struct *work)
{
	struct ssi_rx *rx = container_of(work, struct ssi_rx, work);
	struct ssi_region *region = rx->region;
	struct ssi_dir *dir;

	while (!(dir = ssi_region_dir(region, rx->msg.index, GFP_KERNEL)))
		ssi_alloc_pause();
	local_bh_disable();
	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		ssi_rx_free(rx);
	else
		home_dispatch(region, rx, dir);
	local_bh_enable();
}

/* The sender may have given the page away meanwhile; then nothing is to do. */
static void home_put(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, rx->msg.index);
	struct ssi_dir *dir = ssi_region_dir(region, rx->msg.index, 0);
	bool owns;

	spin_lock(&bucket->lock);
	owns = dir && dir->state != SSI_DIR_UNTOUCHED &&
	       dir->owner == rx->msg.src;
	spin_unlock(&bucket->lock);
	if (owns)
		ssi_request_take_home(region, rx->msg.index);
	ssi_rx_free(rx);
}

/* GETS, GETX, UPGRADE, PUT, UNBLOCK */
void ssi_home_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_dir *dir;

	if (ssi_region_home(region, rx->msg.index) != region->node->id)
		return ssi_message_violation(rx, "this is not the page's home");
	if (rx->msg.type == SSI_WIRE_PUT)
		return home_put(region, rx);
	dir = ssi_region_dir(region, rx->msg.index, GFP_ATOMIC | __GFP_NOWARN);
	if (dir)
		return home_dispatch(region, rx, dir);
	INIT_WORK(&rx->work, home_work);
	queue_work(region->node->wq, &rx->work);
}

/* GETX, ZERO and UNBLOCK in one. Bucket lock held. */
static void take_untouched(struct ssi_region *region, u64 index,
			   struct ssi_dir *dir, struct ssi_page *entry,
			   u32 granted_at)
{
	u32 self = region->node->id;
	struct ssi_dir_plan plan;
	struct ssi_step step;

	ssi_directory_begin(dir, self, SSI_DIR_GETX, &plan);
	ssi_directory_end(dir, self, SSI_DIR_GETX);
	step = ssi_coherence_step(entry->state, SSI_EV_STORE);
	step = ssi_coherence_step(step.next, SSI_EV_FILLX);
	ssi_region_set_page_state(region, index, entry, step.next);
	entry->granted_at = granted_at;
	atomic64_inc(&region->nr_directory);
}

bool ssi_home_take(struct ssi_region *region, u64 index, struct page *page,
		   u32 granted_at)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, GFP_KERNEL);
	struct ssi_dir *dir = ssi_region_dir(region, index, GFP_KERNEL);
	bool first;

	if (!entry || !dir)
		return false;
	spin_lock_bh(&bucket->lock);
	first = dir->state == SSI_DIR_UNTOUCHED && !dir->busy &&
		entry->state == SSI_PAGE_I;
	if (first) {
		take_untouched(region, index, dir, entry, granted_at);
		ssi_region_set_data(region, index, entry, page);
	}
	spin_unlock_bh(&bucket->lock);
	return first;
}

void ssi_home_purge(struct ssi_bucket *bucket, struct list_head *rxs)
{
	struct ssi_rx *txn;

	list_for_each_entry(txn, &bucket->txns, list)
		list_splice_init(&txn->pending, rxs);
	list_splice_init(&bucket->txns, rxs);
}
