// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requester: pages that this node requests. The theory of operation is in
 * message.c.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "alloc.h"
#include "engine/gather.h"
#include "engine/heat.h"
#include "engine/home.h"
#include "engine/message.h"
#include "engine/request.h"
#include "engine/walks.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/transport.h"
#include "protocol/coherence.h"

/**
 * struct ssi_req - a page that this node has requested
 * @list: in bucket->reqs
 * @index: page index
 * @token: each node that serves the request sends it back
 * @start: ktime in ns when the request was opened
 * @acked: bit mask of the nodes whose ack came
 * @held: the longest time that a holder held the request, in us
 * @acks: acks still expected; negative if acks come before the grant
 * @granted: DATAS, DATAX, GRANT or ZERO came
 * @exclusive: requested with GETX or UPGRADE
 * @class: class of the request, as far as known
 * @cpu: of the guest, whose fault it is, as for ssi_heat_note()
 * @store: for a store
 * @supplier: the node whose data came, or SSI_DSM_MAX_NODES
 */
struct ssi_req {
	struct list_head list;
	u64 index;
	u32 token;
	u64 start;
	u32 acked;
	u32 held;
	int acks;
	bool granted;
	bool exclusive;
	enum ssi_dsm_class class;
	u32 cpu;
	bool store;
	u32 supplier;
};

static struct kmem_cache *req_cache;

/*
 * Several tasks may pass the limit at the same time; that does no harm. Only a fault
 * may wait for memory: all other requests are the home's own.
 */
static struct ssi_req *alloc_below(struct ssi_region *region, int limit,
				   enum ssi_event event, gfp_t gfp)
{
	struct ssi_req *req;

	if (atomic_read(&region->gather.outstanding) >= limit ||
	    ssi_alloc_fails(SSI_ALLOC_REQUEST))
		return NULL;
	req = kmem_cache_alloc(req_cache, ssi_alloc_gfp(gfp));
	if (!req)
		return NULL;
	req->store = event == SSI_EV_STORE;
	req->cpu = gfpflags_allow_blocking(gfp) ? ssi_walks_cpu() :
						  SSI_HEAT_NOT_A_FAULT;
	return req;
}

struct ssi_req *ssi_request_alloc(struct ssi_region *region,
				  enum ssi_event event, gfp_t gfp)
{
	return alloc_below(region, SSI_REQUESTS_MAX, event, gfp);
}

void ssi_request_free(struct ssi_req *req)
{
	kmem_cache_free(req_cache, req);
}

static struct ssi_req *find_req(const struct ssi_slot *slot)
{
	struct ssi_req *req;

	lockdep_assert_held(&slot->bucket->lock);
	list_for_each_entry(req, &slot->bucket->reqs, list)
		if (req->index == slot->index)
			return req;
	return NULL;
}

/*
 * The table's event for a message. Also counts the message's acks in @req.
 * Returns SSI_EVENTS, which the table refuses, if the message does not fit the
 * request.
 */
static enum ssi_event event_of(struct ssi_req *req, const struct ssi_msg *msg,
			       enum ssi_page_state state)
{
	bool has_copy = state == SSI_PAGE_SX;

	req->held = max(req->held, msg->time);
	if (msg->type == SSI_WIRE_ACK) {
		if (req->acked & BIT(msg->src))
			return SSI_EVENTS;
		req->acked |= BIT(msg->src);
		req->acks--;
		return req->granted && !req->acks ? SSI_EV_ACKED : SSI_EV_ACK;
	}
	if (req->granted)
		return SSI_EVENTS;
	req->granted = true;
	if (msg->type == SSI_WIRE_DATAS || msg->type == SSI_WIRE_DATAX)
		req->supplier = msg->src;
	req->acks += msg->arg;
	switch (msg->type) {
	case SSI_WIRE_DATAS:
		return req->exclusive ? SSI_EVENTS : SSI_EV_FILLS;
	case SSI_WIRE_ZERO:
		req->class = SSI_DSM_CLASS_FIRST_TOUCH;
		return has_copy || req->acks ? SSI_EVENTS : SSI_EV_FILLX;
	case SSI_WIRE_GRANT:
		req->class = SSI_DSM_CLASS_UPGRADE;
		if (!has_copy)
			return SSI_EVENTS;
		break;
	default:	/* DATAX */
		if (!req->exclusive || has_copy)
			return SSI_EVENTS;
	}
	if (req->acks < 0)
		return SSI_EVENTS;
	return req->acks ? SSI_EV_FILLA : SSI_EV_FILLX;
}

