// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requester: pages that this node wants. The theory of operation is in
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
#include "engine/home.h"
#include "engine/message.h"
#include "engine/request.h"
#include "memory/huge.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/transport.h"
#include "protocol/coherence.h"

/**
 * struct ssi_req - a page this node has asked for
 * @list: in bucket->reqs
 * @index: page index
 * @token: echoed by everybody who serves it
 * @start: ktime in ns when it was opened
 * @acked: nodes whose ack came
 * @held: the longest that a holder kept us waiting, in us
 * @acks: acks still expected; negative while they come before the grant
 * @granted: DATAS, DATAX, GRANT or ZERO came
 * @exclusive: asked with GETX or UPGRADE
 * @class: enum ssi_dsm_class, as far as known
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
	u32 class;
};

static struct kmem_cache *req_cache;

struct ssi_req *ssi_request_alloc(gfp_t gfp)
{
	if (ssi_alloc_fails(SSI_ALLOC_REQUEST))
		return NULL;
	return kmem_cache_alloc(req_cache, ssi_alloc_gfp(gfp));
}

void ssi_request_free(struct ssi_req *req)
{
	kmem_cache_free(req_cache, req);
}

u32 ssi_request_token(const struct ssi_req *req)
{
	return req->token;
}

static struct ssi_req *find_req(struct ssi_bucket *bucket, u64 index)
{
	struct ssi_req *req;

	list_for_each_entry(req, &bucket->reqs, list)
		if (req->index == index)
			return req;
	return NULL;
}

/* Which event a message is, and what it says of acks. -1: out of place. */
static int requester_event(struct ssi_req *req, const struct ssi_msg *msg,
			   u32 state)
{
	bool has_copy = state == SSI_PAGE_SX;

	req->held = max(req->held, msg->time);
	if (msg->type == SSI_WIRE_ACK) {
		if (req->acked & BIT(msg->src))
			return -1;
		req->acked |= BIT(msg->src);
		req->acks--;
		return req->granted && !req->acks ? SSI_EV_ACKED : SSI_EV_ACK;
	}
	if (req->granted)
		return -1;
	req->granted = true;
	req->acks += msg->arg;
	switch (msg->type) {
	case SSI_WIRE_DATAS:
		return req->exclusive ? -1 : SSI_EV_FILLS;
	case SSI_WIRE_ZERO:
		req->class = SSI_DSM_CLASS_FIRST_TOUCH;
		return has_copy || req->acks ? -1 : SSI_EV_FILLX;
	case SSI_WIRE_GRANT:
		req->class = SSI_DSM_CLASS_UPGRADE;
		if (!has_copy)
			return -1;
		break;
	default:	/* DATAX */
		if (!req->exclusive || has_copy)
			return -1;
	}
	if (req->acks < 0)
		return -1;
	return req->acks ? SSI_EV_FILLA : SSI_EV_FILLX;
}

static void take_data(struct ssi_region *region, struct ssi_page *entry,
		      struct ssi_rx *rx)
{
	if (!rx->page)
		return;
	ssi_pte_install(region, rx->page, rx->msg.index);
	ssi_region_set_data(region, rx->msg.index, entry, rx->page);
	rx->page = NULL;
}

/* To the home of the page that @msg is about. BH disabled. */
static void send_home(struct ssi_region *region, struct ssi_msg *msg,
		      bool deferrable)
{
	u32 home = ssi_region_home(region, msg->index);

	if (deferrable)
		ssi_message_send_deferrable(region, home, msg);
	else
		ssi_message_send(region, home, msg, NULL);
}

/* The request is complete: free it, tell the home, let the waiters run. */
static void finish(struct ssi_region *region, struct ssi_req *req,
		   struct ssi_bucket *bucket)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_UNBLOCK,
		.index = req->index,
		.token = req->token,
	};
	u64 ns = ktime_get_ns() - req->start;
	u64 held = req->held * (u64)NSEC_PER_USEC;
	bool copy = !req->exclusive;

	ssi_gather_end(region, req->start + ns);
	wake_up_all(&bucket->wait);
	ssi_stats_add(region->stats, req->class, ns);
	if (req->class != SSI_DSM_CLASS_FIRST_TOUCH && held < ns)
		ssi_gather_learn(region, ns - held);
	kmem_cache_free(req_cache, req);
	/* While others are under way, what is asked for next can take it along. */
	send_home(region, &msg, copy && atomic_read(&region->outstanding));
}

