// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rdma transport: it makes and breaks connections with rdma_cm.
 */

/**
 * DOC: Theory of operation
 *
 * Each node has a listener, bound to the address of the node. A link has at
 * most one struct ssi_rdma_conn at a time: first it is an attempt to connect,
 * then it is the connection. The node with the higher id connects:
 *
 *	higher id                          lower id
 *	resolve address, route
 *	queue pair, receive buffers
 *	REQ, hello ----------------------> ssi_peer_accept()
 *	                                   queue pair, receive buffers
 *	check hello <--------------------- REP, hello       (or REJ, refusal)
 *	UP
 *	RTU (or a first message) --------> UP
 *
 * An attempt can fail, the other node can refuse it, or no answer arrives
 * before the deadline. Then rl->work reaps the attempt and begins another one
 * after RETRY_MS. Meanwhile the link keeps its state and its reason, so that
 * the same event is not sent twice a second.
 *
 * If the connection of a link that is UP ends, the link is INTERRUPTED and the
 * same steps make another connection, sooner. The hellos then say which
 * messages have arrived, see the DOC of rdma_verbs.c. The link goes to LOST
 * and stays there if that is not possible, if the other side has said BYE, or
 * if rl->grace finds the link still INTERRUPTED at the end of the grace period.
 * A link whose upper layer sets it to LOST says BYE before its connection ends.
 *
 * Ownership. Two places store rl->conn: the link's work (on the side that
 * connects) and the listener's handler (on the side that accepts). Two places
 * tear the connection down, clear rl->conn and free it: the link's work and
 * close(). The work never runs twice at the same time. close() sets
 * rl->closing under the listener's lock and waits for the work before it
 * clears rl->conn. The event handler of a connection's id never frees
 * anything: it marks the connection dead and queues the work. It ignores a
 * connection that is dead already, because destroy_conn() may be running.
 *
 * rdma_destroy_id() waits for the id's handlers. Therefore no lock that a
 * handler takes is held during that call. This also covers DEVICE_REMOVAL:
 * rdma_cm waits there until the work has destroyed the id.
 *
 * A connection request can arrive for a link that still has an attempt, or
 * from the same life of the other node for a link that is UP. Then the other
 * node has given up that attempt or connection. The link's work reaps it, and
 * the request is rejected without a reason, so that the other node tries again.
 *
 * Locks, outermost first: ssi_config_lock, listener->lock, rl->lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_cm.h"
#include "net/rdma_recv.h"
#include "net/rdma_send.h"
#include "net/rdma_verbs.h"

#define RETRY_MS	500
#define RESOLVE_MS	2000	/* for the address, then for the route */
#define ANSWER_MS	4000	/* limit of an attempt, connecting side */
/* The same for a link that is interrupted: programs wait for it. */
#define RETRY_SOON_MS	100
#define ANSWER_SOON_MS	2500
#define ACCEPT_MS	10000	/* the same limit, accepting side */
#define FLUSH_MS	1000	/* close() */
#define PORT_FIRST	512	/* source ports: from here to 1023 */

/*
 * The acknowledgment timeout is 4.096 us << 16, that is 268 ms. Seven times 268
 * ms is 1.9 s: a software-emulated card that shares its CPU with other tasks
 * answers within that time. The number of retries must not be 7: rxe reads 7 as
 * "retry for ever", as it does for RNR (see the check of retry_cnt in
 * rxe_completer()).
 */
#define ACK_TIMEOUT	16
#define ACK_RETRIES	6
/* Credits prevent every RNR; the value 7 means "retry for ever". */
#define RNR_RETRIES	6
#define RNR_TIMER	12	/* 0.64 ms; 0 means 655 ms */

static void make_hello(struct ssi_rdma_conn *conn, struct ssi_wire_hello *hello,
		       struct rdma_conn_param *param)
{
	const struct ssi_rdma_link *rl = conn->rl;
	const struct ssi_peer *peer = rl->link.peer;

	ssi_wire_hello_encode(hello, peer->node->cluster_hash, peer->node->id,
			      peer->id, SSI_RDMA_CREDITS);
	ssi_wire_hello_continue(hello, rl->life, rl->peer_life, rl->rx_count);
	*param = (struct rdma_conn_param){
		.private_data = hello,
		.private_data_len = sizeof(*hello),
		.retry_count = ACK_RETRIES,
		.rnr_retry_count = RNR_RETRIES,
	};
}

/* Whether messages were sent and received that must not be lost now. */
static bool has_begun(struct ssi_rdma_link *rl)
{
	u32 state = READ_ONCE(rl->link.state);

	return state == SSI_DSM_LINK_UP || state == SSI_DSM_LINK_INTERRUPTED;
}

