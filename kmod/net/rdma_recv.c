// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving over one RDMA connection: buffers, and the messages in them.
 */
#include <linux/mm.h>

#include "alloc.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_guard.h"
#include "net/rdma_recv.h"
#include "net/rdma_send.h"

#define RX_TAIL		2	/* headers: one, and the trailer of a sealed message */
#define RX_WIRES	(SSI_RDMA_RX_DEPTH * RX_TAIL)
static_assert(RX_TAIL * sizeof(struct ssi_wire) >= SSI_RDMA_TAIL);

static int rx_fill(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		   gfp_t gfp)
{
	struct ib_device *dev = conn->pd->device;
	struct mem_cgroup *payer = conn->c.st->link.peer->node->payer;
	struct page *page = ssi_alloc_page_for(payer, gfp);

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

/*
 * A sealed message was synced for the CPU and then decrypted in place: another sync
 * could bring the encrypted bytes back, from a bounce buffer.
 */
static struct page *rx_unmap(struct ssi_rdma_conn *conn,
			     struct ssi_rdma_rx *buf)
{
	struct ib_device *dev = conn->pd->device;
	struct page *page = buf->page;

	if (!ib_uses_virt_dma(dev))
		dma_unmap_page_attrs(dev->dma_device, buf->page_dma, PAGE_SIZE,
				     DMA_FROM_DEVICE,
				     conn->guard ? DMA_ATTR_SKIP_CPU_SYNC : 0);
	buf->page = NULL;
	return page;
}

static int rx_post(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf)
{
	u32 lkey = conn->pd->local_dma_lkey;
	u32 tail = conn->guard ? SSI_RDMA_TAIL : SSI_STREAM_WIRE_LEN;
	struct ib_sge sge[2] = {
		{ buf->page_dma, PAGE_SIZE, lkey },
		{ buf->wire_dma, tail, lkey },
	};
	const struct ib_recv_wr wr = {
		.wr_cqe = &buf->cqe,
		.sg_list = sge,
		.num_sge = 2,
	};

	ib_dma_sync_single_for_device(conn->pd->device, buf->wire_dma, tail,
				      DMA_FROM_DEVICE);
	ib_dma_sync_single_for_device(conn->pd->device, buf->page_dma,
				      SSI_RDMA_BATCH * SSI_STREAM_WIRE_LEN,
				      DMA_FROM_DEVICE);
	return ib_post_recv(conn->qp, &wr, NULL);
}

/* The value of @dead is stable only while st->lock is held. */
static void rx_refill_later(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->c.st->lock, flags);
	if (!conn->c.dead) {
		list_add_tail(&buf->list, &conn->refill);
		queue_work(ssi_conn_wq, &conn->refill_work);
	}
	spin_unlock_irqrestore(&conn->c.st->lock, flags);
}

/*
 * Post @buf again for another message. True if it is posted: then the other
 * side can get a credit back for it.
 */
static bool rx_repost(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf)
{
	int ret;

	if (READ_ONCE(conn->c.dead))
		return false;
	if (!buf->page && rx_fill(conn, buf, GFP_ATOMIC | __GFP_NOWARN)) {
		rx_refill_later(conn, buf);
		return false;
	}
	ret = rx_post(conn, buf);
	if (ret)
		ssi_stream_fail(&conn->c, SSI_DSM_LINK_DOWN,
				"posting a receive buffer for node %u failed: error %d",
				conn->c.st->link.peer->id, ret);
	return !ret;
}

static struct ssi_rdma_rx *rx_next_refill(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_rx *buf = NULL;
	unsigned long flags;

	spin_lock_irqsave(&conn->c.st->lock, flags);
	if (!conn->c.dead)
		buf = list_first_entry_or_null(&conn->refill,
					       struct ssi_rdma_rx, list);
	if (buf)
		list_del(&buf->list);
	spin_unlock_irqrestore(&conn->c.st->lock, flags);
	return buf;
}

/* The buffer had a page, which may have been a copy. */
static void rx_give_back(struct ssi_rdma_conn *conn)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->c.st->lock, flags);
	ssi_stream_owe(&conn->c, 1, true);
	spin_unlock_irqrestore(&conn->c.st->lock, flags);
}

