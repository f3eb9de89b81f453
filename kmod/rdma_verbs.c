// SPDX-License-Identifier: GPL-2.0-only
/*
 * One RDMA connection: queue pair, buffers, credits.
 */

/**
 * DOC: Theory of operation
 *
 * A message is one SEND of a 64-byte header and, perhaps, up to a page. A
 * receive buffer scatters into a header of ours and a whole free page, so that
 * the page that arrives is the page that is used: it is unmapped, handed up
 * with the message, and the buffer is posted again with another. Nobody gets
 * an rkey: the protection domain has no memory region that the other side
 * could name. Of a page handed up only the first rx->len bytes were received;
 * the rest is whatever the page held before, and must not be shown to anybody.
 *
 * Credits. The hello grants the other side one credit for each receive buffer
 * but for a reserve. A message takes a credit; it is given back, in the
 * credits field of whatever goes the other way, when a buffer has been posted
 * in its place, so posted buffers are never fewer than credits out there plus
 * the reserve, and receiver-not-ready never happens. If nothing goes the other
 * way, a message of type CREDIT does when OWED_MAX have gathered. It takes no
 * credit: the reserve has room for it, because credits that its receiver has
 * not yet seen cannot be used and so cannot be owed again; no more than
 * CREDITS / OWED_MAX such messages are under way at once. Their buffers need
 * no new page, so they come back even without memory.
 *
 * Sending. A message is posted at once if a credit and a slot are there and no
 * other waits; else it waits in tx_queue. tx_pump() runs whenever a credit
 * or a slot comes back.
 *
 * Receiving. All completions come from one CQ, polled in softirq, one at a
 * time; that is what keeps the order. The first messages may overtake the
 * event that says that the connection stands: they wait in conn->early until
 * ssi_rdma_verbs_open() has handed them up.
 *
 * Death. Whoever sees an error marks the connection dead under rl->lock (only
 * the first one counts), tells the link's state, and queues rl->work, which
 * takes the connection off the link and tears it down. The order there:
 * dead is set, so no work refills; the drain waits until every callback that
 * might have posted a buffer is over; callbacks stop with the CQ; only then is
 * anything unmapped or freed.
 *
 * rl->lock is held while posting sends, which is what keeps their order, and
 * never while calling up.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "rdma_verbs.h"
#include "node.h"
#include "peer.h"

#define OWED_MAX	(SSI_RDMA_RX_DEPTH / 4)
static_assert(SSI_RDMA_CREDITS / OWED_MAX < SSI_RDMA_RX_RESERVE);

#define WIRE_LEN	((u32)sizeof(struct ssi_wire))

/**
 * struct ssi_rdma_wait - a message that waits for a credit or a slot
 * @list: in conn->tx_queue
 * @wire: header
 * @page: payload, with a reference, or NULL
 * @len: bytes of it
 */
struct ssi_rdma_wait {
	struct list_head list;
	struct ssi_wire wire;
	struct page *page;
	u32 len;
};

/* Death of a connection */

__printf(2, 0)
static bool mark_dead(struct ssi_rdma_conn *conn, const char *fmt, va_list args)
{
	lockdep_assert_held(&conn->rl->lock);
	if (conn->dead)
		return false;
	WRITE_ONCE(conn->dead, true);
	vscnprintf(conn->rl->reason, sizeof(conn->rl->reason), fmt, args);
	wake_up(&conn->arrived);
	return true;
}

__printf(2, 3)
static bool mark_dead_because(struct ssi_rdma_conn *conn, const char *fmt, ...)
{
	va_list args;
	bool first;

	va_start(args, fmt);
	first = mark_dead(conn, fmt, args);
	va_end(args);
	return first;
}

static bool link_says(struct ssi_link *link, u32 state, const char *reason)
{
	unsigned long flags;
	bool same;

	spin_lock_irqsave(&link->lock, flags);
	same = link->state == state && !strcmp(link->reason, reason);
	spin_unlock_irqrestore(&link->lock, flags);
	return same;
}

