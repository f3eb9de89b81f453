// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and transactions under way.
 *
 * DOC: Theory of operation
 *
 * Three roles meet here, each with its part of a page's bucket:
 *
 * - Requester: a struct ssi_req per page that this node has asked for. Local
 *   faults open it and wait on the bucket; messages fill it.
 * - Home: the struct ssi_rx of the request being served is the transaction; it
 *   stays in bucket->txns until the requester's DONE, and later requests for
 *   the page wait in its pending list, first come first served.
 * - Holder: a FWDS, FWDX or INV waits in region->held for the end of the hold
 *   window, then either is answered at once or becomes page work on node->wq.
 *
 * Everything is decided under the bucket lock and sent after it is dropped;
 * the protocol does not depend on the order in which messages overtake each
 * other then. A message to this node itself takes the same way as any other,
 * by a call instead of a link. The depth of such calls is bounded: a request,
 * its grant, its DONE, and the grant of the next one.
 *
 * What arrives in a context that cannot allocate is moved to node->wq.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "coherence.h"
#include "gather.h"
#include "node.h"
#include "peer.h"
#include "pte.h"
#include "region.h"
#include "request.h"
#include "trace.h"
#include "transport.h"

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
 * @exclusive: asked with GETX
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

static struct page *entry_page(const struct ssi_page *entry)
{
	return entry->pfn ? pfn_to_page(entry->pfn) : NULL;
}

/* The one change function of a page's state. Bucket lock held. */
static void set_state(struct ssi_region *region, u64 index,
		      struct ssi_page *entry, u32 next)
{
	bool was_writable = ssi_page_writable(entry->state);
	bool was_readable = ssi_page_readable(entry->state);

	atomic64_add(ssi_page_writable(next) - was_writable,
		     &region->nr_exclusive);
	atomic64_add((ssi_page_readable(next) && !ssi_page_writable(next)) -
		     (was_readable && !was_writable), &region->nr_shared);
	trace_ssi_page_state(region->node->id, region->id, index, entry->state,
			     next);
	entry->state = next;
}

/* A peer sent what it must not: that costs it its link. */
static void violation(struct ssi_rx *rx, const char *what)
{
	struct ssi_region *region = rx->region;
	struct ssi_node *node = region->node;
	struct ssi_peer *peer = node->peers[rx->msg.src];

	/* A lost region has dropped what its messages refer to. */
	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return ssi_rx_free(rx);
	pr_warn_ratelimited("node %u: %s from node %u for page %llu of region %u: %s\n",
			    node->id, ssi_wire_type_name(rx->msg.type),
			    rx->msg.src, rx->msg.index, region->id, what);
	if (rx->msg.src != node->id && peer)
		ssi_link_change_state(peer->link, SSI_DSM_LINK_LOST,
				      "node %u broke the protocol: %s", peer->id,
				      what);
	else
		ssi_region_lose(region, node->id,
				"node %u found its own state broken: %s",
				node->id, what);
	ssi_rx_free(rx);
}

/* A message to ourselves takes the same way as any other. */
static void send_to_self(struct ssi_region *region, const struct ssi_msg *msg,
			 struct page *page)
{
	struct ssi_rx *rx = ssi_rx_alloc(GFP_ATOMIC);

	if (!rx) {
		if (page)
			put_page(page);
		ssi_region_lose(region, region->node->id,
				"node %u is out of memory", region->node->id);
		return;
	}
	kref_get(&region->ref);
	rx->region = region;
	rx->msg = *msg;
	rx->page = page;
	ssi_request_recv(rx);
}

/* Consumes the reference to @page. BH disabled. */
static void send(struct ssi_region *region, u32 dst, struct ssi_msg *msg,
		 struct page *page)
{
	msg->region = region->id;
	msg->src = region->node->id;
	msg->dst = dst;
	msg->len = page ? PAGE_SIZE : 0;
	if (dst == region->node->id)
		send_to_self(region, msg, page);
	else
		/* A link that is down loses the region; see peer.c. */
		ssi_peer_send(region->node, dst, msg, page);
}

static u32 to_usec(u64 ns)
{
	return min_t(u64, div_u64(ns, NSEC_PER_USEC), U32_MAX);
}

/* ---- holder ---- */

