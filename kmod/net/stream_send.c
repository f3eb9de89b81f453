// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to the peer: their queue, and how they survive a connection.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/stream.h"

#define FLUSH_MS	1000	/* close() */
#define POLL_MS		2	/* while it waits */

void ssi_stream_encode(const struct ssi_stream *st, u32 type,
		       struct ssi_wire *wire)
{
	const struct ssi_msg msg = {
		.type = type,
		.src = st->link.peer->node->id,
		.dst = st->link.peer->id,
	};

	ssi_wire_encode(wire, &msg);
}

struct ssi_stream_wait *ssi_stream_first(struct ssi_stream *st)
{
	return list_first_entry_or_null(&st->queue, struct ssi_stream_wait,
					list);
}

void ssi_stream_unqueue(struct ssi_stream *st, struct ssi_stream_wait *wait)
{
	lockdep_assert_held(&st->lock);
	list_del(&wait->list);
	if (!--st->queued)
		st->flush = false;
}

void ssi_stream_requeue(struct ssi_stream *st, struct list_head *waits, u32 nr)
{
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	list_splice(waits, &st->queue);
	st->queued += nr;
	spin_unlock_irqrestore(&st->lock, flags);
}

void ssi_stream_free_wait(struct ssi_stream *st, struct ssi_stream_wait *wait)
{
	mempool_free(wait, st->waits);
}

static void free_wait(struct ssi_stream *st, struct ssi_stream_wait *wait)
{
	if (wait->page)
		put_page(wait->page);
	ssi_stream_free_wait(st, wait);
}

void ssi_stream_free_list(struct ssi_stream *st, struct list_head *waits)
{
	struct ssi_stream_wait *wait, *next;

	list_for_each_entry_safe(wait, next, waits, list)
		free_wait(st, wait);
	INIT_LIST_HEAD(waits);
}

bool ssi_stream_is_due(const struct ssi_stream *st, u32 batch)
{
	lockdep_assert_held(&st->lock);
	return st->flush || st->queued >= batch;
}

static void pump(struct ssi_stream_conn *conn)
{
	if (conn->ready && !conn->dead)
		conn->carrier->pump(conn);
}

void ssi_stream_kick(struct ssi_stream_conn *conn)
{
	struct ssi_stream *st = conn->st;
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	pump(conn);
	spin_unlock_irqrestore(&st->lock, flags);
}

/* Softirq: the deferred messages have waited for their time limit. */
enum hrtimer_restart ssi_stream_timer(struct hrtimer *timer)
{
	struct ssi_stream_conn *conn = container_of(timer, struct ssi_stream_conn,
						    defer_timer);
	struct ssi_stream *st = conn->st;
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	conn->defer_armed = false;
	st->flush = st->queued;
	pump(conn);
	spin_unlock_irqrestore(&st->lock, flags);
	return HRTIMER_NORESTART;
}

/*
 * The first message that may be deferred sets the time limit for all messages
 * that are queued after it.
 */
static void arm_defer(struct ssi_stream_conn *conn, u64 defer_ns)
{
	if (!defer_ns)
		conn->st->flush = true;
	if (conn->st->flush || conn->defer_armed)
		return;
	conn->defer_armed = true;
	hrtimer_start(&conn->defer_timer, ns_to_ktime(defer_ns),
		      HRTIMER_MODE_REL_SOFT);
}

static int enqueue(struct ssi_stream *st, const struct ssi_wire *msg,
		   struct page *page, u32 len)
{
	struct ssi_stream_wait *wait = NULL;
	bool full = st->queued >= SSI_STREAM_QUEUE_MAX;

	if (!full)
		wait = mempool_alloc(st->waits, GFP_ATOMIC | __GFP_NOWARN);
	if (!wait) {
		if (page)
			put_page(page);
		return full ? -ENOBUFS : -ENOMEM;
	}
	wait->wire = *msg;
	wait->page = page;
	wait->len = len;
	list_add_tail(&wait->list, &st->queue);
	st->queued++;
	return 0;
}

/* The message is gone, so the link must not continue. */
static void message_lost(struct ssi_stream *st, int error)
{
	u32 id = st->link.peer->id;

	if (error == -ENOBUFS)
		ssi_link_change_state(&st->link, SSI_DSM_LINK_LOST,
				      "node %u does not take its messages: %u wait",
				      id, st->queued);
	else
		ssi_link_change_state(&st->link, SSI_DSM_LINK_LOST,
				      "out of memory for messages to node %u",
				      id);
	mod_delayed_work(ssi_conn_wq, &st->work, 0);
}

static bool can_go(struct ssi_stream_conn *conn)
{
	return conn && conn->credits &&
	       (!conn->carrier->can_post || conn->carrier->can_post(conn));
}

/*
 * Send or queue @msg. @conn is NULL if there is no connection at the moment.
 * Consumes the reference to @page.
 */