/*
 * Only the link is touched: the connection may be gone already. A link that
 * was never up is tried again, with the same result most of the time: no
 * events then.
 */
static void tell_dead(struct ssi_rdma_link *rl, u32 state)
{
	char reason[sizeof(rl->reason)];
	unsigned long flags;

	spin_lock_irqsave(&rl->lock, flags);
	strscpy(reason, rl->reason, sizeof(reason));
	spin_unlock_irqrestore(&rl->lock, flags);

	if (!ssi_link_change_state(&rl->link, SSI_DSM_LINK_LOST, "%s",
				   reason) &&
	    rl->active && !link_says(&rl->link, state, reason)) {
		ssi_link_change_state(&rl->link, SSI_DSM_LINK_CONNECTING, "%s", "");
		ssi_link_change_state(&rl->link, state, "%s", reason);
	}
	mod_delayed_work(system_unbound_wq, &rl->work, 0);
}

void ssi_rdma_verbs_fail(struct ssi_rdma_conn *conn, u32 state,
			 const char *fmt, ...)
{
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;
	va_list args;
	bool first;

	va_start(args, fmt);
	spin_lock_irqsave(&rl->lock, flags);
	first = mark_dead(conn, fmt, args);
	spin_unlock_irqrestore(&rl->lock, flags);
	va_end(args);
	if (first)
		tell_dead(rl, state);
}

/* A flushed request only follows from a death that is known by other means. */
static void completion_failed(struct ssi_rdma_conn *conn, const char *what,
			      const struct ib_wc *wc)
{
	if (wc->status != IB_WC_WR_FLUSH_ERR)
		ssi_rdma_verbs_fail(conn, SSI_DSM_LINK_DOWN,
				    "%s node %u failed: %s", what,
				    conn->rl->link.peer->id,
				    ib_wc_status_msg(wc->status));
}

/* Sending */

static int tx_map(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx,
		  struct page *page, u32 len)
{
	struct ib_device *dev = conn->pd->device;

	tx->page_dma = ib_dma_map_page(dev, page, 0, len, DMA_TO_DEVICE);
	if (ib_dma_mapping_error(dev, tx->page_dma)) {
		put_page(page);
		return -ENOMEM;
	}
	tx->page = page;
	tx->len = len;
	return 0;
}

static void tx_unmap(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx)
{
	if (!tx->page)
		return;
	ib_dma_unmap_page(conn->pd->device, tx->page_dma, tx->len,
			  DMA_TO_DEVICE);
	put_page(tx->page);
	tx->page = NULL;
}

/*
 * Post @msg in a free slot. Consumes the reference to @page. After an error
 * the connection is dead, so the slot is not put back.
 */
static int tx_post(struct ssi_rdma_conn *conn, const struct ssi_wire *msg,
		   struct page *page, u32 len)
{
	struct ssi_rdma_tx *tx = list_first_entry(&conn->tx_free,
						  struct ssi_rdma_tx, list);
	u32 lkey = conn->pd->local_dma_lkey;
	struct ib_sge sge[2] = { { tx->wire_dma, WIRE_LEN, lkey } };
	struct ib_send_wr wr = {
		.wr_cqe = &tx->cqe,
		.sg_list = sge,
		.num_sge = page ? 2 : 1,
		.opcode = IB_WR_SEND,
		.send_flags = IB_SEND_SIGNALED,
	};
	int ret;

	lockdep_assert_held(&conn->rl->lock);
	list_del(&tx->list);
	if (page) {
		ret = tx_map(conn, tx, page, len);
		if (ret)
			return ret;
		sge[1] = (struct ib_sge){ tx->page_dma, len, lkey };
	}
	*tx->wire = *msg;
	tx->wire->credits = cpu_to_le32(conn->owed);
	conn->owed = 0;
	ib_dma_sync_single_for_device(conn->pd->device, tx->wire_dma, WIRE_LEN,
				      DMA_TO_DEVICE);
	return ib_post_send(conn->qp, &wr, NULL);
}

