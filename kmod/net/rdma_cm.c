// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rdma transport: it makes and breaks connections with rdma_cm.
 */

/**
 * DOC: Theory of operation
 *
 * Each node has a listener, bound to the address of the node. The life of a link
 * is in stream_life.c. The hellos of a connection travel like this:
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
 * The event handler of a connection's id never frees anything: it marks the
 * connection dead and queues the work. It ignores a connection that is dead
 * already, because ssi_rdma_cm_end() may be running.
 *
 * rdma_destroy_id() waits for the id's handlers. Therefore no lock that a
 * handler takes is held during that call. This also covers DEVICE_REMOVAL:
 * rdma_cm waits there until the work has destroyed the id.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/netdevice.h>
#include <linux/random.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_cm.h"
#include "net/rdma_guard.h"
#include "net/rdma_send.h"
#include "net/rdma_verbs.h"

#define RESOLVE_MS	2000	/* for the address, then for the route */

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

static struct rdma_conn_param conn_param(const void *data, u32 len)
{
	return (struct rdma_conn_param){
		.private_data = data,
		.private_data_len = len,
		.retry_count = ACK_RETRIES,
		.rnr_retry_count = RNR_RETRIES,
	};
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
	struct ssi_keys_request request = { };
	struct rdma_conn_param param;
	struct sa_path_rec *path;
	int ret;

	ret = set_timers(conn->id) ?: ssi_rdma_verbs_setup(conn);
	if (ret)
		return ret;
	path = conn->id->route.path_rec;
	if (conn->c.st->rdma_mtu && path->mtu > conn->c.st->rdma_mtu)
		path->mtu = conn->c.st->rdma_mtu;
	ssi_stream_hello(conn->c.st, &request.hello,
			 ssi_rdma_credits(conn->c.st));
	if (conn->guard)
		ret = ssi_rdma_guard_request(conn, &request);
	if (ret)
		return ret;
	param = conn_param(&request, conn->guard ? sizeof(request) :
						   sizeof(request.hello));
	return rdma_connect_locked(conn->id, &param);
}

/*
 * rdma_cm sends packets as long as our own network device allows, and nobody
 * reports packets that are too long for the other side's.
 */
static void limit_mtu(struct ssi_rdma_conn *conn, u32 mtu)
{
	const struct ssi_peer *peer = conn->c.st->link.peer;
	int bytes = ib_mtu_enum_to_int(mtu);

	if (bytes < 0)
		return;
	pr_warn_ratelimited("node %u of cluster %s: packets to node %u have at most %d bytes: its MTU is smaller than ours\n",
			    peer->node->id, peer->node->cluster, peer->id,
			    bytes);
	conn->c.st->rdma_mtu = mtu;
}

/* On the side that accepts it is the key of the next request. */
static void forget_key(struct ssi_rdma_conn *conn)
{
	if (conn->guard && conn->c.st->active)
		ssi_stream_set_key(conn->c.st, NULL);
}

/*
 * Something else than the other node may have sent the reject, or it has no key yet,
 * or another one: then the reason must not change the link. The next attempt needs
 * another key.
 */
static void rejected_without_proof(struct ssi_rdma_conn *conn, u32 refusal)
{
	forget_key(conn);
	ssi_stream_cannot_reach(&conn->c, ssi_wire_refusal_text(refusal), 0);
}

static bool is_from_peer(const struct ssi_rdma_conn *conn,
			 const struct ssi_rdma_refusal *data, u8 len)
{
	const struct ssi_rdma_refusal_tagged *tagged = (const void *)data;

	return !conn->guard || (len >= sizeof(*tagged) &&
				ssi_rdma_guard_refused(conn, tagged));
}

static void rejected(struct ssi_rdma_conn *conn, struct rdma_cm_event *event)
{
	const struct ssi_rdma_refusal *data;
	u32 refusal;
	u8 len;

	data = rdma_consumer_reject_data(conn->id, event, &len);
	if (!data || len < sizeof(*data) ||
	    le32_to_cpu(data->magic) != SSI_WIRE_MAGIC) {
		forget_key(conn);
		ssi_stream_cannot_reach(&conn->c,
					rdma_reject_msg(conn->id, event->status),
					event->status);
		return;
	}
	refusal = le32_to_cpu(data->refusal);
	if (!is_from_peer(conn, data, len))
		return rejected_without_proof(conn, refusal);
	if (!refusal)
		return ssi_stream_cannot_reach(&conn->c, "it is not ready", 0);
	if (refusal == SSI_REFUSED_MTU)
		limit_mtu(conn, le32_to_cpu(data->mtu));
	ssi_stream_refused(&conn->c, refusal);
}