static void submit(struct ssi_stream *st, struct ssi_stream_conn *conn,
		   const struct ssi_wire *msg, struct page *page, u32 len,
		   u64 defer_ns)
{
	bool may_go = can_go(conn);
	int ret;

	if (!may_go && ssi_wire_is_hint(msg->type))
		return;
	if (may_go && !defer_ns && !st->queued && conn->carrier->post) {
		conn->carrier->post(conn, msg, page, len);
		return;
	}
	ret = enqueue(st, msg, page, len);
	if (ret) {
		message_lost(st, ret);
	} else if (conn) {
		arm_defer(conn, defer_ns);
		pump(conn);
	}
}

static int try_submit(struct ssi_stream *st, const struct ssi_wire *msg,
		      struct page *page, u32 len, u64 defer_ns)
{
	struct ssi_stream_conn *conn;
	unsigned long flags;
	bool possible;

	spin_lock_irqsave(&st->lock, flags);
	conn = st->conn;
	if (conn && (!conn->ready || conn->dead))
		conn = NULL;
	possible = ssi_stream_has_begun(st);
	if (possible)
		submit(st, conn, msg, page, len, defer_ns);
	spin_unlock_irqrestore(&st->lock, flags);
	return possible ? 0 : -ENOTCONN;
}

/*
 * A carrier may send in a softirq. Then it must run as soon as the caller enables
 * bottom halves. With them enabled, a thread would have to wake up.
 */
int ssi_stream_send(struct ssi_link *link, const struct ssi_wire *msg,
		    struct page *page, u32 len, u64 defer_ns)
{
	bool can_disable = !irqs_disabled();
	int ret;

	if (page && !len) {
		put_page(page);
		page = NULL;
	}
	if (can_disable)
		local_bh_disable();
	ret = try_submit(ssi_stream(link), msg, page, len, defer_ns);
	if (can_disable)
		local_bh_enable();
	if (ret) {
		if (page)
			put_page(page);
		return ret;
	}
	atomic64_inc(&link->tx_msgs);
	atomic64_add(SSI_STREAM_WIRE_LEN + len, &link->tx_bytes);
	return 0;
}

static void queue_bye(struct ssi_stream_conn *conn)
{
	struct ssi_stream *st = conn->st;
	struct ssi_wire wire;
	unsigned long flags;

	ssi_stream_encode(st, SSI_WIRE_BYE, &wire);
	spin_lock_irqsave(&st->lock, flags);
	if (!conn->dead)
		submit(st, conn, &wire, NULL, 0, 0);
	spin_unlock_irqrestore(&st->lock, flags);
}

static bool all_sent(struct ssi_stream_conn *conn)
{
	unsigned long flags;
	bool sent;

	spin_lock_irqsave(&conn->st->lock, flags);
	sent = conn->dead ||
	       (!conn->st->queued && conn->carrier->all_sent(conn));
	spin_unlock_irqrestore(&conn->st->lock, flags);
	return sent;
}

/* The caller has made sure that no other message is sent any more. */
void ssi_stream_bye(struct ssi_stream_conn *conn)
{
	unsigned long end = jiffies + msecs_to_jiffies(FLUSH_MS);

	queue_bye(conn);
	while (time_before(jiffies, end) &&
	       !wait_event_timeout(conn->progress, all_sent(conn),
				   msecs_to_jiffies(POLL_MS)))
		;
}

/* Free the first @nr entries of the queue. */
static void drop_waits(struct ssi_stream *st, u64 nr)
{
	struct ssi_stream_wait *wait;

	lockdep_assert_held(&st->lock);
	while (nr-- && (wait = ssi_stream_first(st))) {
		ssi_stream_unqueue(st, wait);
		free_wait(st, wait);
	}
}

bool ssi_stream_resume(struct ssi_stream *st, u64 received)
{
	unsigned long flags;
	bool possible;

	spin_lock_irqsave(&st->lock, flags);
	possible = received >= st->arrived && received <= st->sent;
	if (possible) {
		drop_waits(st, received - st->arrived);
		st->arrived = received;
		st->sent = received;
		st->flush = st->queued;
	}
	spin_unlock_irqrestore(&st->lock, flags);
	return possible;
}

void ssi_stream_drop(struct ssi_stream *st)
{
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	drop_waits(st, U64_MAX);
	spin_unlock_irqrestore(&st->lock, flags);
}

u32 ssi_stream_queued(const struct ssi_link *link)
{
	return READ_ONCE(container_of(link, struct ssi_stream, link)->queued);
}

int ssi_stream_send_init(struct ssi_stream *st)
{
	INIT_LIST_HEAD(&st->queue);
	st->waits = mempool_create_kmalloc_pool(SSI_STREAM_RESERVE,
						sizeof(struct ssi_stream_wait));
	return st->waits ? 0 : -ENOMEM;
}

void ssi_stream_send_exit(struct ssi_stream *st)
{
	ssi_stream_drop(st);
	mempool_destroy(st->waits);
}
