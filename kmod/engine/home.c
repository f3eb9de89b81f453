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
#include "engine/route.h"
#include "memory/pages.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/transport.h"
#include "protocol/coherence.h"

static struct ssi_rx *find_txn(const struct ssi_slot *slot)
{
	struct ssi_rx *txn;

	lockdep_assert_held(&slot->bucket->lock);
	list_for_each_entry(txn, &slot->bucket->txns, list)
		if (txn->msg.index == slot->index)
			return txn;
	return NULL;
}

/*
 * A request is kept until its UNBLOCK comes, and a member need not send it. So
 * the number of requests that a member makes this node keep has a limit. Return:
 * whether @rx is within the limit, and is counted. This node's own requests are
 * limited where they are opened, and are not counted: all CPUs send them. Those that
 * another node sends on are counted: that node may have made them up.
 */
static bool count_request(struct ssi_region *region, const struct ssi_rx *rx)
{
	atomic_t *count = &region->home.requests[rx->msg.requester].count;

	if (rx->msg.src == region->node->id ||
	    atomic_inc_return(count) <= SSI_HOME_REQUESTS_MAX)
		return true;
	atomic_dec(count);
	return false;
}

static void uncount_request(const struct ssi_rx *rx)
{
	const struct ssi_region *region = rx->region;

	if (rx->msg.src != region->node->id)
		atomic_dec(&rx->region->home.requests[rx->msg.requester].count);
}

static void free_request(struct ssi_rx *rx)
{
	uncount_request(rx);
	ssi_rx_free(rx);
}

static void refuse_request(struct ssi_rx *rx, const char *why)
{
	uncount_request(rx);
	ssi_message_violation(rx, why);
}

static enum ssi_dir_kind kind_of_type(u32 type)
{
	switch (type) {
	case SSI_WIRE_GETS:
		return SSI_DIR_GETS;
	case SSI_WIRE_GETX:
		return SSI_DIR_GETX;
	default:
		return SSI_DIR_UPGRADE;
	}
}

static enum ssi_dir_kind kind_of(const struct ssi_rx *rx)
{
	return kind_of_type(rx->msg.type);
}

/*
 * When the requester began to gather pages, by this node's clock. The value may
 * be negative.
 */
static s64 gathers_since(const struct ssi_rx *rx)
{
	return rx->start - rx->msg.time * (u64)NSEC_PER_USEC;
}

static u32 age_usec(s64 since)
{
	return ssi_message_usec(ktime_get_ns() - since);
}

/*
 * A node has one request for a page at a time. Its next request may overtake
 * the UNBLOCK of the last one, so at most one request of a node is pending.
 */
static bool waits_already(const struct ssi_rx *txn, u32 requester)
{
	struct ssi_rx *rx;

	list_for_each_entry(rx, &txn->home.pending, list)
		if (rx->msg.requester == requester)
			return true;
	return false;
}

/*
 * Add @rx to the pending requests, which are sorted by age, the oldest first.
 * Return: NULL, or why @rx breaks the protocol. @notify: set to the holders
 * that serve a younger request and do not know of this one.
 */
static const char *wait_for_turn(struct ssi_rx *txn, struct ssi_rx *rx,
				 u32 *notify)
{
	s64 since = gathers_since(rx);
	struct ssi_rx *pos;

	if (waits_already(txn, rx->msg.requester))
		return "the requester waits for the page already";
	list_for_each_entry_reverse(pos, &txn->home.pending, list)
		if (gathers_since(pos) <= since)
			break;
	list_add(&rx->list, &pos->list);
	if (list_is_first(&rx->list, &txn->home.pending) &&
	    since < gathers_since(txn))
		*notify = txn->home.asked & ~BIT(rx->msg.requester);
	return NULL;
}

static s64 oldest_since(struct ssi_rx *txn)
{
	struct ssi_rx *first = list_first_entry_or_null(&txn->home.pending,
							struct ssi_rx, list);
	s64 since = gathers_since(txn);

	return first ? min(since, gathers_since(first)) : since;
}

/**
 * struct service - messages of a transaction that begins, sent without the lock
 * @request: the request; its time is the age of the oldest request for the page
 * @plan: the messages to send
 * @owner: receiver of the plan's forward
 * @version: of this home; when the messages are sent, it may have moved already
 */
struct service {
	struct ssi_msg request;
	struct ssi_dir_plan plan;
	u32 owner;
	u32 version;
};

