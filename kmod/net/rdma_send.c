// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending over one RDMA connection: slots, credits, and the queue behind them.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "alloc.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_send.h"

/* A credit message is sent when this many credits are owed. */
#define OWED_MAX	(SSI_RDMA_RX_DEPTH / 4)
static_assert(SSI_RDMA_CREDITS / OWED_MAX < SSI_RDMA_RX_RESERVE);

#define TX_WIRES	(SSI_RDMA_TX_DEPTH * SSI_RDMA_BATCH)

/**
 * struct ssi_rdma_wait - a message that waits for a credit, for a slot, or for
 *	other messages
 * @list: entry of rl->tx_queue
 * @wire: header
 * @page: payload, with a page reference, or NULL
 * @len: number of bytes of @page
 */
struct ssi_rdma_wait {
	struct list_head list;
	struct ssi_wire wire;
	struct page *page;
	u32 len;
};

static int tx_map(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx)
{
	struct ib_device *dev = conn->pd->device;

	tx->page_dma = ib_dma_map_page(dev, tx->page, 0, tx->len,
				       DMA_TO_DEVICE);
	if (ib_dma_mapping_error(dev, tx->page_dma))
		return -ENOMEM;
	tx->mapped = true;
	return 0;
}

static void tx_unmap(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx)
{
	if (!tx->mapped)
		return;
	ib_dma_unmap_page(conn->pd->device, tx->page_dma, tx->len,
			  DMA_TO_DEVICE);
	tx->mapped = false;
}

static void tx_put_page(struct ssi_rdma_tx *tx)
{
	if (tx->page)
		put_page(tx->page);
	tx->page = NULL;
}

/*
 * Post the @nr headers of the first free slot. If there is a @page, then @nr is
 * 1 and the page goes in front of the header. Consumes the reference to @page.
 * The slot keeps all of it, also after an error, until the message has arrived
 * or tx_take_back() takes it.
 */
static int tx_post(struct ssi_rdma_conn *conn, u32 nr, struct page *page,
		   u32 len)
{
	struct ssi_rdma_tx *tx = list_first_entry(&conn->tx_free,
						  struct ssi_rdma_tx, list);
	u32 lkey = conn->pd->local_dma_lkey;
	struct ib_sge sge[2] = {
		{ .length = len, .lkey = lkey },
		{ tx->wire_dma, nr * SSI_RDMA_WIRE_LEN, lkey },
	};
	struct ib_send_wr wr = {
		.wr_cqe = &tx->cqe,
		.sg_list = page ? sge : sge + 1,
		.num_sge = page ? 2 : 1,
		.opcode = IB_WR_SEND,
		.send_flags = IB_SEND_SIGNALED,
	};
	u32 imm;
	int ret;

	lockdep_assert_held(&conn->rl->lock);
	list_move_tail(&tx->list, &conn->tx_flight);
	conn->tx_posted++;
	tx->nr = tx->wire->type == SSI_WIRE_CREDIT ? 0 : nr;
	tx->page = page;
	tx->len = len;
	conn->rl->tx_sent += tx->nr;
	if (ssi_alloc_fails(SSI_ALLOC_SEND))
		return -ENOMEM;
	if (page) {
		ret = tx_map(conn, tx);
		if (ret)
			return ret;
		sge[0].addr = tx->page_dma;
	}
	if (page && ssi_wire_can_be_headerless(tx->wire, &imm)) {
		wr.opcode = IB_WR_SEND_WITH_IMM;
		wr.ex.imm_data = cpu_to_be32(imm);
		wr.num_sge = 1;
		return ib_post_send(conn->qp, &wr, NULL);
	}
	tx->wire->credits = cpu_to_le32(conn->owed);
	conn->granted += conn->owed;
	conn->owed = 0;
	ib_dma_sync_single_for_device(conn->pd->device, tx->wire_dma,
				      nr * SSI_RDMA_WIRE_LEN, DMA_TO_DEVICE);
	return ib_post_send(conn->qp, &wr, NULL);
}

/* The place for the headers of the next message: the first free slot. */
static struct ssi_wire *tx_headers(struct ssi_rdma_conn *conn)
{
	return list_first_entry(&conn->tx_free, struct ssi_rdma_tx, list)->wire;
}

static int tx_post_credit(struct ssi_rdma_conn *conn)
{
	const struct ssi_peer *peer = conn->rl->link.peer;
	const struct ssi_msg msg = {
		.type = SSI_WIRE_CREDIT,
		.src = peer->node->id,
		.dst = peer->id,
	};

	ssi_wire_encode(tx_headers(conn), &msg);
	return tx_post(conn, 1, NULL, 0);
}

