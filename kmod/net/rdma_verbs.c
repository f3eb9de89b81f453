// SPDX-License-Identifier: GPL-2.0-only
/*
 * One RDMA connection: how it begins and how it ends.
 */

/**
 * DOC: Theory of operation
 *
 * A message is one SEND: up to a page and behind it a 64-byte header, or a few
 * headers. A receive buffer scatters into a whole free page and room for a
 * header, so that the page that arrives is the page that is used: it is
 * unmapped, handed up with the message, and the buffer is posted again with
 * another. Without a payload the page takes the headers, and stays. A page whose
 * header says little travels without one, and that is in the immediate data; it
 * gives back no credits. Nobody gets an rkey: the protection domain has no
 * memory region that the other side could name. Of a page handed up only the
 * first rx->len bytes were received; the rest is a header, or whatever the page
 * held before, and must not be shown to anybody.
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
 * other waits; else it waits in tx_queue, which goes on whenever a credit or a
 * slot comes back. Each packet costs both sides far more than the bytes in it,
 * an acknowledgment among that. So those that are behind each other in tx_queue
 * and have no payload go as one message, for one credit; and what nobody waits
 * for is deferred in tx_queue until an urgent message, a full batch, or
 * the timer to take it along.
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
#include <linux/slab.h>

#include "net/peer.h"
#include "net/rdma_recv.h"
#include "net/rdma_send.h"
#include "net/rdma_verbs.h"

/* Beginning and end */

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
	int ret = forbid_remote_access(conn);

	if (ret) {
		ssi_rdma_conn_fail(conn, SSI_DSM_LINK_DOWN,
				   "cannot restrict the queue pair for node %u: error %d",
				   link->peer->id, ret);
		return;
	}
	if (!begin_open(conn, credits))
		return;
	ssi_link_change_state(link, SSI_DSM_LINK_UP, "%s", "");
	ssi_rdma_recv_open(conn);
	ssi_rdma_send_kick(conn);
	/* It may have died before the link was UP and could be LOST. */
	if (READ_ONCE(conn->dead))
		ssi_rdma_conn_tell_dead(conn->rl, SSI_DSM_LINK_DOWN);
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
		ssi_rdma_conn_fail(conn, SSI_DSM_LINK_DOWN,
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
	INIT_WORK(&conn->refill_work, ssi_rdma_recv_refill);
	init_waitqueue_head(&conn->arrived);
	hrtimer_init(&conn->defer_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	conn->defer_timer.function = ssi_rdma_send_timer;
	return conn;
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
	struct ib_cq *cq;
	struct ib_pd *pd;

	/* iWARP has no SEND with immediate data, which pages travel by. */
	if (!rdma_cap_ib_cm(dev, conn->id->port_num))
		return -EPROTONOSUPPORT;
	pd = ib_alloc_pd(dev, 0);
	if (IS_ERR(pd))
		return PTR_ERR(pd);
	conn->pd = pd;
	cq = ib_alloc_cq_any(dev, conn, SSI_RDMA_TX_DEPTH + SSI_RDMA_RX_DEPTH + 2,
			     IB_POLL_SOFTIRQ);
	if (IS_ERR(cq))
		return PTR_ERR(cq);
	conn->cq = cq;
	return ssi_rdma_send_init(conn) ?: ssi_rdma_recv_init(conn) ?:
	       qp_new(conn) ?: ssi_rdma_recv_post(conn);
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
	/* Nor is this: ssi_rdma_send() does. */
	hrtimer_cancel(&conn->defer_timer);
	if (conn->qp) {
		ib_drain_qp(conn->qp);
		rdma_destroy_qp(conn->id);
	}
	if (conn->cq)
		ib_free_cq(conn->cq);
	if (!conn->pd)
		return;
	ssi_rdma_send_free(conn);
	ssi_rdma_recv_free(conn);
	ib_dealloc_pd(conn->pd);
}

void ssi_rdma_verbs_free(struct ssi_rdma_conn *conn)
{
	kvfree(conn);
}