void ssi_rdma_recv_refill(struct work_struct *work)
{
	struct ssi_rdma_conn *conn = container_of(work, struct ssi_rdma_conn,
						  refill_work);
	struct ssi_rdma_rx *buf;

	while ((buf = rx_next_refill(conn))) {
		while (rx_fill(conn, buf, GFP_KERNEL)) {
			if (READ_ONCE(conn->c.dead))
				return;
			ssi_alloc_pause();
		}
		if (rx_repost(conn, buf))
			rx_give_back(conn);
	}
	ssi_stream_kick(&conn->c);
}

/* With security a credit says that a message has arrived. */
static bool rx_credits(struct ssi_rdma_conn *conn, u32 credits)
{
	if (!ssi_stream_credits(&conn->c, credits))
		return false;
	if (conn->guard)
		ssi_rdma_send_confirmed(conn, credits);
	return true;
}

static void rx_credit(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		      const struct ssi_wire *head, u32 len)
{
	struct ssi_stream *st = conn->c.st;
	u32 credits = le32_to_cpu(head->credits);
	unsigned long flags;
	bool legal;

	/* First: the credits allow the other side another such message. */
	rx_repost(conn, buf);
	spin_lock_irqsave(&st->lock, flags);
	legal = credits && !len && rx_credits(conn, credits);
	spin_unlock_irqrestore(&st->lock, flags);
	if (!legal) {
		ssi_stream_broken(&conn->c, "bad credit message");
		return;
	}
	WRITE_ONCE(st->link.last_rx, jiffies);
	ssi_stream_kick(&conn->c);
}

/* Copy @len bytes, not more than RX_TAIL headers, that begin @at bytes into the message. */
static void rx_copy(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf, u32 at,
		    void *to, u32 len)
{
	u32 in_page = at < PAGE_SIZE ? min_t(u32, PAGE_SIZE - at, len) : 0;

	if (in_page) {
		ib_dma_sync_single_for_cpu(conn->pd->device,
					   buf->page_dma + at, in_page,
					   DMA_FROM_DEVICE);
		memcpy(to, page_address(buf->page) + at, in_page);
		at = PAGE_SIZE;
	}
	if (in_page == len)
		return;
	ib_dma_sync_single_for_cpu(conn->pd->device, buf->wire_dma, len,
				   DMA_FROM_DEVICE);
	memcpy(to + in_page, (void *)buf->wire + at - PAGE_SIZE, len - in_page);
}

/* Copy the header that begins @at bytes into the message; see rx_unmap(). */
static void rx_header(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		      u32 at, struct ssi_wire *head)
{
	if (conn->guard)
		memcpy(head, page_address(buf->page) + at, SSI_STREAM_WIRE_LEN);
	else
		rx_copy(conn, buf, at, head, SSI_STREAM_WIRE_LEN);
}

/* Number of headers in a message of @bytes bytes whose last header is @head. */
static u32 rx_count(const struct ssi_wire *head, u32 bytes)
{
	u32 nr = bytes / SSI_STREAM_WIRE_LEN;

	if (head->len || bytes % SSI_STREAM_WIRE_LEN || nr > SSI_RDMA_BATCH)
		return 1;
	return nr;
}

/*
 * Account for the credits of @rx. True if @rx can go to the client now. A
 * message that arrives before ESTABLISHED is reported to the connection
 * manager: the packet that the connection manager waits for may be lost.
 */
static bool rx_account(struct ssi_rdma_conn *conn, struct ssi_rx *rx,
		       bool posted)
{
	struct ssi_stream *st = conn->c.st;
	unsigned long flags;
	bool legal, open;

	spin_lock_irqsave(&st->lock, flags);
	legal = rx_credits(conn, le32_to_cpu(rx->wire.credits));
	ssi_stream_owe(&conn->c, posted,
		       posted && rx->wire.type == SSI_WIRE_DATAS);
	st->received += legal;
	open = conn->open;
	if (legal && !open)
		list_add_tail(&rx->list, &st->early);
	spin_unlock_irqrestore(&st->lock, flags);
	if (!legal) {
		ssi_stream_broken(&conn->c, "more credits given back than taken");
		ssi_rx_free(rx);
		return false;
	}
	if (!open)
		ssi_rdma_conn_heard(conn);
	return open;
}