static void answer(struct ssi_rx *rx, struct page *page)
{
	struct ssi_region *region = rx->region;
	struct ssi_msg msg = {
		.index = rx->msg.index,
		.token = rx->msg.token,
		.time = rx->due ? to_usec(rx->due - rx->start) : 0,
	};
	u64 ns = ktime_get_ns() - rx->start;

	switch (rx->msg.type) {
	case SSI_WIRE_FWDS:
		msg.type = SSI_WIRE_DATAS;
		break;
	case SSI_WIRE_FWDX:
		msg.type = SSI_WIRE_DATAX;
		msg.arg = rx->msg.arg;
		break;
	default:
		msg.type = SSI_WIRE_ACK;
		put_page(page);
		page = NULL;
		break;
	}
	ssi_stats_add(region->stats, page ? SSI_DSM_CLASS_FORWARDED :
					    SSI_DSM_CLASS_INVALIDATION, ns);
	send(region, rx->msg.requester, &msg, page);
	ssi_rx_free(rx);
}

/* Unmap or write-protect, then answer. On node->wq. */
static void ssi_request_page_work(struct work_struct *work)
{
	struct ssi_rx *rx = container_of(work, struct ssi_rx, work);
	struct ssi_region *region = rx->region;
	u64 index = rx->msg.index;
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);
	struct page *page = entry_page(entry);
	struct ssi_step step;

	if (page && page_mapped(page) && rx->msg.type == SSI_WIRE_FWDX)
		ssi_gather_join_gang(region, index);
	if (!page) {	/* exclusive, never written: zero */
		page = alloc_page(GFP_HIGHUSER | __GFP_ZERO | __GFP_NOFAIL);
		ssi_pte_install(region, page, index);
	} else if (rx->msg.type == SSI_WIRE_FWDS) {
		ssi_pte_protect(region, page);
	} else {
		ssi_pte_unmap(region, page);
	}
	spin_lock_bh(&bucket->lock);
	step = ssi_coherence_step(entry->state, SSI_EV_LEFT);
	set_state(region, index, entry, step.next);
	if (ssi_page_readable(step.next)) {
		entry->pfn = page_to_pfn(page);
		get_page(page);
	} else {
		if (rx->exclusive && !ssi_pte_was_written(page))
			entry->migratory = false;
		entry->pfn = 0;
		page->mapping = NULL;
	}
	spin_unlock_bh(&bucket->lock);
	wake_up_all(&bucket->wait);
	local_bh_disable();
	answer(rx, page);
	local_bh_enable();
}

/* Held messages are sorted by the end of their window. BH disabled. */
static void hold(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_rx *pos;
	bool first;

	spin_lock(&region->held_lock);
	list_for_each_entry_reverse(pos, &region->held, list)
		if (pos->due <= rx->due)
			break;
	list_add(&rx->list, &pos->list);
	first = list_first_entry(&region->held, struct ssi_rx, list) == rx;
	if (first)
		hrtimer_start(&region->held_timer, ns_to_ktime(rx->due),
			      HRTIMER_MODE_ABS_SOFT);
	spin_unlock(&region->held_lock);
}

static u32 holder_event(u32 type)
{
	switch (type) {
	case SSI_WIRE_FWDS:
		return SSI_EV_FWDS;
	case SSI_WIRE_FWDX:
		return SSI_EV_FWDX;
	default:
		return SSI_EV_INV;
	}
}

/* FWDS, FWDX, INV */
static void holder_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	u64 index = rx->msg.index;
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);
	struct page *page = NULL;
	struct ssi_step step;

	if (!entry)
		return violation(rx, "the page was never here");
	spin_lock(&bucket->lock);
	step = ssi_coherence_step(entry->state, holder_event(rx->msg.type));
	if (step.action == SSI_ACT_WORK && ssi_gather_must_hold(region, entry, rx)) {
		spin_unlock(&bucket->lock);
		return hold(region, rx);
	}
	rx->exclusive = entry->state == SSI_PAGE_E;
	if (step.action != SSI_ACT_ERROR)
		set_state(region, index, entry, step.next);
	if (step.action == SSI_ACT_SUPPLY) {
		page = entry_page(entry);
		get_page(page);
	}
	spin_unlock(&bucket->lock);

	switch (step.action) {
	case SSI_ACT_SUPPLY:
		return answer(rx, page);
	case SSI_ACT_WORK:
		INIT_WORK(&rx->work, ssi_request_page_work);
		queue_work(region->node->wq, &rx->work);
		return;
	default:
		return violation(rx, "the page is not here");
	}
}

static struct ssi_rx *pop_due(struct ssi_region *region)
{
	struct ssi_rx *rx;

	spin_lock(&region->held_lock);
	rx = list_first_entry_or_null(&region->held, struct ssi_rx, list);
	if (rx && rx->due > ktime_get_ns()) {
		hrtimer_start(&region->held_timer, ns_to_ktime(rx->due),
			      HRTIMER_MODE_ABS_SOFT);
		rx = NULL;
	}
	if (rx)
		list_del_init(&rx->list);
	spin_unlock(&region->held_lock);
	return rx;
}

