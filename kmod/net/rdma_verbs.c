// SPDX-License-Identifier: GPL-2.0-only
/*
 * One RDMA connection: its setup and its end.
 */

/**
 * DOC: Theory of operation
 *
 * Messages. A message is one SEND: up to a page of payload followed by one
 * 64-byte header, or a few headers without a payload. A receive buffer is a
 * whole free page and space for one header. The received page is used as it
 * is, without a copy: it is unmapped and goes to the client with the message,
 * and the buffer is posted again with another page. If a message has no
 * payload, its headers are in the page, and the page stays with the buffer. A
 * page whose header says little is sent without a header (headerless): the
 * type and the token are in the immediate data. Such a message gives back no
 * credits. No remote node gets an rkey: the protection domain has no memory
 * region that the other side could name. In a page that goes to the client
 * only the first rx->len bytes were received. The rest is a header or the old
 * content of the page, and must not be shown to any program or guest.
 *
 * Credits. The hello grants the other side one credit for each receive buffer,
 * except for a reserve. Each message takes one credit. The receiver gives the
 * credit back when it has posted a buffer in place of the used one, in the
 * credits field of the next message in the other direction. Therefore the
 * number of posted buffers is never less than the number of granted credits
 * plus the reserve, and receiver-not-ready never happens. If there is no
 * message in the other direction, a message of type CREDIT is sent once
 * OWED_MAX credits are owed. A CREDIT message takes no credit itself, because
 * the reserve has space for it: credits that their receiver has not seen yet
 * cannot be used, so they cannot be owed again, and at most CREDITS / OWED_MAX
 * such messages are under way at once. The buffers of CREDIT messages need no
 * new page, so they are posted again even if there is no free memory. A node
 * that sends without a credit, or gives back more credits than it took, breaks
 * the protocol. Each CREDIT message must give back at least one credit that its
 * receiver took, so these messages cannot go on without end either. With security
 * the sender of a copy keeps a reference to its page until it has the credit, so CREDIT
 * goes after 100 us in any case, for a single credit if need be. Therefore a node with
 * security grants fewer credits: there is a buffer for each of them once more.
 *
 * Sending. A message is posted at once if a credit and a slot are free and
 * st->queue is empty. Otherwise it waits in st->queue, which is served whenever
 * a credit or a slot comes back. Each packet costs both sides much more than its
 * bytes do; one part of that cost is the acknowledgment. Therefore consecutive
 * messages of st->queue that have no payload are posted as one SEND (a batch),
 * which takes one credit.
 *
 * Receiving. All completions come from one CQ, which softirqs poll, one
 * completion at a time; this keeps the order of the messages. The first messages
 * may arrive before the event that the connection is established. They wait in
 * st->early until ssi_rdma_verbs_open() gives them to the client.
 *
 * End. The code that detects an error marks the connection dead under
 * st->lock, which also changes the state of the link and queues st->work. Only
 * the first error of a connection has this effect. st->work tears the
 * connection down in this order: dead is set, so no work refills buffers; the
 * drain waits until each callback that might have posted a buffer has returned;
 * the CQ is freed, and after that no callback runs; only then is memory
 * unmapped and freed, and the connection removed from the link.
 *
 * The next connection. A reliable connection delivers messages in order, and
 * the drain lets all that have arrived go to the client. So a message has arrived
 * when its SEND is complete. A slot keeps its messages, and the reference to its
 * page, until then. When the connection ends, the messages of all slots that are
 * not complete go back to the head of st->queue.
 *
 * Locks. st->lock is held while sends are posted, which keeps their order. It
 * is never held while the client is called.
 */
#include <linux/slab.h>

#include "net/peer.h"
#include "net/rdma_cq.h"
#include "net/rdma_guard.h"
#include "net/rdma_recv.h"
#include "net/rdma_send.h"
#include "net/rdma_verbs.h"

/* Setup and end */

/*
 * rdma_cm permits remote writes on the queue pair. The other side has no key
 * for our memory and needs no such right.
 */