static int tx_post_credit(struct ssi_rdma_conn *conn)
{
	const struct ssi_peer *peer = conn->rl->link.peer;
	const struct ssi_msg msg = {
		.type = SSI_WIRE_CREDIT,
		.src = peer->node->id,
		.dst = peer->id,
	};
	struct ssi_wire wire;

	ssi_wire_encode(&wire, &msg);
	return tx_post(conn, &wire, NULL, 0);
}

static int tx_post_wait(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_wait *wait = list_first_entry(&conn->tx_queue,
						      struct ssi_rdma_wait,
						      list);
	int ret;

	list_del(&wait->list);
	conn->credits--;
	ret = tx_post(conn, &wait->wire, wait->page, wait->len);
	mempool_free(wait, conn->waits);
	return ret;
}

static bool tx_failed(struct ssi_rdma_conn *conn, int error)
{
	if (error == -ENOMEM)
		return mark_dead_because(conn, "out of memory for messages to node %u",
					 conn->rl->link.peer->id);
	return mark_dead_because(conn, "posting a message to node %u failed: error %d",
				 conn->rl->link.peer->id, error);
}

/* Post whatever can be. True if that killed the connection: tell_dead(). */
static bool tx_pump(struct ssi_rdma_conn *conn)
{
	int ret = 0;

	lockdep_assert_held(&conn->rl->lock);
	while (!ret && conn->ready && !conn->dead &&
	       !list_empty(&conn->tx_free)) {
		if (conn->credits && !list_empty(&conn->tx_queue))
			ret = tx_post_wait(conn);
		else if (conn->owed >= OWED_MAX)
			ret = tx_post_credit(conn);
		else
			break;
	}
	return ret && tx_failed(conn, ret);
}

static void tx_kick(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;
	bool died;

	spin_lock_irqsave(&rl->lock, flags);
	died = tx_pump(conn);
	spin_unlock_irqrestore(&rl->lock, flags);
	if (died)
		tell_dead(rl, SSI_DSM_LINK_DOWN);
}

static void tx_completed(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx)
{
	lockdep_assert_held(&conn->rl->lock);
	list_add(&tx->list, &conn->tx_free);
	if (tx->wire->type != SSI_WIRE_CREDIT)
		conn->tx_arrived++;
	if (wq_has_sleeper(&conn->arrived))
		wake_up(&conn->arrived);
}

static void ssi_rdma_verbs_tx_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct ssi_rdma_conn *conn = cq->cq_context;
	struct ssi_rdma_tx *tx = container_of(wc->wr_cqe, struct ssi_rdma_tx,
					      cqe);
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;
	bool died;

	tx_unmap(conn, tx);
	if (wc->status != IB_WC_SUCCESS) {
		completion_failed(conn, "sending to", wc);
		return;
	}
	spin_lock_irqsave(&rl->lock, flags);
	tx_completed(conn, tx);
	died = tx_pump(conn);
	spin_unlock_irqrestore(&rl->lock, flags);
	if (died)
		tell_dead(rl, SSI_DSM_LINK_DOWN);
}

static int tx_enqueue(struct ssi_rdma_conn *conn, const struct ssi_wire *msg,
		      struct page *page, u32 len)
{
	struct ssi_rdma_wait *wait = mempool_alloc(conn->waits,
						   GFP_ATOMIC | __GFP_NOWARN);

	if (!wait) {
		if (page)
			put_page(page);
		return -ENOMEM;
	}
	wait->wire = *msg;
	wait->page = page;
	wait->len = len;
	list_add_tail(&wait->list, &conn->tx_queue);
	return 0;
}

/* True if that killed the connection. Consumes the reference to @page. */
static bool tx_submit(struct ssi_rdma_conn *conn, const struct ssi_wire *msg,
		      struct page *page, u32 len)
{
	int ret;

	conn->tx_taken++;
	if (!conn->credits || list_empty(&conn->tx_free) ||
	    !list_empty(&conn->tx_queue)) {
		ret = tx_enqueue(conn, msg, page, len);
	} else {
		conn->credits--;
		ret = tx_post(conn, msg, page, len);
	}
	return ret && tx_failed(conn, ret);
}