/* Call this before the queue pair leaves INIT. */
static int set_timers(struct rdma_cm_id *id)
{
	return rdma_set_ack_timeout(id, ACK_TIMEOUT) ?:
	       rdma_set_min_rnr_timer(id, RNR_TIMER);
}

/* The side that connects */

static int send_request(struct ssi_rdma_conn *conn)
{
	struct rdma_conn_param param;
	struct ssi_wire_hello hello;
	struct sa_path_rec *path;
	int ret;

	ret = set_timers(conn->id) ?: ssi_rdma_verbs_setup(conn);
	if (ret)
		return ret;
	path = conn->id->route.path_rec;
	if (conn->rl->mtu && path->mtu > conn->rl->mtu)
		path->mtu = conn->rl->mtu;
	make_hello(conn, &hello, &param);
	return rdma_connect_locked(conn->id, &param);
}

/*
 * rdma_cm sends packets as long as our own network device allows, and nobody
 * reports packets that are too long for the other side's.
 */
static void limit_mtu(struct ssi_rdma_conn *conn, u32 mtu)
{
	const struct ssi_peer *peer = conn->rl->link.peer;
	int bytes = ib_mtu_enum_to_int(mtu);

	if (bytes < 0)
		return;
	pr_warn_ratelimited("node %u of cluster %s: packets to node %u have at most %d bytes: its MTU is smaller than ours\n",
			    peer->node->id, peer->node->cluster, peer->id,
			    bytes);
	conn->rl->mtu = mtu;
}

static void cannot_reach(struct ssi_rdma_conn *conn, const char *what,
			 int error)
{
	const struct ssi_peer *peer = conn->rl->link.peer;

	ssi_rdma_conn_fail(conn, SSI_DSM_LINK_DOWN,
			   "cannot reach node %u at %pISpc: %s (%d)",
			   peer->id, &peer->addr, what, error);
}

static void rejected(struct ssi_rdma_conn *conn, struct rdma_cm_event *event)
{
	struct ssi_rdma_link *rl = conn->rl;
	const struct ssi_peer *peer = rl->link.peer;
	const struct ssi_rdma_refusal *data;
	u32 state = SSI_DSM_LINK_REFUSED;
	u32 refusal;
	u8 len;

	data = rdma_consumer_reject_data(conn->id, event, &len);
	if (!data || len < sizeof(*data) ||
	    le32_to_cpu(data->magic) != SSI_WIRE_MAGIC) {
		cannot_reach(conn, rdma_reject_msg(conn->id, event->status),
			     event->status);
		return;
	}
	refusal = le32_to_cpu(data->refusal);
	if (refusal == SSI_REFUSED_MTU)
		limit_mtu(conn, le32_to_cpu(data->mtu));
	else if (has_begun(rl) && refusal != SSI_REFUSED_BUSY)
		state = SSI_DSM_LINK_LOST;
	else if (refusal == SSI_REFUSED_LIFE)
		ssi_rdma_recv_forget(rl);
	ssi_rdma_conn_fail(conn, state, "refused by %pISpc: %s", &peer->addr,
			   ssi_wire_refusal_text(refusal));
}

/*
 * The node that accepted our request has our number of messages. Take its
 * number.
 */
static bool continue_link(struct ssi_rdma_conn *conn,
			  const struct ssi_wire_hello *hello)
{
	struct ssi_rdma_link *rl = conn->rl;
	u32 life = le32_to_cpu(hello->life);
	u32 id = rl->link.peer->id;

	if (rl->peer_life && rl->peer_life != life) {
		ssi_rdma_conn_fail(conn, SSI_DSM_LINK_LOST,
				   "node %u has restarted", id);
		return false;
	}
	if (!ssi_rdma_send_resume(rl, le64_to_cpu(hello->received))) {
		ssi_rdma_conn_fail(conn, SSI_DSM_LINK_LOST, SSI_RDMA_IMPOSSIBLE, id);
		return false;
	}
	rl->peer_life = life;
	return true;
}

/* Check the hello of the node that accepted our request. */
static void check_reply(struct ssi_rdma_conn *conn,
			const struct rdma_conn_param *param)
{
	const struct ssi_peer *peer = conn->rl->link.peer;
	const struct ssi_wire_hello *hello = param->private_data;
	u32 credits;

	if (ssi_wire_hello_check(hello, param->private_data_len,
				 peer->node->cluster_hash, peer->node->id) !=
	    SSI_REFUSED_NOT || hello->src != peer->id) {
		cannot_reach(conn, "it answers as somebody else", 0);
		return;
	}
	credits = le32_to_cpu(hello->credits);
	if (!credits || credits > U16_MAX) {
		cannot_reach(conn, "it grants an impossible number of credits",
			     credits);
		return;
	}
	if (continue_link(conn, hello))
		ssi_rdma_verbs_open(conn, credits);
}