/*
 * Make a struct ssi_rx of each message in @buf. @len bytes are in front of its
 * last header, @head.
 */
static bool rx_take(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		    const struct ssi_wire *head, u32 len,
		    struct list_head *rxs)
{
	u32 nr = rx_count(head, len + SSI_STREAM_WIRE_LEN);
	struct ssi_rx *rx;
	u32 i;

	for (i = 0; i < nr; i++) {
		rx = ssi_rx_alloc(conn->c.st->link.peer->rx_pool,
				  GFP_ATOMIC | __GFP_NOWARN);
		if (!rx)
			return false;
		list_add_tail(&rx->list, rxs);
		if (i == nr - 1)
			rx->wire = *head;
		else
			rx_header(conn, buf, i * SSI_STREAM_WIRE_LEN, &rx->wire);
	}
	if (nr == 1 && len) {
		rx->len = len;
		rx->page = rx_unmap(conn, buf);
	}
	return true;
}

static void rx_message(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		       const struct ssi_wire *head, u32 len, bool headerless)
{
	struct ssi_rx *rx, *next;
	LIST_HEAD(rxs);
	bool posted;

	if (ssi_stream_rx_stopped(&conn->c) || !ssi_stream_take_credit(&conn->c))
		return;
	if (!rx_take(conn, buf, head, len, &rxs)) {
		/* The message is gone, but its sender knows that it arrived. */
		conn->c.rx_stopped = true;
		ssi_stream_fail(&conn->c, SSI_DSM_LINK_LOST,
				"out of memory for messages from node %u",
				conn->c.st->link.peer->id);
		list_for_each_entry_safe(rx, next, &rxs, list)
			ssi_rx_free(rx);
		return;
	}
	posted = rx_repost(conn, buf);
	list_for_each_entry_safe(rx, next, &rxs, list) {
		list_del_init(&rx->list);
		rx->headerless = headerless;
		if (ssi_stream_rx_stopped(&conn->c))
			ssi_rx_free(rx);
		else if (rx_account(conn, rx, posted))
			ssi_link_recv(&conn->c.st->link, rx);
		posted = false;
	}
	ssi_stream_kick(&conn->c);
}

/* Receive a page without a header. */
static void rx_headerless(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
			  const struct ib_wc *wc)
{
	const struct ssi_peer *peer = conn->c.st->link.peer;
	struct ssi_wire head;

	if (wc->byte_len != PAGE_SIZE) {
		ssi_stream_broken(&conn->c, "truncated message");
		return;
	}
	ssi_wire_expand(&head, be32_to_cpu(wc->ex.imm_data), peer->id,
			peer->node->id);
	rx_message(conn, buf, &head, PAGE_SIZE, true);
}

static void rx_any(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		   const struct ssi_wire *head, u32 len)
{
	if (head->type == SSI_WIRE_CREDIT)
		rx_credit(conn, buf, head, len);
	else
		rx_message(conn, buf, head, len, false);
}

/* The first message of the side that connects: then its other messages count. */
static void rx_proof(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		     const struct ib_wc *wc)
{
	u8 proof[SSI_KEYS_LEN];

	if (wc->wc_flags & IB_WC_WITH_IMM || wc->byte_len != sizeof(proof)) {
		ssi_rdma_guard_forged(conn);
		return;
	}
	rx_copy(conn, buf, 0, proof, sizeof(proof));
	if (!ssi_rdma_guard_prove(conn, proof)) {
		ssi_rdma_guard_forged(conn);
		return;
	}
	rx_repost(conn, buf);
	ssi_rdma_conn_heard(conn);
	mod_delayed_work(ssi_conn_wq, &conn->c.st->work, 0);
}