int ssi_rdma_verbs_send(struct ssi_link *link, const struct ssi_wire *msg,
			struct page *page, u32 len)
{
	struct ssi_rdma_link *rl = ssi_rdma_link(link);
	struct ssi_rdma_conn *conn;
	unsigned long flags;
	bool died;

	if (page && !len) {
		put_page(page);
		page = NULL;
	}
	spin_lock_irqsave(&rl->lock, flags);
	conn = rl->conn;
	if (!conn || !conn->ready || conn->dead || !ssi_link_is_up(link)) {
		spin_unlock_irqrestore(&rl->lock, flags);
		if (page)
			put_page(page);
		return -ENOTCONN;
	}
	died = tx_submit(conn, msg, page, len);
	spin_unlock_irqrestore(&rl->lock, flags);
	if (died) {
		tell_dead(rl, SSI_DSM_LINK_DOWN);
		return 0;
	}
	atomic64_inc(&link->tx_msgs);
	atomic64_add(WIRE_LEN + len, &link->tx_bytes);
	return 0;
}

/* Receiving */

static int rx_fill(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		   gfp_t gfp)
{
	struct ib_device *dev = conn->pd->device;
	struct page *page = alloc_page(gfp);

	if (!page)
		return -ENOMEM;
	buf->page_dma = ib_dma_map_page(dev, page, 0, PAGE_SIZE,
					DMA_FROM_DEVICE);
	if (ib_dma_mapping_error(dev, buf->page_dma)) {
		__free_page(page);
		return -ENOMEM;
	}
	buf->page = page;
	return 0;
}

static struct page *rx_unmap(struct ssi_rdma_conn *conn,
			     struct ssi_rdma_rx *buf)
{
	struct page *page = buf->page;

	ib_dma_unmap_page(conn->pd->device, buf->page_dma, PAGE_SIZE,
			  DMA_FROM_DEVICE);
	buf->page = NULL;
	return page;
}

static int rx_post(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf)
{
	u32 lkey = conn->pd->local_dma_lkey;
	struct ib_sge sge[2] = {
		{ buf->wire_dma, WIRE_LEN, lkey },
		{ buf->page_dma, PAGE_SIZE, lkey },
	};
	const struct ib_recv_wr wr = {
		.wr_cqe = &buf->cqe,
		.sg_list = sge,
		.num_sge = 2,
	};

	ib_dma_sync_single_for_device(conn->pd->device, buf->wire_dma, WIRE_LEN,
				      DMA_FROM_DEVICE);
	return ib_post_recv(conn->qp, &wr, NULL);
}

/* Only while rl->lock is held is @dead known to stay as it is. */
static void rx_refill_later(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->rl->lock, flags);
	if (!conn->dead) {
		list_add_tail(&buf->list, &conn->refill);
		queue_work(system_unbound_wq, &conn->refill_work);
	}
	spin_unlock_irqrestore(&conn->rl->lock, flags);
}

/*
 * Make @buf ready for another message. True if it is, so that a credit can be
 * given back for it.
 */
static bool rx_repost(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf)
{
	int ret;

	if (READ_ONCE(conn->dead))
		return false;
	if (!buf->page && rx_fill(conn, buf, GFP_ATOMIC | __GFP_NOWARN)) {
		rx_refill_later(conn, buf);
		return false;
	}
	ret = rx_post(conn, buf);
	if (ret)
		ssi_rdma_verbs_fail(conn, SSI_DSM_LINK_DOWN,
				    "posting a receive buffer for node %u failed: error %d",
				    conn->rl->link.peer->id, ret);
	return !ret;
}

static struct ssi_rdma_rx *rx_next_refill(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_rx *buf = NULL;
	unsigned long flags;

	spin_lock_irqsave(&conn->rl->lock, flags);
	if (!conn->dead)
		buf = list_first_entry_or_null(&conn->refill,
					       struct ssi_rdma_rx, list);
	if (buf)
		list_del(&buf->list);
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	return buf;
}