static void established(struct ssi_rdma_conn *conn, struct rdma_cm_event *event)
{
	if (conn->rl->active)
		check_reply(conn, &event->param.conn);
	else
		ssi_rdma_verbs_open(conn, le32_to_cpu(conn->hello.credits));
}

static void over(struct ssi_rdma_conn *conn, const char *what)
{
	ssi_rdma_conn_fail(conn, SSI_DSM_LINK_DOWN, "%s node %u", what,
			   conn->rl->link.peer->id);
}

static void check_step(struct ssi_rdma_conn *conn, const char *what, int error)
{
	if (error)
		cannot_reach(conn, what, error);
}

/* rdma_cm waits until the id is destroyed, also if the connection is dead. */
static void device_removed(struct ssi_rdma_conn *conn)
{
	WRITE_ONCE(conn->removed, true);
	mod_delayed_work(ssi_conn_wq, &conn->rl->work, 0);
}

static int ssi_rdma_cm_conn_event(struct rdma_cm_id *id,
				  struct rdma_cm_event *event)
{
	struct ssi_rdma_conn *conn = id->context;

	if (event->event == RDMA_CM_EVENT_DEVICE_REMOVAL)
		device_removed(conn);
	if (READ_ONCE(conn->dead))
		return 0;
	switch (event->event) {
	case RDMA_CM_EVENT_ADDR_RESOLVED:
		check_step(conn, "cannot resolve the route",
			   rdma_resolve_route(id, RESOLVE_MS));
		break;
	case RDMA_CM_EVENT_ROUTE_RESOLVED:
		check_step(conn, "cannot send a request", send_request(conn));
		break;
	case RDMA_CM_EVENT_ESTABLISHED:
		established(conn, event);
		break;
	case RDMA_CM_EVENT_REJECTED:
		rejected(conn, event);
		break;
	case RDMA_CM_EVENT_DISCONNECTED:
		over(conn, "the connection was closed by");
		break;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		over(conn, "the RDMA device was removed, no way to");
		break;
	case RDMA_CM_EVENT_ADDR_CHANGE:
		over(conn, "the network device changed, no way to");
		break;
	case RDMA_CM_EVENT_UNREACHABLE:
		/*
		 * On an established connection this event only means that a
		 * neighbour entry has changed. Any host on the network can
		 * cause that. If the peer is really unreachable, unanswered
		 * packets end the connection.
		 */
		if (!READ_ONCE(conn->ready))
			cannot_reach(conn, rdma_event_msg(event->event),
				     event->status);
		break;
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		break;
	default:
		cannot_reach(conn, rdma_event_msg(event->event), event->status);
		break;
	}
	return 0;
}

static void set_port(struct sockaddr_storage *addr, u16 port)
{
	if (addr->ss_family == AF_INET6)
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)addr)->sin_port = htons(port);
}

/*
 * Connect from the node's own address, so that rdma_cm uses the RDMA device of
 * that address, and from a privileged port, which the other side requires
 * (check_origin()). The search begins at a random port, because the ports of
 * the last attempts may still be in use.
 */
static int resolve(struct ssi_rdma_conn *conn)
{
	struct ssi_peer *peer = conn->rl->link.peer;
	struct sockaddr_storage src = peer->node->addr;
	u32 ports = PROT_SOCK - PORT_FIRST;
	u32 first = get_random_u32() % ports;
	int ret = -EADDRINUSE;
	u32 i;

	for (i = 0; i < ports && ret == -EADDRINUSE; i++) {
		set_port(&src, PORT_FIRST + (first + i) % ports);
		ret = rdma_resolve_addr(conn->id, (struct sockaddr *)&src,
					(struct sockaddr *)&peer->addr,
					RESOLVE_MS);
	}
	return ret;
}

/* Run the work when the attempt is over, if nothing runs it before. */
static void await_deadline(struct ssi_rdma_link *rl, struct ssi_rdma_conn *conn)
{
	unsigned long now = jiffies, deadline = READ_ONCE(conn->deadline);

	queue_delayed_work(ssi_conn_wq, &rl->work,
			   time_after(deadline, now) ? deadline - now + 1 : 0);
}