/* The page goes nowhere before its message is known to be right. */
static void rx_sealed(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		      const struct ib_wc *wc)
{
	struct {
		struct ssi_wire head;
		struct ssi_seal_trailer trailer;
	} tail;
	u32 len = wc->byte_len - SSI_RDMA_TAIL;

	static_assert(sizeof(tail) == SSI_RDMA_TAIL);
	if (conn->c.rx_stopped)
		return;
	if (wc->wc_flags & IB_WC_WITH_IMM || wc->byte_len < sizeof(tail) ||
	    len > PAGE_SIZE) {
		ssi_rdma_guard_forged(conn);
		return;
	}
	rx_copy(conn, buf, len, &tail, sizeof(tail));
	if (len)
		ib_dma_sync_single_for_cpu(conn->pd->device, buf->page_dma, len,
					   DMA_FROM_DEVICE);
	if (ssi_rdma_guard_open(conn, &tail.head, page_address(buf->page), len,
				&tail.trailer))
		rx_any(conn, buf, &tail.head, len);
}

static void ssi_rdma_recv_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct ssi_rdma_conn *conn = cq->cq_context;
	struct ssi_rdma_rx *buf = container_of(wc->wr_cqe, struct ssi_rdma_rx,
					       cqe);
	struct ssi_wire head;
	u32 len;

	if (wc->status != IB_WC_SUCCESS) {
		ssi_rdma_conn_wc_failed(conn, "receiving from", wc);
		return;
	}
	if (conn->guard) {
		if (ssi_rdma_guard_proved(conn->guard))
			rx_sealed(conn, buf, wc);
		else if (!conn->c.rx_stopped)
			rx_proof(conn, buf, wc);
		return;
	}
	if (wc->wc_flags & IB_WC_WITH_IMM) {
		rx_headerless(conn, buf, wc);
		return;
	}
	if (wc->byte_len < SSI_STREAM_WIRE_LEN) {
		ssi_stream_broken(&conn->c, "truncated message");
		return;
	}
	len = wc->byte_len - SSI_STREAM_WIRE_LEN;
	rx_header(conn, buf, len, &head);
	rx_any(conn, buf, &head, len);
}

static struct ssi_rx *rx_take_early(struct ssi_rdma_conn *conn)
{
	struct ssi_stream *st = conn->c.st;
	struct ssi_rx *rx;
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	rx = list_first_entry_or_null(&st->early, struct ssi_rx, list);
	if (rx)
		list_del_init(&rx->list);
	else
		WRITE_ONCE(conn->open, true);
	spin_unlock_irqrestore(&st->lock, flags);
	return rx;
}

void ssi_rdma_recv_open(struct ssi_rdma_conn *conn)
{
	struct ssi_rx *rx;

	while ((rx = rx_take_early(conn)))
		ssi_link_recv(&conn->c.st->link, rx);
}

int ssi_rdma_recv_init(struct ssi_rdma_conn *conn)
{
	u32 i;

	conn->rx_wires = ssi_rdma_conn_wires_new(conn, RX_WIRES,
						 DMA_FROM_DEVICE,
						 &conn->rx_wires_dma);
	if (!conn->rx_wires)
		return -ENOMEM;
	for (i = 0; i < SSI_RDMA_RX_DEPTH; i++) {
		conn->rx[i].cqe.done = ssi_rdma_recv_done;
		conn->rx[i].wire = &conn->rx_wires[i * RX_TAIL];
		conn->rx[i].wire_dma = conn->rx_wires_dma +
				       i * RX_TAIL * SSI_STREAM_WIRE_LEN;
		/* One more try: tests let one in a few allocations fail. */
		if (rx_fill(conn, &conn->rx[i], GFP_KERNEL) &&
		    rx_fill(conn, &conn->rx[i], GFP_KERNEL))
			return -ENOMEM;
	}
	return 0;
}

int ssi_rdma_recv_post(struct ssi_rdma_conn *conn)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < SSI_RDMA_RX_DEPTH; i++)
		ret = rx_post(conn, &conn->rx[i]);
	return ret;
}

void ssi_rdma_recv_free(struct ssi_rdma_conn *conn)
{
	u32 i;

	for (i = 0; i < SSI_RDMA_RX_DEPTH; i++)
		if (conn->rx[i].page)
			__free_page(rx_unmap(conn, &conn->rx[i]));
	ssi_rdma_conn_wires_free(conn, conn->rx_wires, conn->rx_wires_dma,
				 RX_WIRES, DMA_FROM_DEVICE);
}
