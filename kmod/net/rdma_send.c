// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending over one RDMA connection: slots of the send queue.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "alloc.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_guard.h"
#include "net/rdma_send.h"

/* A credit message is sent when this many credits are owed. */
#define OWED_MAX	(SSI_RDMA_RX_DEPTH / 4)
static_assert(SSI_RDMA_CREDITS / OWED_MAX < SSI_RDMA_RX_RESERVE);

#define TX_WIRES	(SSI_RDMA_TX_DEPTH * SSI_RDMA_BATCH)

/*
 * With security a message takes 1 to 3 us with interrupts off. So many are posted at once;
 * their completions post the next ones.
 */
#define SEALED_MAX	16

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

/* Then the device reads another page. */
static bool tx_is_encrypted(const struct ssi_rdma_conn *conn)
{
	return conn->guard && conn->guard->tx.encrypts;
}

static int tx_post_bytes(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx, u32 len)
{
	struct ib_sge sge = { tx->wire_dma, len, conn->pd->local_dma_lkey };
	const struct ib_send_wr wr = {
		.wr_cqe = &tx->cqe,
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = IB_WR_SEND,
		.send_flags = IB_SEND_SIGNALED,
	};

	return ib_post_send(conn->qp, &wr, NULL);
}

static void tx_put_page(struct ssi_rdma_tx *tx)
{
	if (tx->page)
		put_page(tx->page);
	tx->page = NULL;
}

static struct ssi_rdma_tx *tx_take_slot(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_tx *tx = list_first_entry(&conn->tx_free,
						  struct ssi_rdma_tx, list);

	lockdep_assert_held(&conn->c.st->lock);
	list_move_tail(&tx->list, &conn->tx_flight);
	conn->tx_posted++;
	tx->done = false;
	return tx;
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
	struct ssi_rdma_tx *tx = tx_take_slot(conn);
	u32 lkey = conn->pd->local_dma_lkey;
	struct ib_sge sge[2] = {
		{ .length = len, .lkey = lkey },
		{ tx->wire_dma, nr * SSI_STREAM_WIRE_LEN, lkey },
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

	tx->nr = tx->wire->type == SSI_WIRE_CREDIT ? 0 : nr;
	tx->page = page;
	tx->len = len;
	conn->c.st->sent += tx->nr;
	if (ssi_alloc_fails(SSI_ALLOC_SEND))
		return -ENOMEM;
	if (page && !tx_is_encrypted(conn)) {
		ret = tx_map(conn, tx);
		if (ret)
			return ret;
		sge[0].addr = tx->page_dma;
	}
	if (!conn->guard && page && ssi_wire_can_be_headerless(tx->wire, &imm)) {
		wr.opcode = IB_WR_SEND_WITH_IMM;
		wr.ex.imm_data = cpu_to_be32(imm);
		wr.num_sge = 1;
		return ib_post_send(conn->qp, &wr, NULL);
	}
	tx->wire->credits = cpu_to_le32(ssi_stream_give_credits(&conn->c));
	if (conn->guard)
		ssi_rdma_guard_seal(conn, tx, nr, sge);
	else
		ib_dma_sync_single_for_device(conn->pd->device, tx->wire_dma,
					      nr * SSI_STREAM_WIRE_LEN,
					      DMA_TO_DEVICE);
	return ib_post_send(conn->qp, &wr, NULL);
}

/* The place for the headers of the next message: the first free slot. */
static struct ssi_wire *tx_headers(struct ssi_rdma_conn *conn)
{
	return list_first_entry(&conn->tx_free, struct ssi_rdma_tx, list)->wire;
}

int ssi_rdma_send_proof(struct ssi_rdma_conn *conn)
{
	struct ssi_stream *st = conn->c.st;
	struct ssi_rdma_tx *tx;
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&st->lock, flags);
	tx = tx_take_slot(conn);
	tx->nr = 0;
	memcpy(tx->wire, conn->guard->proof, SSI_KEYS_LEN);
	ib_dma_sync_single_for_device(conn->pd->device, tx->wire_dma,
				      SSI_KEYS_LEN, DMA_TO_DEVICE);
	ret = tx_post_bytes(conn, tx, SSI_KEYS_LEN);
	spin_unlock_irqrestore(&st->lock, flags);
	return ret;
}

static int tx_post_credit(struct ssi_rdma_conn *conn)
{
	ssi_stream_encode(conn->c.st, SSI_WIRE_CREDIT, tx_headers(conn));
	return tx_post(conn, 1, NULL, 0);
}

/*
 * Post the first waiting message, together with as many messages behind it as
 * fit into one SEND.
 */
static int tx_post_waits(struct ssi_rdma_conn *conn)
{
	struct ssi_stream *st = conn->c.st;
	struct ssi_stream_wait *wait = ssi_stream_first(st);
	struct ssi_wire *headers = tx_headers(conn);
	struct page *page = wait->page;
	u32 len = wait->len;
	u32 nr = 0;

	do {
		headers[nr++] = wait->wire;
		ssi_stream_unqueue(st, wait);
		ssi_stream_free_wait(st, wait);
		wait = ssi_stream_first(st);
	} while (!page && wait && !wait->page && nr < SSI_RDMA_BATCH);
	conn->c.credits--;
	return tx_post(conn, nr, page, len);
}