static void rx_give_back(struct ssi_rdma_conn *conn)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->rl->lock, flags);
	conn->owed++;
	spin_unlock_irqrestore(&conn->rl->lock, flags);
}

static void ssi_rdma_verbs_refill(struct work_struct *work)
{
	struct ssi_rdma_conn *conn = container_of(work, struct ssi_rdma_conn,
						  refill_work);
	struct ssi_rdma_rx *buf;

	while ((buf = rx_next_refill(conn))) {
		if (rx_fill(conn, buf, GFP_KERNEL)) {
			ssi_rdma_verbs_fail(conn, SSI_DSM_LINK_DOWN,
					    "out of memory for messages from node %u",
					    conn->rl->link.peer->id);
			return;
		}
		if (rx_repost(conn, buf))
			rx_give_back(conn);
	}
	tx_kick(conn);
}

/* False if the other side gives back more than it took. */
static bool rx_credits(struct ssi_rdma_conn *conn, u32 credits)
{
	lockdep_assert_held(&conn->rl->lock);
	if (credits > conn->credits_max - conn->credits)
		return false;
	conn->credits += credits;
	return true;
}

static void rx_broken(struct ssi_rdma_conn *conn, const char *how)
{
	ssi_rdma_verbs_fail(conn, SSI_DSM_LINK_DOWN,
			    "node %u broke the protocol: %s",
			    conn->rl->link.peer->id, how);
}

static void rx_credit(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		      u32 len)
{
	struct ssi_rdma_link *rl = conn->rl;
	u32 credits = le32_to_cpu(buf->wire->credits);
	unsigned long flags;
	bool legal;

	spin_lock_irqsave(&rl->lock, flags);
	legal = credits && !len && rx_credits(conn, credits);
	spin_unlock_irqrestore(&rl->lock, flags);
	if (!legal) {
		rx_broken(conn, "bad credit message");
		return;
	}
	WRITE_ONCE(rl->link.last_rx, jiffies);
	rx_repost(conn, buf);
	tx_kick(conn);
}

static struct ssi_rx *rx_take(struct ssi_rdma_conn *conn,
			      struct ssi_rdma_rx *buf, u32 len)
{
	struct ssi_rx *rx = ssi_rx_alloc(GFP_ATOMIC | __GFP_NOWARN);

	if (!rx)
		return NULL;
	rx->wire = *buf->wire;
	rx->len = len;
	if (len)
		rx->page = rx_unmap(conn, buf);
	return rx;
}

/*
 * The receiving side of the credits, and whether @rx may go up now. Whoever
 * receives before ESTABLISHED tells the connection manager, which may wait for
 * a packet that was lost.
 */
static bool rx_account(struct ssi_rdma_conn *conn, struct ssi_rx *rx,
		       bool posted)
{
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;
	bool legal, open;

	spin_lock_irqsave(&rl->lock, flags);
	legal = rx_credits(conn, le32_to_cpu(rx->wire.credits));
	conn->owed += posted;
	open = conn->open;
	if (legal && !open)
		list_add_tail(&rx->list, &conn->early);
	spin_unlock_irqrestore(&rl->lock, flags);
	if (!legal) {
		rx_broken(conn, "more credits given back than taken");
		ssi_rx_free(rx);
		return false;
	}
	if (!open)
		rdma_notify(conn->id, IB_EVENT_COMM_EST);
	return open;
}

/*
 * A link that was LOST by somebody above is not listened to any more, and the
 * other side learns of it. One that was lost here still hands up what the
 * other side sent before it went.
 */
static bool is_deaf(struct ssi_rdma_conn *conn)
{
	if (conn->deaf || !READ_ONCE(conn->open) ||
	    ssi_link_is_up(&conn->rl->link))
		return conn->deaf;
	/* Pairs with the unlock before tell_dead(): dead first, then LOST. */
	smp_rmb();
	if (!READ_ONCE(conn->dead)) {
		conn->deaf = true;
		ssi_rdma_verbs_fail(conn, SSI_DSM_LINK_DOWN,
				    "node %u was given up",
				    conn->rl->link.peer->id);
	}
	return conn->deaf;
}

