// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending over one RDMA connection: slots, credits, and the queue behind them.
 */
#include <linux/mm.h>
#include <linux/slab.h>

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
 * @list: entry of conn->tx_queue
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
 * Post the @nr headers of the first free slot. If there is a @page, then @nr is
 * 1 and the page goes in front of the header. Consumes the reference to @page.
 * After an error the connection is dead, so the slot does not return to
 * tx_free.
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
	list_del(&tx->list);
	conn->tx_posted++;
	if (page) {
		ret = tx_map(conn, tx, page, len);
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

static struct ssi_rdma_wait *first_wait(struct ssi_rdma_conn *conn)
{
	return list_first_entry_or_null(&conn->tx_queue, struct ssi_rdma_wait,
					list);
}

static void free_wait(struct ssi_rdma_conn *conn, struct ssi_rdma_wait *wait)
{
	list_del(&wait->list);
	if (!--conn->tx_queued)
		conn->flush = false;
	mempool_free(wait, conn->waits);
}

/*
 * Post the first waiting message, together with as many messages behind it as
 * fit into one SEND.
 */
static int tx_post_waits(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_wait *wait = first_wait(conn);
	struct ssi_wire *headers = tx_headers(conn);
	struct page *page = wait->page;
	u32 len = wait->len;
	u32 nr = 0;

	do {
		headers[nr++] = wait->wire;
		free_wait(conn, wait);
		wait = first_wait(conn);
	} while (!page && wait && !wait->page && nr < SSI_RDMA_BATCH);
	conn->credits--;
	return tx_post(conn, nr, page, len);
}

static bool tx_failed(struct ssi_rdma_conn *conn, int error)
{
	if (error == -ENOBUFS)
		return ssi_rdma_conn_mark_dead(conn, "node %u does not take its messages: %u wait",
					       conn->rl->link.peer->id,
					       conn->tx_queued);
	if (error == -ENOMEM)
		return ssi_rdma_conn_mark_dead(conn, "out of memory for messages to node %u",
					       conn->rl->link.peer->id);
	return ssi_rdma_conn_mark_dead(conn, "posting a message to node %u failed: error %d",
				       conn->rl->link.peer->id, error);
}

/*
 * Deferred messages are due when a message that must not be deferred is queued,
 * or when there is a full batch.
 */
static bool tx_is_due(struct ssi_rdma_conn *conn)
{
	return conn->flush || conn->tx_queued >= SSI_RDMA_BATCH;
}

/*
 * Post all that credits and slots allow. True if that killed the connection:
 * the caller must call ssi_rdma_conn_tell_dead().
 */
static bool tx_pump(struct ssi_rdma_conn *conn)
{
	int ret = 0;

	lockdep_assert_held(&conn->rl->lock);
	while (!ret && conn->ready && !conn->dead &&
	       !list_empty(&conn->tx_free)) {
		if (conn->credits && tx_is_due(conn))
			ret = tx_post_waits(conn);
		else if (conn->owed >= OWED_MAX)
			ret = tx_post_credit(conn);
		else
			break;
	}
	return ret && tx_failed(conn, ret);
}

void ssi_rdma_send_kick(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;
	bool died;

	spin_lock_irqsave(&rl->lock, flags);
	died = tx_pump(conn);
	spin_unlock_irqrestore(&rl->lock, flags);
	if (died)
		ssi_rdma_conn_tell_dead(rl, SSI_DSM_LINK_DOWN);
}

static void tx_completed(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx)
{
	lockdep_assert_held(&conn->rl->lock);
	list_add(&tx->list, &conn->tx_free);
	conn->tx_posted--;
	if (wq_has_sleeper(&conn->arrived))
		wake_up(&conn->arrived);
}

static void ssi_rdma_send_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct ssi_rdma_conn *conn = cq->cq_context;
	struct ssi_rdma_tx *tx = container_of(wc->wr_cqe, struct ssi_rdma_tx,
					      cqe);
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;
	bool died;

	tx_unmap(conn, tx);
	if (wc->status != IB_WC_SUCCESS) {
		ssi_rdma_conn_wc_failed(conn, "sending to", wc);
		return;
	}
	spin_lock_irqsave(&rl->lock, flags);
	tx_completed(conn, tx);
	died = tx_pump(conn);
	spin_unlock_irqrestore(&rl->lock, flags);
	if (died)
		ssi_rdma_conn_tell_dead(rl, SSI_DSM_LINK_DOWN);
}

/* Softirq: the deferred messages have waited for their time limit. */
enum hrtimer_restart ssi_rdma_send_timer(struct hrtimer *timer)
{
	struct ssi_rdma_conn *conn = container_of(timer, struct ssi_rdma_conn,
						  defer_timer);
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;
	bool died;