static u32 asked_by(const struct ssi_dir_plan *plan, const struct ssi_dir *dir)
{
	return plan->forward ? plan->inv | BIT(dir->owner) : plan->inv;
}

/*
 * Begin the transaction. Return: 0, and @service is set; or the error of
 * ssi_directory_begin(). Bucket lock held.
 */
static int begin(const struct ssi_slot *slot, struct ssi_rx *txn,
		 struct service *service)
{
	struct ssi_dir *dir = slot->dir;
	int ret = ssi_directory_begin(dir, txn->msg.requester, kind_of(txn),
				      &service->plan);

	if (ret)
		return ret;
	service->request = txn->msg;
	service->request.time = age_usec(oldest_since(txn));
	service->owner = dir->owner;
	txn->home.asked = asked_by(&service->plan, dir);
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
		ssi_message_send(region, request->requester, &msg, NULL);
	}
	msg.arg = 0;
	msg.requester = request->requester;
	msg.time = request->time;
	msg.version = service->version;
	if (plan->forward) {
		msg.type = plan->exclusive ? SSI_WIRE_FWDX : SSI_WIRE_FWDS;
		msg.arg = plan->exclusive ? plan->acks : 0;
		ssi_message_send(region, service->owner, &msg, NULL);
	}
	msg.arg = 0;
	msg.type = SSI_WIRE_INV;
	send_to_all(region, plan->inv, &msg);
}

/*
 * The holders of the page serve a younger request. Send them the age of the
 * older one, as a priority hint.
 */
static void tell_of_older(struct ssi_region *region, u32 nodes,
			  const struct ssi_msg *older)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_OLDER,
		.requester = older->requester,
		.index = older->index,
		.token = older->token,
		.time = older->time,
		.version = older->version,
	};

	send_to_all(region, nodes, &msg);
}

/*
 * Begin the transaction of @rx, or make it pending. Return: 0, and @service is
 * set; -EBUSY, and @notify is set to the holders that need a priority hint; or
 * another error. @wrong is set if @rx breaks the protocol. Bucket lock held.
 */
static int begin_or_wait(const struct ssi_slot *slot, struct ssi_rx *rx,
			 struct service *service, u32 *notify,
			 const char **wrong)
{
	int ret = begin(slot, rx, service);

	lockdep_assert_held(&slot->bucket->lock);
	if (!ret) {
		if (service->plan.zero)
			ssi_stats_count(slot->region->stats,
					SSI_COUNT_DIRECTORY, 1);
		list_add(&rx->list, &slot->bucket->txns);
	} else if (ret == -EBUSY) {
		*wrong = wait_for_turn(find_txn(slot), rx, notify);
	} else {
		*wrong = "the request does not fit what the requester has";
	}
	return ret;
}

/* The home has moved since this request came. */
static void request_has_moved(struct ssi_region *region, struct ssi_rx *rx)
{
	uncount_request(rx);
	ssi_home_recv(region, rx);
}

static void home_request(const struct ssi_slot *slot, struct ssi_rx *rx)
{
	struct ssi_region *region = slot->region;
	struct ssi_msg request = rx->msg;
	const char *wrong = NULL;
	struct service service;
	u32 notify = 0, home;
	int ret = -EIO;

	INIT_LIST_HEAD(&rx->home.pending);
	spin_lock(&slot->bucket->lock);
	service.version = ssi_pages_version(region, slot->index, &home);
	request.version = service.version;
	if (home != region->node->id)
		ret = -EREMOTE;
	else if (READ_ONCE(region->state) != SSI_DSM_REGION_LOST)
		ret = begin_or_wait(slot, rx, &service, &notify, &wrong);
	spin_unlock(&slot->bucket->lock);
	if (wrong)
		refuse_request(rx, wrong);
	else if (ret == -EREMOTE)
		request_has_moved(region, rx);
	else if (ret == -EIO)
		free_request(rx);
	else if (!ret)
		serve(region, &service);
	else
		tell_of_older(region, notify, &request);
}

/* Begin the first pending request that is legal. Bucket lock held. */
static bool begin_next(const struct ssi_slot *slot, struct ssi_rx *done,
		       struct list_head *illegal, struct service *service)
{
	struct ssi_rx *rx;

	lockdep_assert_held(&slot->bucket->lock);
	while (!list_empty(&done->home.pending)) {
		rx = list_first_entry(&done->home.pending, struct ssi_rx, list);
		if (begin(slot, rx, service)) {
			list_move(&rx->list, illegal);
			continue;
		}
		list_move(&rx->list, &slot->bucket->txns);
		list_splice_tail_init(&done->home.pending, &rx->home.pending);
		return true;
	}
	return false;
}