/* Softirq. */
enum hrtimer_restart ssi_request_held_timer(struct hrtimer *timer)
{
	struct ssi_region *region =
		container_of(timer, struct ssi_region, held_timer);
	struct ssi_rx *rx;

	while ((rx = pop_due(region)))
		holder_recv(region, rx);
	return HRTIMER_NORESTART;
}

/* ---- home ---- */

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
		send(region, request->src, &msg, NULL);
	}
	msg.arg = 0;
	msg.requester = request->src;
	msg.time = request->time;
	if (plan->forward) {
		msg.type = plan->exclusive ? SSI_WIRE_FWDX : SSI_WIRE_FWDS;
		msg.arg = plan->exclusive ? plan->acks : 0;
		send(region, owner, &msg, NULL);
	}
	msg.arg = 0;
	msg.type = SSI_WIRE_INV;
	for (dst = 0; dst < SSI_DSM_MAX_NODES; dst++)
		if (plan->inv & BIT(dst))
			send(region, dst, &msg, NULL);
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
		return violation(rx, "the requester has the page already");
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
		return violation(rx, "no such transaction");
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
		violation(done, "the requester has the page already");
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
static void ssi_request_home_work(struct work_struct *work)
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
static void home_recv(struct ssi_region *region, struct ssi_rx *rx)
{
	struct ssi_dir *dir;

	if (ssi_region_home(region, rx->msg.index) != region->node->id)
		return violation(rx, "this is not the page's home");
	dir = ssi_region_dir(region, rx->msg.index, GFP_ATOMIC | __GFP_NOWARN);
	if (dir)
		return home_dispatch(region, rx, dir);
	INIT_WORK(&rx->work, ssi_request_home_work);
	queue_work(region->node->wq, &rx->work);
}

/* ---- requester ---- */

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
	entry->pfn = page_to_pfn(rx->page);
	rx->page = NULL;
}

/* The request is complete: free it, tell the home, let the waiters run. */
static void finish(struct ssi_region *region, struct ssi_req *req,
		   struct ssi_bucket *bucket)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_DONE,
		.index = req->index,
		.token = req->token,
	};
	u64 ns = ktime_get_ns() - req->start;
	u64 held = req->held * (u64)NSEC_PER_USEC;

	ssi_gather_end(region, req->start + ns);
	wake_up_all(&bucket->wait);
	ssi_stats_add(region->stats, req->class, ns);
	if (req->class != SSI_DSM_CLASS_FIRST_TOUCH && held < ns)
		ssi_gather_learn(region, ns - held);
	kmem_cache_free(req_cache, req);
	send(region, ssi_region_home(region, msg.index), &msg, NULL);
}

/* DATAS, DATAX, GRANT, ZERO, ACK */
static void requester_recv(struct ssi_region *region, struct ssi_rx *rx)
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
		set_state(region, index, entry, step.next);
		take_data(region, entry, rx);
	}
	if (step.action == SSI_ACT_FINISH) {
		entry->came = ssi_page_tick(ktime_get_ns());
		list_del(&req->list);
	}
	spin_unlock(&bucket->lock);

	if (step.action == SSI_ACT_ERROR)
		return violation(rx, "nobody here waits for it");
	if (step.action == SSI_ACT_FINISH)
		finish(region, req, bucket);
	ssi_rx_free(rx);
}

/* ---- from the links, and from ourselves ---- */

void ssi_request_recv(struct ssi_rx *rx)
{
	struct ssi_region *region = rx->region;

	rx->start = ktime_get_ns();
	if (rx->msg.index >= region->size >> PAGE_SHIFT)
		return violation(rx, "the page is outside the region");
	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return ssi_rx_free(rx);
	trace_ssi_message(region->node->id, &rx->msg);
	local_bh_disable();
	switch (rx->msg.type) {
	case SSI_WIRE_GETS:
	case SSI_WIRE_GETX:
	case SSI_WIRE_DONE:
		home_recv(region, rx);
		break;
	case SSI_WIRE_FWDS:
	case SSI_WIRE_FWDX:
	case SSI_WIRE_INV:
		if (ssi_region_home(region, rx->msg.index) != rx->msg.src ||
		    !(region->members & BIT(rx->msg.requester)))
			violation(rx, "it is not from the page's home");
		else
			holder_recv(region, rx);
		break;
	default:
		requester_recv(region, rx);
		break;
	}
	local_bh_enable();
}