static void rx_message(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		       u32 len)
{
	struct ssi_rx *rx;
	bool posted;

	if (is_deaf(conn))
		return;
	rx = rx_take(conn, buf, len);
	if (!rx) {
		ssi_rdma_verbs_fail(conn, SSI_DSM_LINK_DOWN,
				    "out of memory for messages from node %u",
				    conn->rl->link.peer->id);
		return;
	}
	posted = rx_repost(conn, buf);
	if (rx_account(conn, rx, posted))
		ssi_link_recv(&conn->rl->link, rx);
	tx_kick(conn);
}

static void ssi_rdma_verbs_rx_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct ssi_rdma_conn *conn = cq->cq_context;
	struct ssi_rdma_rx *buf = container_of(wc->wr_cqe, struct ssi_rdma_rx,
					       cqe);

	if (wc->status != IB_WC_SUCCESS) {
		completion_failed(conn, "receiving from", wc);
		return;
	}
	if (wc->byte_len < WIRE_LEN) {
		rx_broken(conn, "truncated message");
		return;
	}
	ib_dma_sync_single_for_cpu(conn->pd->device, buf->wire_dma, WIRE_LEN,
				   DMA_FROM_DEVICE);
	if (buf->wire->type == SSI_WIRE_CREDIT)
		rx_credit(conn, buf, wc->byte_len - WIRE_LEN);
	else
		rx_message(conn, buf, wc->byte_len - WIRE_LEN);
}

static struct ssi_rx *rx_next_early(struct ssi_rdma_conn *conn)
{
	struct ssi_rx *rx;
	unsigned long flags;

	spin_lock_irqsave(&conn->rl->lock, flags);
	rx = list_first_entry_or_null(&conn->early, struct ssi_rx, list);
	if (rx)
		list_del_init(&rx->list);
	else
		WRITE_ONCE(conn->open, true);
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	return rx;
}

/* Opening and closing */

/*
 * rdma_cm lets the other side write to memory that it has a key for. It has
 * none, and need not be let.
 */
static int forbid_remote_access(struct ssi_rdma_conn *conn)
{
	struct ib_qp_attr attr = { .qp_access_flags = IB_ACCESS_LOCAL_WRITE };

	return ib_modify_qp(conn->qp, &attr, IB_QP_ACCESS_FLAGS);
}

static bool begin_open(struct ssi_rdma_conn *conn, u32 credits)
{
	unsigned long flags;
	bool ready;

	spin_lock_irqsave(&conn->rl->lock, flags);
	ready = !conn->dead;
	conn->ready = ready;
	conn->credits = credits;
	conn->credits_max = credits;
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	return ready;
}

void ssi_rdma_verbs_open(struct ssi_rdma_conn *conn, u32 credits)
{
	struct ssi_link *link = &conn->rl->link;
	struct ssi_rx *rx;
	int ret = forbid_remote_access(conn);

	if (ret) {
		ssi_rdma_verbs_fail(conn, SSI_DSM_LINK_DOWN,
				    "cannot restrict the queue pair for node %u: error %d",
				    link->peer->id, ret);
		return;
	}
	if (!begin_open(conn, credits))
		return;
	ssi_link_change_state(link, SSI_DSM_LINK_UP, "%s", "");
	while ((rx = rx_next_early(conn)))
		ssi_link_recv(link, rx);
	tx_kick(conn);
	/* It may have died before the link was UP and could be LOST. */
	if (READ_ONCE(conn->dead))
		tell_dead(conn->rl, SSI_DSM_LINK_DOWN);
}

/* Sends complete in order. */
static bool has_arrived(struct ssi_rdma_conn *conn, u64 message)
{
	unsigned long flags;
	bool arrived;

	spin_lock_irqsave(&conn->rl->lock, flags);
	arrived = conn->dead || conn->tx_arrived >= message;
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	return arrived;
}