	spin_lock_irqsave(&rl->lock, flags);
	conn->defer_armed = false;
	conn->flush = conn->tx_queued;
	died = tx_pump(conn);
	spin_unlock_irqrestore(&rl->lock, flags);
	if (died)
		ssi_rdma_conn_tell_dead(rl, SSI_DSM_LINK_DOWN);
	return HRTIMER_NORESTART;
}

/*
 * The first message that may be deferred sets the time limit for all messages
 * that are queued after it.
 */
static void arm_defer(struct ssi_rdma_conn *conn, u64 defer_ns)
{
	if (!defer_ns)
		conn->flush = true;
	if (conn->flush || conn->defer_armed)
		return;
	conn->defer_armed = true;
	hrtimer_start(&conn->defer_timer, ns_to_ktime(defer_ns),
		      HRTIMER_MODE_REL_SOFT);
}

static int tx_enqueue(struct ssi_rdma_conn *conn, const struct ssi_wire *msg,
		      struct page *page, u32 len)
{
	struct ssi_rdma_wait *wait = NULL;
	bool full = conn->tx_queued >= SSI_RDMA_TX_MAX;

	if (!full)
		wait = mempool_alloc(conn->waits, GFP_ATOMIC | __GFP_NOWARN);
	if (!wait) {
		if (page)
			put_page(page);
		return full ? -ENOBUFS : -ENOMEM;
	}
	wait->wire = *msg;
	wait->page = page;
	wait->len = len;
	list_add_tail(&wait->list, &conn->tx_queue);
	conn->tx_queued++;
	return 0;
}

/*
 * Post or queue @msg. True if that killed the connection. Consumes the
 * reference to @page.
 */
static bool tx_submit(struct ssi_rdma_conn *conn, const struct ssi_wire *msg,
		      struct page *page, u32 len, u64 defer_ns)
{
	bool must_wait = !conn->credits || list_empty(&conn->tx_free);
	int ret;

	if (must_wait && ssi_wire_is_hint(msg->type))
		return false;
	if (!defer_ns && !must_wait && !conn->tx_queued) {
		conn->credits--;
		*tx_headers(conn) = *msg;
		ret = tx_post(conn, 1, page, len);
	} else {
		ret = tx_enqueue(conn, msg, page, len);
		arm_defer(conn, defer_ns);
	}
	if (ret)
		return tx_failed(conn, ret);
	return tx_pump(conn);
}

int ssi_rdma_send(struct ssi_link *link, const struct ssi_wire *msg,
		  struct page *page, u32 len, u64 defer_ns)
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
	died = tx_submit(conn, msg, page, len, defer_ns);
	spin_unlock_irqrestore(&rl->lock, flags);
	if (died) {
		ssi_rdma_conn_tell_dead(rl, SSI_DSM_LINK_DOWN);
		return 0;
	}
	atomic64_inc(&link->tx_msgs);
	atomic64_add(SSI_RDMA_WIRE_LEN + len, &link->tx_bytes);
	return 0;
}

static bool all_arrived(struct ssi_rdma_conn *conn)
{
	unsigned long flags;
	bool arrived;

	spin_lock_irqsave(&conn->rl->lock, flags);
	arrived = conn->dead || (!conn->tx_queued && !conn->tx_posted);
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	return arrived;
}

/* The caller has made sure that no message is sent any more. */
void ssi_rdma_send_flush(struct ssi_rdma_conn *conn, unsigned long timeout)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->rl->lock, flags);
	conn->flush = conn->tx_queued;
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	ssi_rdma_send_kick(conn);
	wait_event_timeout(conn->arrived, all_arrived(conn), timeout);
}

int ssi_rdma_send_init(struct ssi_rdma_conn *conn)
{
	u32 i;

	conn->waits = mempool_create_kmalloc_pool(SSI_RDMA_TX_RESERVE,
						  sizeof(struct ssi_rdma_wait));
	conn->tx_wires = ssi_rdma_conn_wires_new(conn, TX_WIRES,
						 DMA_TO_DEVICE,
						 &conn->tx_wires_dma);
	if (!conn->waits || !conn->tx_wires)
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

void ssi_rdma_send_free(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_wait *wait, *next;
	u32 i;

	for (i = 0; i < SSI_RDMA_TX_DEPTH; i++)
		tx_unmap(conn, &conn->tx[i]);
	ssi_rdma_conn_wires_free(conn, conn->tx_wires, conn->tx_wires_dma,
				 TX_WIRES, DMA_TO_DEVICE);
	list_for_each_entry_safe(wait, next, &conn->tx_queue, list) {
		if (wait->page)
			put_page(wait->page);
		mempool_free(wait, conn->waits);
	}
	mempool_destroy(conn->waits);
}