static struct ssi_rdma_wait *first_wait(struct ssi_rdma_link *rl)
{
	return list_first_entry_or_null(&rl->tx_queue, struct ssi_rdma_wait,
					list);
}

static void free_wait(struct ssi_rdma_link *rl, struct ssi_rdma_wait *wait)
{
	list_del(&wait->list);
	if (!--rl->tx_queued)
		rl->flush = false;
	mempool_free(wait, rl->waits);
}

/*
 * Post the first waiting message, together with as many messages behind it as
 * fit into one SEND.
 */
static int tx_post_waits(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_link *rl = conn->rl;
	struct ssi_rdma_wait *wait = first_wait(rl);
	struct ssi_wire *headers = tx_headers(conn);
	struct page *page = wait->page;
	u32 len = wait->len;
	u32 nr = 0;

	do {
		headers[nr++] = wait->wire;
		free_wait(rl, wait);
		wait = first_wait(rl);
	} while (!page && wait && !wait->page && nr < SSI_RDMA_BATCH);
	conn->credits--;
	return tx_post(conn, nr, page, len);
}

/*
 * Deferred messages are due when a message that must not be deferred is queued,
 * or when there is a full batch.
 */
static bool tx_is_due(struct ssi_rdma_link *rl)
{
	return rl->flush || rl->tx_queued >= SSI_RDMA_BATCH;
}

static void tx_post_failed(struct ssi_rdma_conn *conn, int error)
{
	ssi_rdma_conn_mark_dead(conn, SSI_DSM_LINK_DOWN,
				"posting a message to node %u failed: error %d",
				conn->rl->link.peer->id, error);
}

/* Post all that credits and slots allow. */
static void tx_pump(struct ssi_rdma_conn *conn)
{
	int ret = 0;

	lockdep_assert_held(&conn->rl->lock);
	while (!ret && conn->ready && !conn->dead &&
	       !list_empty(&conn->tx_free)) {
		if (conn->credits && tx_is_due(conn->rl))
			ret = tx_post_waits(conn);
		else if (conn->owed >= OWED_MAX)
			ret = tx_post_credit(conn);
		else
			break;
	}
	if (ret)
		tx_post_failed(conn, ret);
}

void ssi_rdma_send_kick(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;

	spin_lock_irqsave(&rl->lock, flags);
	tx_pump(conn);
	spin_unlock_irqrestore(&rl->lock, flags);
}

static void tx_completed(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx)
{
	lockdep_assert_held(&conn->rl->lock);
	list_move(&tx->list, &conn->tx_free);
	conn->tx_posted--;
	conn->rl->tx_arrived += tx->nr;
	if (wq_has_sleeper(&conn->arrived))
		wake_up(&conn->arrived);
}

/* After an error the slot keeps its messages: they may not have arrived. */
static void ssi_rdma_send_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct ssi_rdma_conn *conn = cq->cq_context;
	struct ssi_rdma_tx *tx = container_of(wc->wr_cqe, struct ssi_rdma_tx,
					      cqe);
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;

	tx_unmap(conn, tx);
	if (wc->status != IB_WC_SUCCESS) {
		ssi_rdma_conn_wc_failed(conn, "sending to", wc);
		return;
	}
	tx_put_page(tx);
	spin_lock_irqsave(&rl->lock, flags);
	tx_completed(conn, tx);
	tx_pump(conn);
	spin_unlock_irqrestore(&rl->lock, flags);
}

/* Softirq: the deferred messages have waited for their time limit. */
enum hrtimer_restart ssi_rdma_send_timer(struct hrtimer *timer)
{
	struct ssi_rdma_conn *conn = container_of(timer, struct ssi_rdma_conn,
						  defer_timer);
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;

	spin_lock_irqsave(&rl->lock, flags);
	conn->defer_armed = false;
	rl->flush = rl->tx_queued;
	tx_pump(conn);
	spin_unlock_irqrestore(&rl->lock, flags);
	return HRTIMER_NORESTART;
}

/*
 * The first message that may be deferred sets the time limit for all messages
 * that are queued after it.
 */
static void arm_defer(struct ssi_rdma_conn *conn, u64 defer_ns)
{
	if (!defer_ns)
		conn->rl->flush = true;
	if (conn->rl->flush || conn->defer_armed)
		return;
	conn->defer_armed = true;
	hrtimer_start(&conn->defer_timer, ns_to_ktime(defer_ns),
		      HRTIMER_MODE_REL_SOFT);
}