void ssi_rdma_verbs_flush(struct ssi_rdma_conn *conn, unsigned long timeout)
{
	unsigned long flags;
	u64 last;

	spin_lock_irqsave(&conn->rl->lock, flags);
	last = conn->tx_taken;
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	wait_event_timeout(conn->arrived, has_arrived(conn, last), timeout);
}

static void ssi_rdma_verbs_qp_event(struct ib_event *event, void *context)
{
	struct ssi_rdma_conn *conn = context;

	switch (event->event) {
	case IB_EVENT_COMM_EST:
		rdma_notify(conn->id, event->event);
		break;
	case IB_EVENT_QP_FATAL:
	case IB_EVENT_QP_REQ_ERR:
	case IB_EVENT_QP_ACCESS_ERR:
		ssi_rdma_verbs_fail(conn, SSI_DSM_LINK_DOWN,
				    "the queue pair for node %u failed: %s",
				    conn->rl->link.peer->id,
				    ib_event_msg(event->event));
		break;
	default:
		break;
	}
}

struct ssi_rdma_conn *ssi_rdma_verbs_new(struct ssi_rdma_link *rl)
{
	struct ssi_rdma_conn *conn = kvzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn)
		return NULL;
	conn->rl = rl;
	INIT_LIST_HEAD(&conn->tx_free);
	INIT_LIST_HEAD(&conn->tx_queue);
	INIT_LIST_HEAD(&conn->early);
	INIT_LIST_HEAD(&conn->refill);
	INIT_WORK(&conn->refill_work, ssi_rdma_verbs_refill);
	init_waitqueue_head(&conn->arrived);
	return conn;
}

/* Headers lie together, away from anything else that shares a cache line. */
static struct ssi_wire *wires_new(struct ib_device *dev, u32 nr,
				  enum dma_data_direction dir, u64 *dma)
{
	struct ssi_wire *wires = kcalloc(nr, WIRE_LEN, GFP_KERNEL);

	if (!wires)
		return NULL;
	*dma = ib_dma_map_single(dev, wires, nr * WIRE_LEN, dir);
	if (ib_dma_mapping_error(dev, *dma)) {
		kfree(wires);
		return NULL;
	}
	return wires;
}

static int buffers_new(struct ssi_rdma_conn *conn)
{
	struct ib_device *dev = conn->pd->device;
	u32 i;

	conn->waits = mempool_create_kmalloc_pool(SSI_RDMA_TX_RESERVE,
						  sizeof(struct ssi_rdma_wait));
	conn->rx_wires = wires_new(dev, SSI_RDMA_RX_DEPTH, DMA_FROM_DEVICE,
				   &conn->rx_wires_dma);
	conn->tx_wires = wires_new(dev, SSI_RDMA_TX_DEPTH, DMA_TO_DEVICE,
				   &conn->tx_wires_dma);
	if (!conn->waits || !conn->rx_wires || !conn->tx_wires)
		return -ENOMEM;
	for (i = 0; i < SSI_RDMA_TX_DEPTH; i++) {
		conn->tx[i].cqe.done = ssi_rdma_verbs_tx_done;
		conn->tx[i].wire = &conn->tx_wires[i];
		conn->tx[i].wire_dma = conn->tx_wires_dma + i * WIRE_LEN;
		list_add_tail(&conn->tx[i].list, &conn->tx_free);
	}
	for (i = 0; i < SSI_RDMA_RX_DEPTH; i++) {
		conn->rx[i].cqe.done = ssi_rdma_verbs_rx_done;
		conn->rx[i].wire = &conn->rx_wires[i];
		conn->rx[i].wire_dma = conn->rx_wires_dma + i * WIRE_LEN;
		if (rx_fill(conn, &conn->rx[i], GFP_KERNEL))
			return -ENOMEM;
	}
	return 0;
}