static int forbid_remote_access(struct ssi_rdma_conn *conn)
{
	struct ib_qp_attr attr = { .qp_access_flags = IB_ACCESS_LOCAL_WRITE };

	return ib_modify_qp(conn->qp, &attr, IB_QP_ACCESS_FLAGS);
}

void ssi_rdma_verbs_open(struct ssi_rdma_conn *conn, u32 credits)
{
	int ret = forbid_remote_access(conn);

	if (ret) {
		ssi_stream_fail(&conn->c, SSI_DSM_LINK_DOWN,
				"cannot restrict the queue pair for node %u: error %d",
				conn->c.st->link.peer->id, ret);
		return;
	}
	if (!ssi_stream_ready(&conn->c, credits))
		return;
	ssi_rdma_recv_open(conn);
	ssi_stream_kick(&conn->c);
}

static void ssi_rdma_verbs_qp_event(struct ib_event *event, void *context)
{
	struct ssi_rdma_conn *conn = context;

	switch (event->event) {
	case IB_EVENT_COMM_EST:
		ssi_rdma_conn_heard(conn);
		break;
	case IB_EVENT_QP_FATAL:
	case IB_EVENT_QP_REQ_ERR:
	case IB_EVENT_QP_ACCESS_ERR:
		ssi_stream_fail(&conn->c, SSI_DSM_LINK_DOWN,
				"the queue pair for node %u failed: %s",
				conn->c.st->link.peer->id,
				ib_event_msg(event->event));
		break;
	default:
		break;
	}
}

struct ssi_rdma_conn *ssi_rdma_verbs_new(struct ssi_stream *st,
					 const struct ssi_carrier *carrier)
{
	struct ssi_rdma_conn *conn = kvzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn)
		return NULL;
	ssi_stream_conn_init(&conn->c, st, carrier, ssi_rdma_credits(st));
	INIT_LIST_HEAD(&conn->tx_free);
	INIT_LIST_HEAD(&conn->tx_flight);
	INIT_LIST_HEAD(&conn->refill);
	INIT_WORK(&conn->refill_work, ssi_rdma_recv_refill);
	INIT_WORK(&conn->notify_work, ssi_rdma_conn_notify);
	if (ssi_rdma_guard_new(conn)) {
		kvfree(conn);
		return NULL;
	}
	return conn;
}

/* The queues have one entry more than we post: the drain uses it. */
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
	struct ib_pd *pd;

	/*
	 * iWARP has no SEND with immediate data, which headerless pages need.
	 */
	if (!rdma_cap_ib_cm(dev, conn->id->port_num))
		return -EPROTONOSUPPORT;
	pd = ib_alloc_pd(dev, 0);
	if (IS_ERR(pd))
		return PTR_ERR(pd);
	conn->pd = pd;
	return ssi_rdma_cq_new(conn) ?: ssi_rdma_send_init(conn) ?:
	       ssi_rdma_guard_setup(conn) ?: ssi_rdma_recv_init(conn) ?: qp_new(conn) ?:
	       ssi_rdma_recv_post(conn);
}

void ssi_rdma_verbs_teardown(struct ssi_rdma_conn *conn)
{
	/* It cannot be queued again: rx_refill_later() checks @dead. */
	cancel_work_sync(&conn->refill_work);
	/* They cannot be started again: the code that does so checks @dead. */
	hrtimer_cancel(&conn->c.defer_timer);
	hrtimer_cancel(&conn->c.credit_timer);
	if (conn->qp) {
		ib_drain_qp(conn->qp);
		rdma_destroy_qp(conn->id);
	}
	if (conn->cq)
		ssi_rdma_cq_free(conn);
	/* There are no more events and messages. */
	cancel_work_sync(&conn->notify_work);
	if (!conn->pd)
		return;
	ssi_rdma_send_free(conn);
	ssi_rdma_recv_free(conn);
	ssi_rdma_guard_teardown(conn);
	ib_dealloc_pd(conn->pd);
}

void ssi_rdma_verbs_free(struct ssi_rdma_conn *conn)
{
	ssi_rdma_guard_free(conn);
	kvfree(conn);
}