static void put_conn(struct ssi_rdma_link *rl, struct ssi_rdma_conn *conn,
		     unsigned int ms)
{
	unsigned long flags;

	conn->deadline = jiffies + msecs_to_jiffies(ms);
	spin_lock_irqsave(&rl->lock, flags);
	rl->conn = conn;
	spin_unlock_irqrestore(&rl->lock, flags);
	await_deadline(rl, conn);
}

static void begin_attempt(struct ssi_rdma_link *rl)
{
	struct ssi_rdma_conn *conn = ssi_rdma_verbs_new(rl);
	struct rdma_cm_id *id;

	if (!conn)
		goto err_retry;
	id = rdma_create_id(&init_net, ssi_rdma_cm_conn_event, conn,
			    RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(id))
		goto err_free;
	conn->id = id;
	put_conn(rl, conn, has_begun(rl) ? ANSWER_SOON_MS : ANSWER_MS);
	check_step(conn, "cannot resolve the address", resolve(conn));
	return;

err_free:
	ssi_rdma_verbs_free(conn);
err_retry:
	queue_delayed_work(ssi_conn_wq, &rl->work,
			   msecs_to_jiffies(RETRY_MS));
}

/* The end of a connection */

static void end_conn(struct ssi_rdma_conn *conn)
{
	/* Handlers that begin after this see that the connection is dead. */
	rdma_lock_handler(conn->id);
	ssi_rdma_verbs_kill(conn);
	rdma_unlock_handler(conn->id);
	if (conn->qp)	/* this fails if the connection was never established */
		rdma_disconnect(conn->id);
	ssi_rdma_verbs_teardown(conn);
	rdma_destroy_id(conn->id);
}

/*
 * The connection stays in rl->conn until all that it has received is counted,
 * and all that it has sent is back in the queue: only then may the next one
 * begin.
 */
static void reap_conn(struct ssi_rdma_link *rl)
{
	struct ssi_rdma_conn *conn = READ_ONCE(rl->conn);
	unsigned long flags;

	end_conn(conn);
	spin_lock_irqsave(&rl->lock, flags);
	rl->conn = NULL;
	spin_unlock_irqrestore(&rl->lock, flags);
	ssi_rdma_verbs_free(conn);
}

/* The messages that wait are delivered before if the peer is alive. */
static void say_bye(struct ssi_rdma_conn *conn)
{
	if (!READ_ONCE(conn->ready) || READ_ONCE(conn->dead))
		return;
	ssi_rdma_send_bye(conn);
	ssi_rdma_send_flush(conn, msecs_to_jiffies(FLUSH_MS));
}

/*
 * Only the link's work and close() clear rl->conn, and they never run at the
 * same time.
 */
static bool is_over(struct ssi_rdma_conn *conn)
{
	if (!READ_ONCE(conn->ready) && !READ_ONCE(conn->dead) &&
	    time_after_eq(jiffies, conn->deadline))
		cannot_reach(conn, "no answer", -ETIMEDOUT);
	return READ_ONCE(conn->dead);
}

/*
 * The end of a connection sends management packets. An interface that is down
 * must not send them: rxe then moves its queue pair for such packets to the
 * error state (rxe_requester()), and no node can connect over that device until
 * it is removed. A removed device cannot wait.
 */
static bool must_stay(struct ssi_rdma_conn *conn)
{
	struct ib_port_attr attr;

	return conn->qp && !READ_ONCE(conn->removed) &&
	       !ib_query_port(conn->id->device, conn->id->port_num, &attr) &&
	       attr.state != IB_PORT_ACTIVE;
}

/* close() cannot wait for long. */
static void wait_for_port(struct ssi_rdma_conn *conn)
{
	unsigned long end = jiffies + msecs_to_jiffies(FLUSH_MS);

	while (must_stay(conn) && time_before(jiffies, end))
		msleep(RETRY_SOON_MS);
}

static void retry_later(struct ssi_rdma_link *rl)
{
	mod_delayed_work(ssi_conn_wq, &rl->work,
			 msecs_to_jiffies(has_begun(rl) ? RETRY_SOON_MS :
							  RETRY_MS));
}

/* Nothing that waits is sent any more; only the other side is told. */
static void end_lost_link(struct ssi_rdma_link *rl)
{
	ssi_rdma_send_drop(rl);
	if (!READ_ONCE(rl->conn))
		return;
	if (must_stay(rl->conn))
		return retry_later(rl);
	say_bye(rl->conn);
	reap_conn(rl);
	ssi_rdma_send_drop(rl);
}

