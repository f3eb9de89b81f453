// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving over one RDMA connection: buffers, and the messages in them.
 */
#include <linux/mm.h>

#include "alloc.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_recv.h"
#include "net/rdma_send.h"

static int rx_fill(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		   gfp_t gfp)
{
	struct ib_device *dev = conn->pd->device;
	struct mem_cgroup *payer = conn->rl->link.peer->node->payer;
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
		{ buf->page_dma, PAGE_SIZE, lkey },
		{ buf->wire_dma, SSI_RDMA_WIRE_LEN, lkey },
	};
	const struct ib_recv_wr wr = {
		.wr_cqe = &buf->cqe,
		.sg_list = sge,
		.num_sge = 2,
	};

	ib_dma_sync_single_for_device(conn->pd->device, buf->wire_dma, SSI_RDMA_WIRE_LEN,
				      DMA_FROM_DEVICE);
	ib_dma_sync_single_for_device(conn->pd->device, buf->page_dma,
				      SSI_RDMA_BATCH * SSI_RDMA_WIRE_LEN,
				      DMA_FROM_DEVICE);
	return ib_post_recv(conn->qp, &wr, NULL);
}

/* The value of @dead is stable only while rl->lock is held. */
static void rx_refill_later(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->rl->lock, flags);
	if (!conn->dead) {
		list_add_tail(&buf->list, &conn->refill);
		queue_work(ssi_conn_wq, &conn->refill_work);
	}
	spin_unlock_irqrestore(&conn->rl->lock, flags);
}

/*
 * Post @buf again for another message. True if it is posted: then the other
 * side can get a credit back for it.
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
		ssi_rdma_conn_fail(conn, SSI_DSM_LINK_DOWN,
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

void ssi_rdma_recv_refill(struct work_struct *work)
{
	struct ssi_rdma_conn *conn = container_of(work, struct ssi_rdma_conn,
						  refill_work);
	struct ssi_rdma_rx *buf;

	while ((buf = rx_next_refill(conn))) {
		while (rx_fill(conn, buf, GFP_KERNEL)) {
			if (READ_ONCE(conn->dead))
				return;
			ssi_alloc_pause();
		}
		if (rx_repost(conn, buf))
			rx_give_back(conn);
	}
	ssi_rdma_send_kick(conn);
}

/*
 * False if the other side gives back more credits than it took: that breaks the
 * protocol.
 */
static bool rx_credits(struct ssi_rdma_conn *conn, u32 credits)
{
	lockdep_assert_held(&conn->rl->lock);
	if (credits > conn->credits_max - conn->credits)
		return false;
	conn->credits += credits;
	return true;
}

/* From the completion handler: nothing after this goes to the client. */
static void rx_broken(struct ssi_rdma_conn *conn, const char *how)
{
	conn->rx_stopped = true;
	ssi_rdma_conn_fail(conn, SSI_DSM_LINK_LOST,
			   "node %u broke the protocol: %s",
			   conn->rl->link.peer->id, how);
}

static void rx_credit(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		      const struct ssi_wire *head, u32 len)
{
	struct ssi_rdma_link *rl = conn->rl;
	u32 credits = le32_to_cpu(head->credits);
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
	ssi_rdma_send_kick(conn);
}

/* Copy the header that begins @at bytes into the message. */
static void rx_header(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		      u32 at, struct ssi_wire *head)
{
	u32 in_page = at < PAGE_SIZE ? min_t(u32, PAGE_SIZE - at,
					     SSI_RDMA_WIRE_LEN) : 0;

	if (in_page) {
		ib_dma_sync_single_for_cpu(conn->pd->device,
					   buf->page_dma + at, in_page,
					   DMA_FROM_DEVICE);
		memcpy(head, page_address(buf->page) + at, in_page);
		at = PAGE_SIZE;
	}
	if (in_page == SSI_RDMA_WIRE_LEN)
		return;
	ib_dma_sync_single_for_cpu(conn->pd->device, buf->wire_dma,
				   SSI_RDMA_WIRE_LEN, DMA_FROM_DEVICE);
	memcpy((void *)head + in_page, (void *)buf->wire + at - PAGE_SIZE,
	       SSI_RDMA_WIRE_LEN - in_page);
}

/* Number of headers in a message of @bytes bytes whose last header is @head. */
static u32 rx_count(const struct ssi_wire *head, u32 bytes)
{
	u32 nr = bytes / SSI_RDMA_WIRE_LEN;

	if (head->len || bytes % SSI_RDMA_WIRE_LEN || nr > SSI_RDMA_BATCH)
		return 1;
	return nr;
}

/*
 * Take the credit of a message. False if the other side has none: it sent more
 * than the receive buffers that we granted.
 */
static bool rx_take_credit(struct ssi_rdma_conn *conn)
{
	unsigned long flags;
	bool granted;

	spin_lock_irqsave(&conn->rl->lock, flags);
	granted = conn->granted;
	conn->granted -= granted;
	spin_unlock_irqrestore(&conn->rl->lock, flags);
	if (!granted)
		rx_broken(conn, "it sends without a credit");
	return granted;
}

/*
 * Account for the credits of @rx. True if @rx can go to the client now. A
 * message that arrives before ESTABLISHED is reported to the connection
 * manager: the packet that the connection manager waits for may be lost.
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
	rl->rx_count += legal;
	open = conn->open;
	if (legal && !open)
		list_add_tail(&rx->list, &rl->early);
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
 * If an upper layer set the link to LOST, receive is stopped, and rl->work ends
 * the connection so that the other side notices. If the connection itself
 * failed, the messages that the other side sent before still go to the client.
 */