/* The proof goes out before all messages. */
static void answered_guarded(struct ssi_rdma_conn *conn,
			     const struct rdma_conn_param *param)
{
	const struct ssi_keys_answer *answer = param->private_data;
	u32 credits;
	int ret;

	if (!answer || param->private_data_len < sizeof(*answer) ||
	    !ssi_rdma_guard_answered(conn, answer, param->qp_num)) {
		ssi_stream_set_key(conn->c.st, NULL);
		ssi_stream_cannot_reach(&conn->c, "it has not proved who it is", 0);
		return;
	}
	credits = ssi_stream_answered(&conn->c, &answer->hello,
				      sizeof(answer->hello));
	if (!credits)
		return;
	ret = ssi_rdma_send_proof(conn);
	if (ret)
		ssi_stream_cannot_reach(&conn->c, "cannot send the proof", ret);
	else
		ssi_rdma_verbs_open(conn, credits);
}

static void established_guarded(struct ssi_rdma_conn *conn,
				const struct rdma_conn_param *param)
{
	if (conn->c.st->active)
		return answered_guarded(conn, param);
	WRITE_ONCE(conn->guard->established, true);
	mod_delayed_work(ssi_conn_wq, &conn->c.st->work, 0);
}

/* Accepting side, with security: it is established, and the proof is there. */
static void ssi_rdma_cm_step(struct ssi_stream_conn *c)
{
	struct ssi_rdma_conn *conn = ssi_rdma_conn(c);

	if (!c->st->active && READ_ONCE(conn->guard->established) &&
	    ssi_rdma_guard_proved(conn->guard))
		ssi_rdma_verbs_open(conn, le32_to_cpu(conn->hello.credits));
}

static void established(struct ssi_rdma_conn *conn, struct rdma_cm_event *event)
{
	const struct rdma_conn_param *param = &event->param.conn;
	u32 credits = le32_to_cpu(conn->hello.credits);

	if (conn->guard)
		return established_guarded(conn, param);
	if (conn->c.st->active)
		credits = ssi_stream_answered(&conn->c, param->private_data,
					      param->private_data_len);
	if (credits)
		ssi_rdma_verbs_open(conn, credits);
}

static void over(struct ssi_rdma_conn *conn, const char *what)
{
	ssi_stream_fail(&conn->c, SSI_DSM_LINK_DOWN, "%s node %u", what,
			conn->c.st->link.peer->id);
}

static void check_step(struct ssi_rdma_conn *conn, const char *what, int error)
{
	if (error)
		ssi_stream_cannot_reach(&conn->c, what, error);
}

/* rdma_cm waits until the id is destroyed, also if the connection is dead. */
static void device_removed(struct ssi_rdma_conn *conn)
{
	WRITE_ONCE(conn->removed, true);
	mod_delayed_work(ssi_conn_wq, &conn->c.st->work, 0);
}

static int ssi_rdma_cm_conn_event(struct rdma_cm_id *id,
				  struct rdma_cm_event *event)
{
	struct ssi_rdma_conn *conn = id->context;

	if (event->event == RDMA_CM_EVENT_DEVICE_REMOVAL)
		device_removed(conn);
	if (READ_ONCE(conn->c.dead))
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
		if (!READ_ONCE(conn->c.ready))
			ssi_stream_cannot_reach(&conn->c,
						rdma_event_msg(event->event),
						event->status);
		break;
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		break;
	default:
		ssi_stream_cannot_reach(&conn->c, rdma_event_msg(event->event),
					event->status);
		break;
	}
	return 0;
}

/*
 * Connect from the node's own address, so that rdma_cm uses the RDMA device of
 * that address, and from a privileged port, which the other side requires
 * (ssi_stream_origin()). The search begins at a random port, because the ports of
 * the last attempts may still be in use.
 */
static int resolve(struct ssi_rdma_conn *conn)
{
	struct ssi_peer *peer = conn->c.st->link.peer;
	struct sockaddr_storage src = peer->node->addr;
	u32 ports = PROT_SOCK - SSI_STREAM_PORT_FIRST;
	u32 first = get_random_u32() % ports;
	int ret = -EADDRINUSE;
	u32 i;

	for (i = 0; i < ports && ret == -EADDRINUSE; i++) {
		ssi_stream_set_port(&src, SSI_STREAM_PORT_FIRST +
					  (first + i) % ports);
		ret = rdma_resolve_addr(conn->id, (struct sockaddr *)&src,
					(struct sockaddr *)&peer->addr,
					RESOLVE_MS);
	}
	return ret;
}

static const struct ssi_carrier *carrier_of(const struct ssi_stream *st)
{
	return st->link.peer->node->security ? &ssi_rdma_secured_carrier :
					       &ssi_rdma_carrier;
}

static bool ssi_rdma_cm_connect(struct ssi_stream *st)
{
	struct ssi_rdma_conn *conn = ssi_rdma_verbs_new(st, carrier_of(st));
	struct rdma_cm_id *id;

	if (!conn)
		return false;
	id = rdma_create_id(st->link.peer->node->net, ssi_rdma_cm_conn_event, conn,
			    RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(id)) {
		ssi_rdma_verbs_free(conn);
		return false;
	}
	conn->id = id;
	ssi_stream_put_conn(&conn->c);
	check_step(conn, "cannot resolve the address", resolve(conn));
	return true;
}