/* ---- local faults ---- */

/* Open a request for what the table says. Bucket lock held, BH disabled. */
static void open_request(struct ssi_region *region, struct ssi_bucket *bucket,
			 struct ssi_req *req, u64 index, u32 action)
{
	*req = (struct ssi_req){
		.index = index,
		.token = atomic_inc_return(&region->token),
		.start = ktime_get_ns(),
		.exclusive = action == SSI_ACT_GETX,
		.class = action == SSI_ACT_GETS ? SSI_DSM_CLASS_READ_REMOTE :
						  SSI_DSM_CLASS_WRITE_REMOTE,
	};
	list_add(&req->list, &bucket->reqs);
	ssi_gather_begin(region, req->start);
}

/* A page in E that nobody has written: give it memory. */
static int fill_zero(struct ssi_region *region, struct ssi_bucket *bucket,
		     struct ssi_page *entry, u64 index)
{
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_ZERO |
				       __GFP_ACCOUNT);

	if (!page)
		return -ENOMEM;
	spin_lock_bh(&bucket->lock);
	if (entry->state == SSI_PAGE_E && !entry->pfn) {
		ssi_pte_install(region, page, index);
		entry->pfn = page_to_pfn(page);
		page = NULL;
	}
	spin_unlock_bh(&bucket->lock);
	if (page)
		put_page(page);
	return 0;
}

/*
 * What to look up in the table. Data that was read and then written here last
 * time most likely will be again: the read asks for it exclusively.
 */
static u32 access_event(struct ssi_page *entry, u32 event)
{
	if (entry->state == SSI_PAGE_S && event == SSI_EV_STORE)
		entry->migratory = true;
	if (entry->state == SSI_PAGE_I && entry->migratory)
		return SSI_EV_STORE;
	return event;
}

/* One look at the table. -EINPROGRESS: a request was opened with @req. */
static int try_access(struct ssi_region *region, struct ssi_bucket *bucket,
		      struct ssi_page *entry, struct ssi_req *req, u64 index,
		      u32 event, struct page **page)
{
	struct ssi_step step;

	step = ssi_coherence_step(entry->state, access_event(entry, event));
	switch (step.action) {
	case SSI_ACT_HIT:
		*page = entry_page(entry);
		if (!*page)
			return -ENODATA;
		get_page(*page);
		return 0;
	case SSI_ACT_WAIT:
		return -EAGAIN;
	default:
		if (!req)
			return -ENOBUFS;
		open_request(region, bucket, req, index, step.action);
		set_state(region, index, entry, step.next);
		return -EINPROGRESS;
	}
}

static void send_request(struct ssi_region *region, u64 index, u32 token,
			 bool exclusive)
{
	struct ssi_msg msg = {
		.type = exclusive ? SSI_WIRE_GETX : SSI_WIRE_GETS,
		.index = index,
		.token = token,
		.time = to_usec(ssi_gather_age_ns(region)),
	};

	ssi_gather_remember(region);
	local_bh_disable();
	send(region, ssi_region_home(region, index), &msg, NULL);
	local_bh_enable();
}

/* Open a request for a page that nobody waits for, if it is not here. */
static void fetch_exclusively(struct ssi_region *region, u64 index)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);
	struct ssi_req *req = kmem_cache_alloc(req_cache, GFP_KERNEL);
	u32 token = 0;

	if (!req)
		return;
	spin_lock_bh(&bucket->lock);
	if (entry && entry->state == SSI_PAGE_I &&
	    READ_ONCE(region->state) == SSI_DSM_REGION_READY) {
		open_request(region, bucket, req, index, SSI_ACT_GETX);
		set_state(region, index, entry,
			  ssi_coherence_step(SSI_PAGE_I, SSI_EV_STORE).next);
		token = req->token;
		req = NULL;
	}
	spin_unlock_bh(&bucket->lock);
	if (req)
		kmem_cache_free(req_cache, req);
	else
		send_request(region, index, token, true);
}

/* Ask for the other pages that were handed over with @index, too. */
static void fetch_gang(struct ssi_region *region, u64 index)
{
	u64 gang[SSI_GANG];
	u32 i;

	if (!ssi_gather_call_gang(region, index, gang))
		return;
	for (i = 0; i < SSI_GANG; i++)
		if (gang[i] && gang[i] != index + 1)
			fetch_exclusively(region, gang[i] - 1);
}