static void ssi_rdma_cm_work(struct work_struct *work)
{
	struct ssi_rdma_link *rl = container_of(to_delayed_work(work),
						struct ssi_rdma_link, work);
	struct ssi_rdma_conn *conn = READ_ONCE(rl->conn);

	if (READ_ONCE(rl->closing))
		return;
	if (READ_ONCE(rl->link.state) == SSI_DSM_LINK_LOST) {
		end_lost_link(rl);
	} else if (!conn) {
		if (rl->active)
			begin_attempt(rl);
	} else if (is_over(conn)) {
		if (!must_stay(conn))
			reap_conn(rl);
		retry_later(rl);
	} else if (!READ_ONCE(conn->ready)) {
		/* The work ran early: put_conn() found it queued already. */
		await_deadline(rl, conn);
	}
}

/* The side that accepts */

int ssi_rdma_cm_accept(struct ssi_rdma_link *rl, struct rdma_cm_id *id,
		       const struct ssi_wire_hello *hello)
{
	struct ssi_rdma_conn *conn = ssi_rdma_verbs_new(rl);
	struct ssi_wire_hello answer;
	struct rdma_conn_param param;
	int ret;

	if (!conn)
		return -ENOMEM;
	conn->id = id;
	conn->hello = *hello;
	ret = set_timers(id) ?: ssi_rdma_verbs_setup(conn);
	if (ret)
		goto err_free;
	id->context = conn;
	id->event_handler = ssi_rdma_cm_conn_event;
	put_conn(rl, conn, ACCEPT_MS);
	make_hello(conn, &answer, &param);
	ret = rdma_accept(id, &param);
	/*
	 * If we returned an error, rdma_cm would destroy the id, which @conn
	 * owns now. So mark the connection dead instead.
	 */
	if (ret)
		ssi_rdma_conn_fail(conn, SSI_DSM_LINK_DOWN,
				   "accepting node %u failed: error %d",
				   rl->link.peer->id, ret);
	return 0;

err_free:
	ssi_rdma_verbs_kill(conn);
	ssi_rdma_verbs_teardown(conn);
	ssi_rdma_verbs_free(conn);
	return ret;
}

/* Operations */

struct ssi_link *ssi_rdma_cm_open(struct ssi_peer *peer)
{
	struct ssi_rdma_link *rl = kzalloc(sizeof(*rl), GFP_KERNEL);
	int ret;

	if (!rl)
		return ERR_PTR(-ENOMEM);
	ret = ssi_rdma_send_link_init(rl);
	if (ret) {
		kfree(rl);
		return ERR_PTR(ret);
	}
	ssi_link_init(&rl->link, peer->node->ops, peer);
	rl->active = peer->node->id > peer->id;
	rl->life = get_random_u32() | 1;	/* not 0 */
	rl->stuck_at = U64_MAX;
	spin_lock_init(&rl->lock);
	INIT_LIST_HEAD(&rl->early);
	INIT_DELAYED_WORK(&rl->work, ssi_rdma_cm_work);
	INIT_DELAYED_WORK(&rl->grace, ssi_rdma_conn_grace);
	ssi_link_change_state(&rl->link, SSI_DSM_LINK_CONNECTING,
			      rl->active ? "connecting to node %u at %pISpc" :
					   "waiting for node %u at %pISpc to connect",
			      peer->id, &peer->addr);
	queue_delayed_work(ssi_conn_wq, &rl->work, 0);
	return &rl->link;
}

/*
 * After this function has set @closing and has waited for the work, only
 * close() touches rl->conn.
 */
static void stop_making_conns(struct ssi_rdma_link *rl)
{
	struct ssi_rdma_listener *listener = rl->link.peer->node->listener;

	if (listener)
		mutex_lock(&listener->lock);
	WRITE_ONCE(rl->closing, true);
	if (listener)
		mutex_unlock(&listener->lock);
	cancel_delayed_work_sync(&rl->work);
}

void ssi_rdma_cm_close(struct ssi_link *link)
{
	struct ssi_rdma_link *rl = ssi_rdma_link(link);
	struct ssi_rdma_conn *conn;

	stop_making_conns(rl);
	conn = READ_ONCE(rl->conn);
	if (conn) {
		if (ssi_link_is_up(link))
			say_bye(conn);
		wait_for_port(conn);
		reap_conn(rl);
	}
	/*
	 * Handlers could queue these works until the id was destroyed. Now they
	 * would do nothing: cancel them.
	 */
	cancel_delayed_work_sync(&rl->grace);
	cancel_delayed_work_sync(&rl->work);
	ssi_link_fini(link);
	ssi_rdma_recv_forget(rl);
	ssi_rdma_send_link_free(rl);
	kfree(rl);
}