/* Count a change of the page's owner, if @done, which is ending, makes one. */
static void note_move(const struct ssi_slot *slot, const struct ssi_rx *done)
{
	struct ssi_dir *dir = slot->dir;

	lockdep_assert_held(&slot->bucket->lock);
	if (dir->state == SSI_DIR_UNTOUCHED || dir->owner == done->msg.requester ||
	    kind_of(done) == SSI_DIR_GETS)
		return;
	if (dir->moves < 255)
		dir->moves++;
	ssi_hot_note(&slot->region->home.hot, slot->index, dir->owner,
		     done->msg.requester);
}

static void home_unblock(const struct ssi_slot *slot, struct ssi_rx *rx)
{
	struct ssi_rx *done, *tmp;
	struct service service;
	LIST_HEAD(illegal);
	bool next;
	u32 home;

	spin_lock(&slot->bucket->lock);
	service.version = ssi_pages_version(slot->region, slot->index, &home);
	if (home != slot->region->node->id) {
		spin_unlock(&slot->bucket->lock);
		return ssi_home_recv(slot->region, rx);
	}
	done = find_txn(slot);
	if (!done || done->msg.requester != rx->msg.requester ||
	    done->msg.token != rx->msg.token) {
		spin_unlock(&slot->bucket->lock);
		return ssi_message_violation(rx, "no such transaction");
	}
	note_move(slot, done);
	ssi_directory_end(slot->dir, rx->msg.requester, kind_of(done));
	list_del_init(&done->list);
	next = begin_next(slot, done, &illegal, &service);
	spin_unlock(&slot->bucket->lock);

	free_request(done);
	list_for_each_entry_safe(done, tmp, &illegal, list)
		refuse_request(done, "the request does not fit what the requester has");
	if (next)
		serve(slot->region, &service);
	ssi_rx_free(rx);
}

/*
 * The directory block could not be allocated at once. This work waits for
 * memory, but not for longer than the region lives.
 */
static void ssi_home_work(struct work_struct *work)
{
	struct ssi_rx *rx = container_of(work, struct ssi_rx, work);
	struct ssi_region *region = rx->region;
	struct ssi_slot slot;

	while (!ssi_pages_find_dir(region, rx->msg.index, GFP_KERNEL, &slot)) {
		if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
			return free_request(rx);
		ssi_alloc_pause();
	}
	local_bh_disable();
	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		free_request(rx);
	else
		home_request(&slot, rx);
	local_bh_enable();
}

/*
 * An eviction hint. If the sender has handed the page over meanwhile, or if the
 * home has moved, the hint is ignored.
 */
static void home_put(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_slot slot;
	bool owns = false;
	u32 version, home;

	version = ssi_pages_version(region, rx->msg.index, &home);
	if (home != region->node->id && version == rx->msg.version)
		return ssi_message_violation(rx, "this is not the page's home");
	if (home == region->node->id &&
	    ssi_pages_find_dir(region, rx->msg.index, 0, &slot)) {
		spin_lock(&slot.bucket->lock);
		owns = slot.dir->state != SSI_DIR_UNTOUCHED &&
		       slot.dir->owner == rx->msg.src;
		spin_unlock(&slot.bucket->lock);
	}
	if (owns)
		ssi_request_take_home(region, rx->msg.index);
	ssi_rx_free(rx);
}

static void recv_request(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_slot slot;

	if (!count_request(region, rx))
		return ssi_message_violation(rx, "it has too many requests under way");
	if (ssi_pages_find_dir(region, rx->msg.index, GFP_ATOMIC | __GFP_NOWARN,
			       &slot))
		return home_request(&slot, rx);
	INIT_WORK(&rx->work, ssi_home_work);
	queue_work(region->node->memory_wq, &rx->work);
}

/* Without a directory block, the page has no transaction. */
static void recv_unblock(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_slot slot;

	if (ssi_pages_find_dir(region, rx->msg.index, 0, &slot))
		home_unblock(&slot, rx);
	else
		ssi_message_violation(rx, "no such transaction");
}

/*
 * A node speaks for another one only if it sends on a message of that node, since a
 * home has moved; then the message has the version of the home that it is for.
 */