static int tx_enqueue(struct ssi_rdma_link *rl, const struct ssi_wire *msg,
		      struct page *page, u32 len)
{
	struct ssi_rdma_wait *wait = NULL;
	bool full = rl->tx_queued >= SSI_RDMA_TX_MAX;

	if (!full)
		wait = mempool_alloc(rl->waits, GFP_ATOMIC | __GFP_NOWARN);
	if (!wait) {
		if (page)
			put_page(page);
		return full ? -ENOBUFS : -ENOMEM;
	}
	wait->wire = *msg;
	wait->page = page;
	wait->len = len;
	list_add_tail(&wait->list, &rl->tx_queue);
	rl->tx_queued++;
	return 0;
}

/* The message is gone, so the link must not continue. */
static void tx_lost(struct ssi_rdma_link *rl, int error)
{
	u32 id = rl->link.peer->id;

	if (error == -ENOBUFS)
		ssi_link_change_state(&rl->link, SSI_DSM_LINK_LOST,
				      "node %u does not take its messages: %u wait",
				      id, rl->tx_queued);
	else
		ssi_link_change_state(&rl->link, SSI_DSM_LINK_LOST,
				      "out of memory for messages to node %u",
				      id);
	mod_delayed_work(ssi_conn_wq, &rl->work, 0);
}

/* Queue @msg, also if there is no connection at the moment. */
static void tx_wait(struct ssi_rdma_link *rl, struct ssi_rdma_conn *conn,
		    const struct ssi_wire *msg, struct page *page, u32 len,
		    u64 defer_ns)
{
	int ret = tx_enqueue(rl, msg, page, len);

	if (ret) {
		tx_lost(rl, ret);
	} else if (conn) {
		arm_defer(conn, defer_ns);
		tx_pump(conn);
	}
}

/*
 * Post or queue @msg. @conn is NULL if the link is interrupted. Consumes the
 * reference to @page.
 */
static void tx_submit(struct ssi_rdma_link *rl, struct ssi_rdma_conn *conn,
		      const struct ssi_wire *msg, struct page *page, u32 len,
		      u64 defer_ns)
{
	bool must_wait = !conn || !conn->credits || list_empty(&conn->tx_free);
	int ret;

	if (must_wait && ssi_wire_is_hint(msg->type))
		return;
	if (must_wait || defer_ns || rl->tx_queued)
		return tx_wait(rl, conn, msg, page, len, defer_ns);
	conn->credits--;
	*tx_headers(conn) = *msg;
	ret = tx_post(conn, 1, page, len);
	if (ret)
		tx_post_failed(conn, ret);
	else
		tx_pump(conn);
}

static bool can_send(struct ssi_rdma_link *rl)
{
	u32 state = READ_ONCE(rl->link.state);

	return state == SSI_DSM_LINK_UP || state == SSI_DSM_LINK_INTERRUPTED;
}

int ssi_rdma_send(struct ssi_link *link, const struct ssi_wire *msg,
		  struct page *page, u32 len, u64 defer_ns)
{
	struct ssi_rdma_link *rl = ssi_rdma_link(link);
	struct ssi_rdma_conn *conn;
	unsigned long flags;

	if (page && !len) {
		put_page(page);
		page = NULL;
	}
	spin_lock_irqsave(&rl->lock, flags);
	if (!can_send(rl)) {
		spin_unlock_irqrestore(&rl->lock, flags);
		if (page)
			put_page(page);
		return -ENOTCONN;
	}
	conn = rl->conn;
	if (conn && (!conn->ready || conn->dead))
		conn = NULL;
	tx_submit(rl, conn, msg, page, len, defer_ns);
	spin_unlock_irqrestore(&rl->lock, flags);
	atomic64_inc(&link->tx_msgs);
	atomic64_add(SSI_RDMA_WIRE_LEN + len, &link->tx_bytes);
	return 0;
}

void ssi_rdma_send_bye(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_link *rl = conn->rl;
	const struct ssi_msg msg = {
		.type = SSI_WIRE_BYE,
		.src = rl->link.peer->node->id,
		.dst = rl->link.peer->id,
	};
	struct ssi_wire wire;
	unsigned long flags;

	ssi_wire_encode(&wire, &msg);
	spin_lock_irqsave(&rl->lock, flags);
	if (!conn->dead)
		tx_submit(rl, conn, &wire, NULL, 0, 0);
	spin_unlock_irqrestore(&rl->lock, flags);
}

static bool all_arrived(struct ssi_rdma_conn *conn)
{
	unsigned long flags;
	bool arrived;

	spin_lock_irqsave(&conn->rl->lock, flags);
	arrived = conn->dead || (!conn->rl->tx_queued && !conn->tx_posted);
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	return arrived;
}