static void take_data(const struct ssi_slot *slot, struct ssi_rx *rx)
{
	if (!rx->page)
		return;
	ssi_pte_install(slot->region, rx->page, slot->index);
	ssi_pages_set_data(slot, rx->page);
	rx->page = NULL;
}

/* Send @msg to the home of its page. BH disabled. */
static void send_home(struct ssi_region *region, struct ssi_msg *msg,
		      bool deferrable)
{
	u32 home;

	msg->version = ssi_pages_version(region, msg->index, &home);
	if (deferrable)
		ssi_message_send_deferrable(region, home, msg);
	else
		ssi_message_send(region, home, msg, NULL);
}

/*
 * A page that comes without a header belongs to the request with its token, so
 * no two requests of this node may have the same token, whatever their region.
 * The low bits are the number of the bucket: see ssi_request_find().
 *
 * If no number is free, the token is above SSI_WIRE_TOKEN_MAX. The page then
 * comes with a header, which names the region, its life and the index.
 */
static u32 take_token(const struct ssi_slot *slot)
{
	struct ssi_region *region = slot->region;
	u32 number = ssi_token_take(&region->node->tokens);
	u32 token = number << SSI_BUCKETS_MAX_SHIFT |
		    (slot->bucket - region->buckets);

	static_assert(SSI_TOKENS_SHIFT + SSI_BUCKETS_MAX_SHIFT <= 31);
	return number < SSI_TOKENS ? token : token | ~SSI_WIRE_TOKEN_MAX;
}

/* All messages that serve the request have come. */
static void put_token(struct ssi_region *region, u32 token)
{
	if (token <= SSI_WIRE_TOKEN_MAX)
		ssi_token_put(&region->node->tokens, token >> SSI_BUCKETS_MAX_SHIFT);
}

static void note_heat(struct ssi_region *region, const struct ssi_req *req, u64 now)
{
	u32 servers = req->acked;

	if (req->class == SSI_DSM_CLASS_FIRST_TOUCH)
		return;
	if (req->supplier < SSI_DSM_MAX_NODES)
		servers |= BIT(req->supplier);
	ssi_heat_note(region, req->index, req->cpu,
		      !req->exclusive ? SSI_HEAT_READ :
		      req->store ? SSI_HEAT_WRITE : SSI_HEAT_GUESS, servers, now);
}

/*
 * The request is complete: free it, send UNBLOCK to the home, wake the waiting
 * faults.
 */
static void finish(const struct ssi_slot *slot, struct ssi_req *req)
{
	struct ssi_region *region = slot->region;
	struct ssi_msg msg = {
		.type = SSI_WIRE_UNBLOCK,
		.requester = region->node->id,
		.index = req->index,
		.token = req->token,
	};
	u64 ns = ktime_get_ns() - req->start;
	u64 held = req->held * (u64)NSEC_PER_USEC;
	bool copy = !req->exclusive;

	ssi_gather_end(region, req->start + ns);
	ssi_pages_wake(slot);
	ssi_stats_add(region->stats, req->class, ns);
	note_heat(region, req, req->start + ns);
	if (req->class != SSI_DSM_CLASS_FIRST_TOUCH && held < ns)
		ssi_gather_learn(region, ns - held);
	kmem_cache_free(req_cache, req);
	put_token(region, msg.token);
	/*
	 * While other requests are under way, UNBLOCK can share a packet with
	 * the next request.
	 */
	send_home(region, &msg, copy && atomic_read(&region->gather.outstanding));
}

/*
 * Apply a message to the page. If it completes the request, the request leaves
 * the list. Bucket lock held.
 */
static enum ssi_action apply(const struct ssi_slot *slot, struct ssi_req *req,
			     struct ssi_rx *rx)
{
	struct ssi_page *entry = slot->entry;
	struct ssi_step step;

	lockdep_assert_held(&slot->bucket->lock);
	step = ssi_coherence_step(entry->state,
				  event_of(req, &rx->msg, entry->state));
	if (step.action == SSI_ACT_ERROR)
		return step.action;
	ssi_pages_set_state(slot, step.next);
	take_data(slot, rx);
	if (step.action == SSI_ACT_FINISH) {
		entry->granted_at = ssi_page_tick(ktime_get_ns());
		list_del(&req->list);
	}
	return step.action;
}

/* DATAS, DATAX, GRANT, ZERO, ACK */
void ssi_request_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	enum ssi_action action = SSI_ACT_ERROR;
	struct ssi_slot slot;
	struct ssi_req *req;
	bool known;

	known = ssi_pages_find(region, rx->msg.index, 0, &slot);
	spin_lock(&slot.bucket->lock);
	req = find_req(&slot);
	if (known && req && req->token == rx->msg.token)
		action = apply(&slot, req, rx);
	spin_unlock(&slot.bucket->lock);

	if (action == SSI_ACT_ERROR)
		return ssi_message_violation(rx, "nobody here waits for it");
	if (action == SSI_ACT_FINISH)
		finish(&slot, req);
	ssi_rx_free(rx);
}