static bool rx_is_stopped(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_link *rl = conn->rl;

	if (conn->rx_stopped || !READ_ONCE(conn->open) ||
	    READ_ONCE(rl->link.state) != SSI_DSM_LINK_LOST)
		return conn->rx_stopped;
	/* Pairs with the order in mark_dead(): dead is set first, then LOST. */
	smp_rmb();
	if (!READ_ONCE(conn->dead)) {
		conn->rx_stopped = true;
		mod_delayed_work(ssi_conn_wq, &rl->work, 0);
	}
	return conn->rx_stopped;
}

/*
 * Make a struct ssi_rx of each message in @buf. @len bytes are in front of its
 * last header, @head.
 */
static bool rx_take(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
		    const struct ssi_wire *head, u32 len,
		    struct list_head *rxs)
{
	u32 nr = rx_count(head, len + SSI_RDMA_WIRE_LEN);
	struct ssi_rx *rx;
	u32 i;

	for (i = 0; i < nr; i++) {
		rx = ssi_rx_alloc(conn->rl->link.peer->rx_pool,
				  GFP_ATOMIC | __GFP_NOWARN);
		if (!rx)
			return false;
		list_add_tail(&rx->list, rxs);
		if (i == nr - 1)
			rx->wire = *head;
		else
			rx_header(conn, buf, i * SSI_RDMA_WIRE_LEN, &rx->wire);
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

	if (rx_is_stopped(conn) || !rx_take_credit(conn))
		return;
	if (!rx_take(conn, buf, head, len, &rxs)) {
		/* The message is gone, but its sender knows that it arrived. */
		conn->rx_stopped = true;
		ssi_rdma_conn_fail(conn, SSI_DSM_LINK_LOST,
				   "out of memory for messages from node %u",
				   conn->rl->link.peer->id);
		list_for_each_entry_safe(rx, next, &rxs, list)
			ssi_rx_free(rx);
		return;
	}
	posted = rx_repost(conn, buf);
	list_for_each_entry_safe(rx, next, &rxs, list) {
		list_del_init(&rx->list);
		rx->headerless = headerless;
		if (rx_is_stopped(conn))
			ssi_rx_free(rx);
		else if (rx_account(conn, rx, posted))
			ssi_link_recv(&conn->rl->link, rx);
		posted = false;
	}
	ssi_rdma_send_kick(conn);
}

/* Receive a page without a header. */
static void rx_headerless(struct ssi_rdma_conn *conn, struct ssi_rdma_rx *buf,
			  const struct ib_wc *wc)
{
	const struct ssi_peer *peer = conn->rl->link.peer;
	struct ssi_wire head;

	if (wc->byte_len != PAGE_SIZE) {
		rx_broken(conn, "truncated message");
		return;
	}
	ssi_wire_expand(&head, be32_to_cpu(wc->ex.imm_data), peer->id,
			peer->node->id);
	rx_message(conn, buf, &head, PAGE_SIZE, true);
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
	if (wc->wc_flags & IB_WC_WITH_IMM) {
		rx_headerless(conn, buf, wc);
		return;
	}
	if (wc->byte_len < SSI_RDMA_WIRE_LEN) {
		rx_broken(conn, "truncated message");
		return;
	}
	len = wc->byte_len - SSI_RDMA_WIRE_LEN;
	rx_header(conn, buf, len, &head);
	if (head.type == SSI_WIRE_CREDIT)
		rx_credit(conn, buf, &head, len);
	else
		rx_message(conn, buf, &head, len, false);
}

static struct ssi_rx *rx_take_early(struct ssi_rdma_conn *conn)
{
	struct ssi_rdma_link *rl = conn->rl;
	struct ssi_rx *rx;
	unsigned long flags;

	spin_lock_irqsave(&rl->lock, flags);
	rx = list_first_entry_or_null(&rl->early, struct ssi_rx, list);
	if (rx)
		list_del_init(&rx->list);
	else
		WRITE_ONCE(conn->open, true);
	spin_unlock_irqrestore(&rl->lock, flags);
	return rx;
}

void ssi_rdma_recv_open(struct ssi_rdma_conn *conn)
{
	struct ssi_rx *rx;

	while ((rx = rx_take_early(conn)))
		ssi_link_recv(&conn->rl->link, rx);
}

int ssi_rdma_recv_init(struct ssi_rdma_conn *conn)
{
	u32 i;

	conn->rx_wires = ssi_rdma_conn_wires_new(conn, SSI_RDMA_RX_DEPTH,
						 DMA_FROM_DEVICE,
						 &conn->rx_wires_dma);
	if (!conn->rx_wires)
		return -ENOMEM;
	for (i = 0; i < SSI_RDMA_RX_DEPTH; i++) {
		conn->rx[i].cqe.done = ssi_rdma_recv_done;
		conn->rx[i].wire = &conn->rx_wires[i];
		conn->rx[i].wire_dma = conn->rx_wires_dma + i * SSI_RDMA_WIRE_LEN;
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
				 SSI_RDMA_RX_DEPTH, DMA_FROM_DEVICE);
}

void ssi_rdma_recv_forget(struct ssi_rdma_link *rl)
{
	struct ssi_rx *rx, *next;
	unsigned long flags;
	LIST_HEAD(early);

	spin_lock_irqsave(&rl->lock, flags);
	list_splice_init(&rl->early, &early);
	rl->rx_count = 0;
	rl->peer_life = 0;
	spin_unlock_irqrestore(&rl->lock, flags);
	list_for_each_entry_safe(rx, next, &early, list)
		ssi_rx_free(rx);
}