/* The caller has made sure that no message is sent any more. */
void ssi_rdma_send_flush(struct ssi_rdma_conn *conn, unsigned long timeout)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->rl->lock, flags);
	conn->rl->flush = conn->rl->tx_queued;
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	ssi_rdma_send_kick(conn);
	wait_event_timeout(conn->arrived, all_arrived(conn), timeout);
}

int ssi_rdma_send_init(struct ssi_rdma_conn *conn)
{
	u32 i;

	conn->tx_wires = ssi_rdma_conn_wires_new(conn, TX_WIRES,
						 DMA_TO_DEVICE,
						 &conn->tx_wires_dma);
	if (!conn->tx_wires)
		return -ENOMEM;
	for (i = 0; i < SSI_RDMA_TX_DEPTH; i++) {
		conn->tx[i].cqe.done = ssi_rdma_send_done;
		conn->tx[i].wire = &conn->tx_wires[i * SSI_RDMA_BATCH];
		conn->tx[i].wire_dma = conn->tx_wires_dma +
				       i * SSI_RDMA_BATCH * SSI_RDMA_WIRE_LEN;
		list_add_tail(&conn->tx[i].list, &conn->tx_free);
	}
	return 0;
}

/* Make entries for tx_queue of the messages in a slot. Waits for memory. */
static void tx_take_back(struct ssi_rdma_link *rl, struct ssi_rdma_tx *tx,
			 struct list_head *waits)
{
	struct ssi_rdma_wait *wait;
	u32 i;

	for (i = 0; i < tx->nr; i++) {
		wait = mempool_alloc(rl->waits, GFP_KERNEL);
		wait->wire = tx->wire[i];
		wait->wire.credits = 0;
		wait->page = tx->page;
		wait->len = tx->len;
		tx->page = NULL;
		list_add_tail(&wait->list, waits);
	}
}

/*
 * No callback of the connection runs any more. The messages whose arrival is
 * not certain go back to the head of the queue.
 */
static void take_flight_back(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_link *rl = conn->rl;
	struct ssi_rdma_tx *tx;
	unsigned long flags;
	LIST_HEAD(waits);
	u32 nr = 0;

	list_for_each_entry(tx, &conn->tx_flight, list) {
		tx_unmap(conn, tx);
		tx_take_back(rl, tx, &waits);
		nr += tx->nr;
	}
	spin_lock_irqsave(&rl->lock, flags);
	list_splice(&waits, &rl->tx_queue);
	rl->tx_queued += nr;
	spin_unlock_irqrestore(&rl->lock, flags);
}

void ssi_rdma_send_free(struct ssi_rdma_conn *conn)
{
	take_flight_back(conn);
	ssi_rdma_conn_wires_free(conn, conn->tx_wires, conn->tx_wires_dma,
				 TX_WIRES, DMA_TO_DEVICE);
}

/* Free the first @nr entries of the queue. */
static void drop_waits(struct ssi_rdma_link *rl, u64 nr)
{
	struct ssi_rdma_wait *wait;

	lockdep_assert_held(&rl->lock);
	while (nr-- && (wait = first_wait(rl))) {
		if (wait->page)
			put_page(wait->page);
		free_wait(rl, wait);
	}
}

bool ssi_rdma_send_resume(struct ssi_rdma_link *rl, u64 received)
{
	unsigned long flags;
	bool possible;

	spin_lock_irqsave(&rl->lock, flags);
	possible = received >= rl->tx_arrived && received <= rl->tx_sent;
	if (possible) {
		drop_waits(rl, received - rl->tx_arrived);
		rl->tx_arrived = received;
		rl->tx_sent = received;
		rl->flush = rl->tx_queued;
	}
	spin_unlock_irqrestore(&rl->lock, flags);
	return possible;
}

void ssi_rdma_send_drop(struct ssi_rdma_link *rl)
{
	unsigned long flags;

	spin_lock_irqsave(&rl->lock, flags);
	drop_waits(rl, U64_MAX);
	spin_unlock_irqrestore(&rl->lock, flags);
}

int ssi_rdma_send_link_init(struct ssi_rdma_link *rl)
{
	INIT_LIST_HEAD(&rl->tx_queue);
	rl->waits = mempool_create_kmalloc_pool(SSI_RDMA_TX_RESERVE,
						sizeof(struct ssi_rdma_wait));
	return rl->waits ? 0 : -ENOMEM;
}

void ssi_rdma_send_link_free(struct ssi_rdma_link *rl)
{
	ssi_rdma_send_drop(rl);
	mempool_destroy(rl->waits);
}