bool ssi_request_find(struct ssi_region *region, u32 token, u64 *index)
{
	struct ssi_bucket *bucket;
	struct ssi_req *req;
	bool found = false;

	bucket = &region->buckets[token & (ssi_region_buckets(region) - 1)];
	spin_lock_bh(&bucket->lock);
	list_for_each_entry(req, &bucket->reqs, list) {
		found = req->token == token;
		*index = req->index;
		if (found)
			break;
	}
	spin_unlock_bh(&bucket->lock);
	return found;
}

static enum ssi_wire_type type_of(enum ssi_action action)
{
	switch (action) {
	case SSI_ACT_GETS:
		return SSI_WIRE_GETS;
	case SSI_ACT_GETX:
		return SSI_WIRE_GETX;
	default:
		return SSI_WIRE_UPGRADE;
	}
}

void ssi_request_open(const struct ssi_slot *slot, struct ssi_req *req,
		      struct ssi_step step, struct ssi_msg *msg)
{
	bool copy = step.action == SSI_ACT_GETS;

	*req = (struct ssi_req){
		.index = slot->index,
		.token = take_token(slot),
		.start = ktime_get_ns(),
		.exclusive = !copy,
		.class = copy ? SSI_DSM_CLASS_READ_REMOTE :
				SSI_DSM_CLASS_WRITE_REMOTE,
		.cpu = req->cpu,
		.store = req->store,
		.supplier = SSI_DSM_MAX_NODES,
	};
	*msg = (struct ssi_msg){
		.type = type_of(step.action),
		.requester = slot->region->node->id,
		.index = slot->index,
		.token = req->token,
	};
	lockdep_assert_held(&slot->bucket->lock);
	list_add(&req->list, &slot->bucket->reqs);
	ssi_gather_begin(slot->region, req->start);
	ssi_pages_set_state(slot, step.next);
}

void ssi_request_send(struct ssi_region *region, struct ssi_msg *msg, bool more)
{
	msg->time = ssi_message_usec(ssi_gather_age_ns(region));
	send_home(region, msg, more);
}

static bool opens_request(enum ssi_action action)
{
	return action == SSI_ACT_GETS || action == SSI_ACT_GETX ||
	       action == SSI_ACT_UPGRADE;
}

/* Return: whether @req was opened; then @msg must be sent. */
static bool try_open(const struct ssi_slot *slot, enum ssi_event event,
		     struct ssi_req *req, struct ssi_msg *msg)
{
	struct ssi_step step;
	bool opens;

	spin_lock(&slot->bucket->lock);
	step = ssi_coherence_step(slot->entry->state, event);
	opens = opens_request(step.action) &&
		READ_ONCE(slot->region->state) == SSI_DSM_REGION_READY;
	if (opens)
		ssi_request_open(slot, req, step, msg);
	spin_unlock(&slot->bucket->lock);
	return opens;
}

void ssi_request_fetch(struct ssi_region *region, u64 index,
		       enum ssi_event event, gfp_t gfp, bool more)
{
	struct ssi_req *req = alloc_below(region, SSI_FETCHES_MAX, event, gfp);
	struct ssi_slot slot;
	struct ssi_msg msg;

	if (!req)
		return;
	if (!ssi_pages_find(region, index, gfp, &slot))
		return ssi_request_free(req);
	local_bh_disable();
	if (try_open(&slot, event, req, &msg))
		ssi_request_send(region, &msg, more);
	else
		ssi_request_free(req);
	local_bh_enable();
}

void ssi_request_take_home(struct ssi_region *region, u64 index)
{
	ssi_request_fetch(region, index, SSI_EV_STORE,
			  GFP_ATOMIC | __GFP_NOWARN, false);
}

/*
 * The tokens stay in use until the node is deleted: pages for them may still be
 * on their way, and must not go to requests of another region or life.
 */
void ssi_request_purge(struct ssi_bucket *bucket)
{
	struct ssi_req *req, *next;

	lockdep_assert_held(&bucket->lock);
	list_for_each_entry_safe(req, next, &bucket->reqs, list) {
		list_del(&req->list);
		kmem_cache_free(req_cache, req);
	}
}

int ssi_request_init(void)
{
	req_cache = KMEM_CACHE(ssi_req, 0);
	return req_cache ? 0 : -ENOMEM;
}

void ssi_request_exit(void)
{
	kmem_cache_destroy(req_cache);
}