/* The end of a connection */

static void ssi_rdma_cm_end(struct ssi_stream_conn *c)
{
	struct ssi_rdma_conn *conn = ssi_rdma_conn(c);

	/* Handlers that begin after this see that the connection is dead. */
	rdma_lock_handler(conn->id);
	ssi_stream_kill(c);
	rdma_unlock_handler(conn->id);
	if (conn->qp)	/* this fails if the connection was never established */
		rdma_disconnect(conn->id);
	ssi_rdma_verbs_teardown(conn);
	rdma_destroy_id(conn->id);
	ssi_rdma_verbs_free(conn);
}

/*
 * An interface that goes down clears IFF_UP before its routes go, and the port of
 * the RDMA device changes its state last. So an error of the first send without a
 * route gets here while the port is still active.
 *
 * An interface that is gone (a VLAN, say, whose RDMA device stays) does not come
 * back: nothing waits for it.
 */
static bool interface_is_down(const struct ssi_rdma_conn *conn)
{
	struct net *net = conn->c.st->link.peer->node->net;
	const struct net_device *dev;
	bool down;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(net,
				   conn->id->route.addr.dev_addr.bound_dev_if);
	down = dev && !(dev->flags & IFF_UP);
	rcu_read_unlock();
	return down;
}

static bool port_is_active(const struct rdma_cm_id *id)
{
	struct ib_port_attr attr;

	return ib_query_port(id->device, id->port_num, &attr) ||
	       attr.state == IB_PORT_ACTIVE;
}

/*
 * The end of a connection sends management packets. An interface that is down
 * must not send them: rxe then moves its queue pair for such packets to the
 * error state (rxe_requester()), and no node can connect over that device until
 * it is removed. A removed device cannot wait.
 */
static bool ssi_rdma_cm_must_stay(struct ssi_stream_conn *c)
{
	const struct ssi_rdma_conn *conn = ssi_rdma_conn(c);

	return conn->qp && !READ_ONCE(conn->removed) &&
	       (interface_is_down(conn) || !port_is_active(conn->id));
}

/* The side that accepts */

int ssi_rdma_cm_accept(struct ssi_stream *st, struct rdma_cm_id *id,
		       const struct ssi_rdma_ask *ask)
{
	struct ssi_rdma_conn *conn = ssi_rdma_verbs_new(st, carrier_of(st));
	struct ssi_keys_answer answer = { };
	struct rdma_conn_param param;
	int ret;

	if (!conn)
		return -ENOMEM;
	conn->id = id;
	conn->hello = ask->request.hello;
	ret = set_timers(id) ?: ssi_rdma_verbs_setup(conn);
	if (ret)
		goto err_free;
	id->context = conn;
	id->event_handler = ssi_rdma_cm_conn_event;
	ssi_stream_hello(st, &answer.hello, ssi_rdma_credits(st));
	if (conn->guard)
		ssi_rdma_guard_answer(conn, ask, &answer);
	ssi_stream_put_conn(&conn->c);
	param = conn_param(&answer, conn->guard ? sizeof(answer) :
						  sizeof(answer.hello));
	ret = rdma_accept(id, &param);
	/*
	 * If we returned an error, rdma_cm would destroy the id, which @conn
	 * owns now. So mark the connection dead instead.
	 */
	if (ret)
		ssi_stream_fail(&conn->c, SSI_DSM_LINK_DOWN,
				"accepting node %u failed: error %d",
				st->link.peer->id, ret);
	return 0;

err_free:
	ssi_stream_kill(&conn->c);
	ssi_rdma_verbs_teardown(conn);
	ssi_rdma_verbs_free(conn);
	return ret;
}

const struct ssi_carrier ssi_rdma_carrier = {
	.transport = SSI_DSM_TRANSPORT_RDMA,
	.connect = ssi_rdma_cm_connect,
	.must_stay = ssi_rdma_cm_must_stay,
	.end = ssi_rdma_cm_end,
	.pump = ssi_rdma_send_pump,
	.can_post = ssi_rdma_send_can_post,
	.post = ssi_rdma_send_post,
	.all_sent = ssi_rdma_send_all_sent,
};

const struct ssi_carrier ssi_rdma_secured_carrier = {
	.transport = SSI_DSM_TRANSPORT_RDMA,
	.step = ssi_rdma_cm_step,
	.must_stay = ssi_rdma_cm_must_stay,
	.end = ssi_rdma_cm_end,
	.pump = ssi_rdma_send_pump,
	.can_post = ssi_rdma_send_can_post,
	.post = ssi_rdma_send_post,
	.all_sent = ssi_rdma_send_all_sent,
};