/* One more of each than we post: for the drain. */
static int qp_new(struct ssi_rdma_conn *conn)
{
	struct ib_qp_init_attr attr = {
		.event_handler = ssi_rdma_verbs_qp_event,
		.qp_context = conn,
		.send_cq = conn->cq,
		.recv_cq = conn->cq,
		.cap = {
			.max_send_wr = SSI_RDMA_TX_DEPTH + 1,
			.max_recv_wr = SSI_RDMA_RX_DEPTH + 1,
			.max_send_sge = 2,
			.max_recv_sge = 2,
		},
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = IB_QPT_RC,
	};
	int ret = rdma_create_qp(conn->id, conn->pd, &attr);

	if (!ret)
		conn->qp = conn->id->qp;
	return ret;
}

int ssi_rdma_verbs_setup(struct ssi_rdma_conn *conn)
{
	struct ib_device *dev = conn->id->device;
	struct ib_pd *pd = ib_alloc_pd(dev, 0);
	struct ib_cq *cq;
	int ret;
	u32 i;

	if (IS_ERR(pd))
		return PTR_ERR(pd);
	conn->pd = pd;
	cq = ib_alloc_cq_any(dev, conn, SSI_RDMA_TX_DEPTH + SSI_RDMA_RX_DEPTH + 2,
			     IB_POLL_SOFTIRQ);
	if (IS_ERR(cq))
		return PTR_ERR(cq);
	conn->cq = cq;
	ret = buffers_new(conn);
	if (!ret)
		ret = qp_new(conn);
	for (i = 0; !ret && i < SSI_RDMA_RX_DEPTH; i++)
		ret = rx_post(conn, &conn->rx[i]);
	return ret;
}

static void wires_free(struct ib_device *dev, struct ssi_wire *wires, u64 dma,
		       u32 nr, enum dma_data_direction dir)
{
	if (!wires)
		return;
	ib_dma_unmap_single(dev, dma, nr * WIRE_LEN, dir);
	kfree(wires);
}

static void queues_free(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_wait *wait, *next_wait;
	struct ssi_rx *rx, *next_rx;

	list_for_each_entry_safe(wait, next_wait, &conn->tx_queue, list) {
		if (wait->page)
			put_page(wait->page);
		mempool_free(wait, conn->waits);
	}
	list_for_each_entry_safe(rx, next_rx, &conn->early, list)
		ssi_rx_free(rx);
	mempool_destroy(conn->waits);
}

static void buffers_free(struct ssi_rdma_conn *conn)
{
	struct ib_device *dev = conn->pd->device;
	u32 i;

	for (i = 0; i < SSI_RDMA_TX_DEPTH; i++)
		tx_unmap(conn, &conn->tx[i]);
	for (i = 0; i < SSI_RDMA_RX_DEPTH; i++)
		if (conn->rx[i].page)
			__free_page(rx_unmap(conn, &conn->rx[i]));
	wires_free(dev, conn->tx_wires, conn->tx_wires_dma, SSI_RDMA_TX_DEPTH,
		   DMA_TO_DEVICE);
	wires_free(dev, conn->rx_wires, conn->rx_wires_dma, SSI_RDMA_RX_DEPTH,
		   DMA_FROM_DEVICE);
}

void ssi_rdma_verbs_kill(struct ssi_rdma_conn *conn)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->rl->lock, flags);
	WRITE_ONCE(conn->dead, true);
	spin_unlock_irqrestore(&conn->rl->lock, flags);
}

void ssi_rdma_verbs_teardown(struct ssi_rdma_conn *conn)
{
	/* Not queued again: rx_refill_later() looks at @dead. */
	cancel_work_sync(&conn->refill_work);
	if (conn->qp) {
		ib_drain_qp(conn->qp);
		rdma_destroy_qp(conn->id);
	}
	if (conn->cq)
		ib_free_cq(conn->cq);
	if (conn->pd) {
		buffers_free(conn);
		ib_dealloc_pd(conn->pd);
	}
	queues_free(conn);
}

void ssi_rdma_verbs_free(struct ssi_rdma_conn *conn)
{
	kvfree(conn);
}