/* DATAS, DATAX, GRANT, ZERO, ACK */
void ssi_request_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	u64 index = rx->msg.index;
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);
	struct ssi_step step = { .action = SSI_ACT_ERROR };
	struct ssi_req *req;
	int event = -1;

	spin_lock(&bucket->lock);
	req = find_req(bucket, index);
	if (entry && req && req->token == rx->msg.token)
		event = requester_event(req, &rx->msg, entry->state);
	if (event >= 0)
		step = ssi_coherence_step(entry->state, event);
	if (step.action != SSI_ACT_ERROR) {
		ssi_region_set_page_state(region, index, entry, step.next);
		take_data(region, entry, rx);
	}
	if (step.action == SSI_ACT_FINISH) {
		entry->granted_at = ssi_page_tick(ktime_get_ns());
		list_del(&req->list);
	}
	spin_unlock(&bucket->lock);

	if (step.action == SSI_ACT_ERROR)
		return ssi_message_violation(rx, "nobody here waits for it");
	if (step.action == SSI_ACT_FINISH)
		finish(region, req, bucket);
	ssi_rx_free(rx);
}

/* Unique on this node, and tells the bucket: see ssi_request_find(). */
static u32 new_token(struct ssi_region *region, struct ssi_bucket *bucket)
{
	u32 token = atomic_inc_return(&region->node->token);

	return (token << SSI_BUCKETS_SHIFT | (bucket - region->buckets)) &
	       SSI_WIRE_TOKEN_MAX;
}

bool ssi_request_find(struct ssi_region *region, u32 token, u64 *index)
{
	struct ssi_bucket *bucket;
	struct ssi_req *req;
	bool found = false;

	bucket = &region->buckets[token % ARRAY_SIZE(region->buckets)];
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

/* Open a request for what the table says. Bucket lock held, BH disabled. */
void ssi_request_open(struct ssi_region *region, struct ssi_bucket *bucket,
		      struct ssi_req *req, u64 index, u32 action)
{
	*req = (struct ssi_req){
		.index = index,
		.token = new_token(region, bucket),
		.start = ktime_get_ns(),
		.exclusive = action != SSI_ACT_GETS,
		.class = action == SSI_ACT_GETS ? SSI_DSM_CLASS_READ_REMOTE :
						  SSI_DSM_CLASS_WRITE_REMOTE,
	};
	list_add(&req->list, &bucket->reqs);
	ssi_gather_begin(region, req->start);
}

/*
 * BH disabled. @action: what the table said; see open_request(). @more: others
 * follow, and nobody waits for this one yet.
 */
void ssi_request_send(struct ssi_region *region, u64 index, u32 token,
		      u32 action, bool more)
{
	struct ssi_msg msg = {
		.type = action == SSI_ACT_GETS ? SSI_WIRE_GETS :
			action == SSI_ACT_GETX ? SSI_WIRE_GETX :
						 SSI_WIRE_UPGRADE,
		.index = index,
		.token = token,
		.time = ssi_message_usec(ssi_gather_age_ns(region)),
	};

	send_home(region, &msg, more);
}

static bool opens_request(u32 action)
{
	return action == SSI_ACT_GETS || action == SSI_ACT_GETX ||
	       action == SSI_ACT_UPGRADE;
}

/*
 * Ask for a page that nobody waits for, if @event needs it asked for. What
 * cannot be allocated with @gfp is not asked for. @more: others follow.
 */
void ssi_request_fetch(struct ssi_region *region, u64 index, u32 event, gfp_t gfp,
		       bool more)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, gfp);
	struct ssi_req *req = ssi_request_alloc(gfp);
	struct ssi_step step;
	u32 token = 0;

	if (!req || !entry)
		goto out_free;
	local_bh_disable();
	spin_lock(&bucket->lock);
	step = ssi_coherence_step(entry->state, event);
	if (opens_request(step.action) &&
	    READ_ONCE(region->state) == SSI_DSM_REGION_READY) {
		ssi_request_open(region, bucket, req, index, step.action);
		ssi_region_set_page_state(region, index, entry, step.next);
		token = req->token;
		req = NULL;
	}
	spin_unlock(&bucket->lock);
	if (!req)
		ssi_request_send(region, index, token, step.action, more);
	local_bh_enable();
out_free:
	if (req)
		kmem_cache_free(req_cache, req);
}

void ssi_request_take_home(struct ssi_region *region, u64 index)
{
	ssi_request_fetch(region, index, SSI_EV_STORE, GFP_ATOMIC | __GFP_NOWARN,
			  false);
}

void ssi_request_purge(struct ssi_bucket *bucket)
{
	struct ssi_req *req, *next;

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