static void tx_post_failed(struct ssi_rdma_conn *conn, int error)
{
	ssi_stream_mark_dead(&conn->c, SSI_DSM_LINK_DOWN,
			     "posting a message to node %u failed: error %d",
			     conn->c.st->link.peer->id, error);
}

static bool may_post(const struct ssi_rdma_conn *conn, u32 posted)
{
	return conn->c.ready && !conn->c.dead && !list_empty(&conn->tx_free) &&
	       (!conn->guard || posted < SEALED_MAX);
}

/* Post all that credits and slots allow. */
static void tx_pump(struct ssi_rdma_conn *conn)
{
	u32 posted = 0;
	int ret = 0;

	lockdep_assert_held(&conn->c.st->lock);
	for (; !ret && may_post(conn, posted); posted++) {
		if (conn->c.credits && ssi_stream_is_due(conn->c.st, SSI_RDMA_BATCH))
			ret = tx_post_waits(conn);
		else if (ssi_stream_must_give_credits(&conn->c, OWED_MAX))
			ret = tx_post_credit(conn);
		else
			break;
	}
	if (ret)
		tx_post_failed(conn, ret);
	else if (conn->guard)
		ssi_stream_arm_credits(&conn->c);
}

void ssi_rdma_send_pump(struct ssi_stream_conn *c)
{
	tx_pump(ssi_rdma_conn(c));
}

bool ssi_rdma_send_can_post(struct ssi_stream_conn *c)
{
	return !list_empty(&ssi_rdma_conn(c)->tx_free);
}

void ssi_rdma_send_post(struct ssi_stream_conn *c, const struct ssi_wire *msg,
			struct page *page, u32 len)
{
	struct ssi_rdma_conn *conn = ssi_rdma_conn(c);
	int ret;

	c->credits--;
	*tx_headers(conn) = *msg;
	ret = tx_post(conn, 1, page, len);
	if (ret)
		tx_post_failed(conn, ret);
	else
		tx_pump(conn);
}

bool ssi_rdma_send_all_sent(struct ssi_stream_conn *c)
{
	return !ssi_rdma_conn(c)->tx_posted;
}

static void tx_arrived(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx)
{
	tx_put_page(tx);
	list_move(&tx->list, &conn->tx_free);
	conn->c.st->arrived += tx->nr;
}

/* Messages arrive in the order in which they were sent. */
static void tx_release_confirmed(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_tx *tx, *next;

	list_for_each_entry_safe(tx, next, &conn->tx_flight, list) {
		if (!tx->nr)
			continue;
		if (!tx->done || !conn->guard->confirmed)
			return;
		conn->guard->confirmed--;
		tx_arrived(conn, tx);
	}
}

void ssi_rdma_send_confirmed(struct ssi_rdma_conn *conn, u32 credits)
{
	lockdep_assert_held(&conn->c.st->lock);
	conn->guard->confirmed += credits;
	tx_release_confirmed(conn);
}

static void tx_completed(struct ssi_rdma_conn *conn, struct ssi_rdma_tx *tx)
{
	lockdep_assert_held(&conn->c.st->lock);
	conn->tx_posted--;
	tx->done = true;
	if (conn->guard && tx->nr)
		tx_release_confirmed(conn);
	else
		tx_arrived(conn, tx);
	if (wq_has_sleeper(&conn->c.progress))
		wake_up(&conn->c.progress);
}

/* After an error the slot keeps its messages: they may not have arrived. */
static void ssi_rdma_send_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct ssi_rdma_conn *conn = cq->cq_context;
	struct ssi_rdma_tx *tx = container_of(wc->wr_cqe, struct ssi_rdma_tx,
					      cqe);
	struct ssi_stream *st = conn->c.st;
	unsigned long flags;

	tx_unmap(conn, tx);
	if (wc->status != IB_WC_SUCCESS) {
		ssi_rdma_conn_wc_failed(conn, "sending to", wc);
		return;
	}
	if (!conn->guard)
		tx_put_page(tx);
	spin_lock_irqsave(&st->lock, flags);
	tx_completed(conn, tx);
	tx_pump(conn);
	spin_unlock_irqrestore(&st->lock, flags);
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
				       i * SSI_RDMA_BATCH * SSI_STREAM_WIRE_LEN;
		list_add_tail(&conn->tx[i].list, &conn->tx_free);
	}
	return 0;
}

/* Make entries for st->queue of the messages in a slot. Waits for memory. */
static void tx_take_back(struct ssi_stream *st, struct ssi_rdma_tx *tx,
			 struct list_head *waits)
{
	struct ssi_stream_wait *wait;
	u32 i;

	for (i = 0; i < tx->nr; i++) {
		wait = mempool_alloc(st->waits, GFP_KERNEL);
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
	struct ssi_stream *st = conn->c.st;
	struct ssi_rdma_tx *tx;
	LIST_HEAD(waits);
	u32 nr = 0;

	list_for_each_entry(tx, &conn->tx_flight, list) {
		tx_unmap(conn, tx);
		tx_take_back(st, tx, &waits);
		nr += tx->nr;
	}
	ssi_stream_requeue(st, &waits, nr);
}

void ssi_rdma_send_free(struct ssi_rdma_conn *conn)
{
	take_flight_back(conn);
	ssi_rdma_conn_wires_free(conn, conn->tx_wires, conn->tx_wires_dma,
				 TX_WIRES, DMA_TO_DEVICE);
}