static bool may_speak(const struct ssi_rx *rx)
{
	return rx->msg.src == rx->msg.requester || rx->msg.version;
}

/* GETS, GETX, UPGRADE, PUT, UNBLOCK */
void ssi_home_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	if (rx->msg.type == SSI_WIRE_PUT)
		home_put(region, rx);
	else if (!(region->members & BIT(rx->msg.requester)))
		ssi_message_violation(rx, "it is of a node that is no member");
	else if (!may_speak(rx))
		ssi_message_violation(rx, "it is of another node, and no home has moved");
	else if (ssi_route_redirect(region, rx))
		return;
	else if (rx->msg.type == SSI_WIRE_UNBLOCK)
		recv_unblock(region, rx);
	else
		recv_request(region, rx);
}

/* The effects of GETX, ZERO and UNBLOCK in one step. Bucket lock held. */
static void take_untouched(const struct ssi_slot *slot, struct ssi_dir *dir,
			   u32 granted_at)
{
	u32 self = slot->region->node->id;
	struct ssi_dir_plan plan;
	struct ssi_step step;

	lockdep_assert_held(&slot->bucket->lock);
	ssi_directory_begin(dir, self, SSI_DIR_GETX, &plan);
	ssi_directory_end(dir, self, SSI_DIR_GETX);
	step = ssi_coherence_step(slot->entry->state, SSI_EV_STORE);
	step = ssi_coherence_step(step.next, SSI_EV_FILLX);
	ssi_pages_set_state(slot, step.next);
	slot->entry->granted_at = granted_at;
	ssi_stats_count(slot->region->stats, SSI_COUNT_DIRECTORY, 1);
}

bool ssi_home_take(const struct ssi_slot *slot, struct page *page,
		   u32 granted_at)
{
	struct ssi_dir *dir = ssi_pages_dir(slot->region, slot->index,
					    GFP_KERNEL);
	bool first;

	if (!dir)
		return false;
	spin_lock_bh(&slot->bucket->lock);
	first = ssi_pages_are_ours(slot->region, slot->index) &&
		dir->state == SSI_DIR_UNTOUCHED && !dir->busy &&
		slot->entry->state == SSI_PAGE_I;
	if (first) {
		take_untouched(slot, dir, granted_at);
		ssi_pages_set_data(slot, page);
	}
	spin_unlock_bh(&slot->bucket->lock);
	return first;
}

/* ---- moves: see move.c ---- */

static void count_directory(const struct ssi_slot *slot, int change)
{
	if (slot->dir->busy || slot->dir->state != SSI_DIR_UNTOUCHED)
		ssi_stats_count(slot->region->stats, SSI_COUNT_DIRECTORY, change);
}

struct ssi_rx *ssi_home_take_out(const struct ssi_slot *slot,
				 struct list_head *pending)
{
	struct ssi_rx *txn = find_txn(slot), *rx;

	lockdep_assert_held(&slot->bucket->lock);
	count_directory(slot, -1);
	*slot->dir = (struct ssi_dir){ };
	if (!txn)
		return NULL;
	list_del_init(&txn->list);
	uncount_request(txn);
	list_for_each_entry(rx, &txn->home.pending, list)
		uncount_request(rx);
	list_splice_tail_init(&txn->home.pending, pending);
	return txn;
}

bool ssi_home_put_in(const struct ssi_slot *slot, const struct ssi_dir *dir,
		     struct ssi_rx *txn)
{
	struct ssi_dir before = *dir;
	struct ssi_dir_plan plan;

	lockdep_assert_held(&slot->bucket->lock);
	if (txn) {
		before.busy = false;
		if (ssi_directory_begin(&before, txn->msg.requester,
					kind_of_type(txn->msg.arg), &plan) ||
		    !count_request(slot->region, txn))
			return false;
		txn->msg.type = txn->msg.arg;
		txn->msg.arg = 0;
		txn->home.asked = asked_by(&plan, dir);
		INIT_LIST_HEAD(&txn->home.pending);
		list_move(&txn->list, &slot->bucket->txns);
	}
	*slot->dir = *dir;
	count_directory(slot, 1);
	return true;
}

void ssi_home_purge(struct ssi_bucket *bucket, struct list_head *rxs)
{
	struct ssi_rx *txn;

	lockdep_assert_held(&bucket->lock);
	list_for_each_entry(txn, &bucket->txns, list)
		list_splice_init(&txn->home.pending, rxs);
	list_splice_init(&bucket->txns, rxs);
}