int ssi_request_access(struct ssi_region *region, u64 index, u32 event,
		       struct page **page)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, GFP_KERNEL);
	u64 start = ktime_get_ns();
	struct ssi_req *req = NULL;
	bool was_here = true;
	bool exclusive;
	u32 token;
	int ret;

	if (!entry)
		return -ENOMEM;
	for (;;) {
		if (READ_ONCE(region->state) != SSI_DSM_REGION_READY) {
			ret = READ_ONCE(region->state) ==
			      SSI_DSM_REGION_WAITING ? -EAGAIN : -EIO;
			break;
		}
		spin_lock_bh(&bucket->lock);
		ret = try_access(region, bucket, entry, req, index, event,
				 page);
		if (ret == -EINPROGRESS) {
			exclusive = req->exclusive;
			token = req->token;
			req = NULL;
		}
		spin_unlock_bh(&bucket->lock);

		if (ret == -ENODATA) {
			ret = fill_zero(region, bucket, entry, index);
		} else if (ret == -ENOBUFS) {
			req = kmem_cache_alloc(req_cache, GFP_KERNEL);
			ret = req ? 0 : -ENOMEM;
		} else if (ret == -EINPROGRESS) {
			send_request(region, index, token, exclusive);
			fetch_gang(region, index);
			was_here = false;
			ret = 0;	/* home may be here: look again */
		} else {
			break;
		}
		if (ret)
			break;
	}
	if (req)
		kmem_cache_free(req_cache, req);
	if (!ret && was_here)
		ssi_stats_add(region->stats, SSI_DSM_CLASS_LOCAL,
			      ktime_get_ns() - start);
	return ret;
}

bool ssi_request_still(struct ssi_region *region, u64 index, u32 event,
		       struct page *page)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);
	bool still;

	spin_lock_bh(&bucket->lock);
	still = entry->pfn == page_to_pfn(page) &&
		ssi_coherence_step(entry->state, event).action == SSI_ACT_HIT;
	spin_unlock_bh(&bucket->lock);
	return still;
}

/* Whether waiting is over, one way or the other. */
static bool worth_a_try(struct ssi_region *region, const struct ssi_page *entry,
			u32 event)
{
	u32 state = READ_ONCE(region->state);

	if (state != SSI_DSM_REGION_READY)
		return state != SSI_DSM_REGION_WAITING;
	return ssi_coherence_step(entry->state, event).action != SSI_ACT_WAIT;
}

static bool spin_for_it(struct ssi_region *region, const struct ssi_page *entry,
			u32 event)
{
	u64 end;

	if (num_online_cpus() == 1 || !READ_ONCE(region->spin_us))
		return false;
	end = ktime_get_ns() + READ_ONCE(region->spin_us) * 1000ull;
	do {
		if (worth_a_try(region, entry, event))
			return true;
		cpu_relax();
		barrier();
	} while (!need_resched() && ktime_get_ns() < end);
	return false;
}

int ssi_request_wait(struct ssi_region *region, u64 index, u32 event)
{
	struct ssi_bucket *bucket = ssi_region_bucket(region, index);
	struct ssi_page *entry = ssi_region_page(region, index, 0);

	if (spin_for_it(region, entry, event))
		return 0;
	return wait_event_killable(bucket->wait,
				   worth_a_try(region, entry, event)) ?
	       -EINTR : 0;
}

/* ---- the end ---- */

static void purge_bucket(struct ssi_bucket *bucket, struct list_head *rxs)
{
	struct ssi_req *req, *next_req;
	struct ssi_rx *txn;

	spin_lock_bh(&bucket->lock);
	list_for_each_entry(txn, &bucket->txns, list)
		list_splice_init(&txn->pending, rxs);
	list_splice_init(&bucket->txns, rxs);
	list_for_each_entry_safe(req, next_req, &bucket->reqs, list) {
		list_del(&req->list);
		kmem_cache_free(req_cache, req);
	}
	spin_unlock_bh(&bucket->lock);
	wake_up_all(&bucket->wait);
}

/*
 * The region is LOST, so nothing is added any more but by those who looked at
 * the state before; they are in BH-disabled sections, which the caller waits
 * for (synchronize_rcu()).
 */
void ssi_request_purge(struct ssi_region *region)
{
	struct ssi_rx *rx, *next;
	LIST_HEAD(rxs);
	u32 i;

	hrtimer_cancel(&region->held_timer);
	for (i = 0; i < ARRAY_SIZE(region->buckets); i++)
		purge_bucket(&region->buckets[i], &rxs);
	spin_lock_bh(&region->held_lock);
	list_splice_init(&region->held, &rxs);
	spin_unlock_bh(&region->held_lock);
	list_for_each_entry_safe(rx, next, &rxs, list)
		ssi_rx_free(rx);
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
