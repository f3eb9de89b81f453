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
 * the same event is not sent twice a second. A link that was UP goes to LOST
 * and stays there.
 *
 * Ownership. Two places store rl->conn: the link's work (on the side that
 * connects) and the listener's handler (on the side that accepts). Two places
 * clear rl->conn, tear the connection down and free it: the link's work and
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
 * A connection request can arrive for a link that still has an attempt. Then
 * the other node has given up that attempt. The link's work reaps it, and the
 * request is rejected without a reason, so that the other node tries again.
 *
 * Locks, outermost first: ssi_config_lock, listener->lock, rl->lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <rdma/ib_cm.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_send.h"
#include "net/rdma_verbs.h"

#define RETRY_MS	500
#define RESOLVE_MS	2000	/* for the address, then for the route */
#define ANSWER_MS	4000	/* limit of an attempt, connecting side */
#define ACCEPT_MS	10000	/* the same limit, accepting side */
#define FLUSH_MS	1000	/* close() */
#define BACKLOG		32
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

/**
 * struct ssi_rdma_listener - accepts connections for one node
 * @node: the node
 * @id: the rdma_cm id, NULL after the device was removed
 * @lock: held while a connection request is served; close() takes it to wait
 *	until no request is served any more
 * @gone: work that destroys @id after the device was removed
 */
struct ssi_rdma_listener {
	struct ssi_node *node;
	struct rdma_cm_id *id;
	struct mutex lock;	/* see above */
	struct work_struct gone;
};

/**
 * struct ssi_rdma_refusal - private data of a reject
 * @magic: SSI_WIRE_MAGIC
 * @refusal: enum ssi_refusal
 */
struct ssi_rdma_refusal {
	__le32 magic;
	__le32 refusal;
};

static_assert(sizeof(struct ssi_rdma_refusal) == 8);

static void make_hello(struct ssi_rdma_conn *conn, struct ssi_wire_hello *hello,
		       struct rdma_conn_param *param)
{
	const struct ssi_peer *peer = conn->rl->link.peer;

	ssi_wire_hello_encode(hello, peer->node->cluster_hash, peer->node->id,
			      peer->id, SSI_RDMA_CREDITS);
	*param = (struct rdma_conn_param){
		.private_data = hello,
		.private_data_len = sizeof(*hello),
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
	struct rdma_conn_param param;
	struct ssi_wire_hello hello;
	int ret;

	ret = set_timers(conn->id) ?: ssi_rdma_verbs_setup(conn);
	if (ret)
		return ret;
	make_hello(conn, &hello, &param);
	return rdma_connect_locked(conn->id, &param);
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
	const struct ssi_peer *peer = conn->rl->link.peer;
	const struct ssi_rdma_refusal *data;
	u8 len;

	data = rdma_consumer_reject_data(conn->id, event, &len);
	if (!data || len < sizeof(*data) ||
	    le32_to_cpu(data->magic) != SSI_WIRE_MAGIC) {
		cannot_reach(conn, rdma_reject_msg(conn->id, event->status),
			     event->status);
		return;
	}
	ssi_rdma_conn_fail(conn, SSI_DSM_LINK_REFUSED,
			   "refused by %pISpc: %s", &peer->addr,
			   ssi_wire_refusal_text(le32_to_cpu(data->refusal)));
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
	ssi_rdma_verbs_open(conn, credits);
}

static void established(struct ssi_rdma_conn *conn, struct rdma_cm_event *event)
{
	if (conn->rl->active)
		check_reply(conn, &event->param.conn);
	else
		ssi_rdma_verbs_open(conn, conn->hello_credits);
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

static int ssi_rdma_cm_conn_event(struct rdma_cm_id *id,
				  struct rdma_cm_event *event)
{
	struct ssi_rdma_conn *conn = id->context;

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
	put_conn(rl, conn, ANSWER_MS);
	check_step(conn, "cannot resolve the address", resolve(conn));
	return;

err_free:
	ssi_rdma_verbs_free(conn);
err_retry:
	queue_delayed_work(ssi_conn_wq, &rl->work,
			   msecs_to_jiffies(RETRY_MS));
}

/* The end of a connection */

static struct ssi_rdma_conn *take_conn(struct ssi_rdma_link *rl)
{
	struct ssi_rdma_conn *conn;
	unsigned long flags;

	spin_lock_irqsave(&rl->lock, flags);
	conn = rl->conn;
	rl->conn = NULL;
	spin_unlock_irqrestore(&rl->lock, flags);
	return conn;
}

static void destroy_conn(struct ssi_rdma_conn *conn)
{
	/* Handlers that begin after this see that the connection is dead. */
	rdma_lock_handler(conn->id);
	ssi_rdma_verbs_kill(conn);
	rdma_unlock_handler(conn->id);
	if (conn->qp)	/* this fails if the connection was never established */
		rdma_disconnect(conn->id);
	ssi_rdma_verbs_teardown(conn);
	rdma_destroy_id(conn->id);
	ssi_rdma_verbs_free(conn);
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

static void ssi_rdma_cm_work(struct work_struct *work)
{
	struct ssi_rdma_link *rl = container_of(to_delayed_work(work),
						struct ssi_rdma_link, work);
	struct ssi_rdma_conn *conn = READ_ONCE(rl->conn);

	if (READ_ONCE(rl->closing))
		return;
	if (!conn) {
		if (rl->active &&
		    READ_ONCE(rl->link.state) != SSI_DSM_LINK_LOST)
			begin_attempt(rl);
	} else if (is_over(conn)) {
		destroy_conn(take_conn(rl));
		mod_delayed_work(ssi_conn_wq, &rl->work,
				 msecs_to_jiffies(RETRY_MS));
	} else if (!READ_ONCE(conn->ready)) {
		/* The work ran early: put_conn() found it queued already. */
		await_deadline(rl, conn);
	}
}

/* The side that accepts */

static int accept_conn(struct ssi_rdma_link *rl, struct rdma_cm_id *id,
		       const struct ssi_wire_hello *hello)
{
	struct ssi_rdma_conn *conn = ssi_rdma_verbs_new(rl);
	struct ssi_wire_hello answer;
	struct rdma_conn_param param;
	int ret;

	if (!conn)
		return -ENOMEM;
	conn->id = id;
	conn->hello_credits = le32_to_cpu(hello->credits);
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

static bool same_host(const struct sockaddr_storage *a,
		      const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return ipv6_addr_equal(&((const struct sockaddr_in6 *)a)->sin6_addr,
				       &((const struct sockaddr_in6 *)b)->sin6_addr);
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
	       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

static u16 port_of(const struct sockaddr_storage *addr)
{
	return ntohs(addr->ss_family == AF_INET6 ?
		     ((const struct sockaddr_in6 *)addr)->sin6_port :
		     ((const struct sockaddr_in *)addr)->sin_port);
}

/*
 * The source address must be the peer's, and only a privileged program of that
 * host can use the source port. A program that can merely reach our port must
 * not become a member of the cluster.
 */
static enum ssi_refusal check_origin(const struct ssi_peer *peer,
				     const struct sockaddr_storage *from)
{
	if (!same_host(from, &peer->addr))
		return SSI_REFUSED_ADDR;
	if (port_of(from) >= PROT_SOCK)
		return SSI_REFUSED_PORT;
	return SSI_REFUSED_NOT;
}

/*
 * Return: 0, an enum ssi_refusal, or a negative errno that means "try again
 * later".
 */
static int attach(struct ssi_rdma_link *rl, struct rdma_cm_id *id,
		  const struct ssi_wire_hello *hello)
{
	u32 credits = le32_to_cpu(hello->credits);
	enum ssi_refusal refusal;
	struct ssi_rdma_conn *conn;
	unsigned long flags;
	bool ready;

	if (rl->active)
		return SSI_REFUSED_SRC;
	refusal = check_origin(rl->link.peer, &id->route.addr.dst_addr);
	if (refusal)
		return refusal;
	if (!credits || credits > U16_MAX)
		return SSI_REFUSED_MAGIC;
	if (rl->closing || ssi_link_is_up(&rl->link) ||
	    READ_ONCE(rl->link.state) == SSI_DSM_LINK_LOST)
		return SSI_REFUSED_BUSY;
	spin_lock_irqsave(&rl->lock, flags);
	conn = rl->conn;
	ready = conn && conn->ready;
	if (conn && !ready)
		conn->deadline = jiffies;
	spin_unlock_irqrestore(&rl->lock, flags);
	if (ready)
		return SSI_REFUSED_BUSY;
	if (conn) {
		mod_delayed_work(ssi_conn_wq, &rl->work, 0);
		return -EAGAIN;
	}
	return accept_conn(rl, id, hello);
}

static void refuse(struct ssi_node *node, struct rdma_cm_id *id, int refusal)
{
	const struct ssi_rdma_refusal data = {
		.magic = cpu_to_le32(SSI_WIRE_MAGIC),
		.refusal = cpu_to_le32(refusal),
	};

	if (refusal < 0) {
		rdma_reject(id, NULL, 0, IB_CM_REJ_CONSUMER_DEFINED);
		return;
	}
	pr_warn_ratelimited("node %u of cluster %s refused %pISpc and told it: %s\n",
			    node->id, node->cluster, &id->route.addr.dst_addr,
			    ssi_wire_refusal_text(refusal));
	rdma_reject(id, &data, sizeof(data), IB_CM_REJ_CONSUMER_DEFINED);
}

/* If this returns an error, rdma_cm destroys @id. */
static int request(struct ssi_rdma_listener *listener, struct rdma_cm_id *id,
		   const struct rdma_conn_param *param)
{
	struct ssi_wire_hello hello = {};
	struct ssi_link *link;
	int ret;

	if (param->private_data)
		memcpy(&hello, param->private_data,
		       min_t(size_t, param->private_data_len, sizeof(hello)));
	mutex_lock(&listener->lock);
	ret = ssi_peer_accept(listener->node, &hello, &link);
	if (ret == SSI_REFUSED_NOT)
		ret = attach(ssi_rdma_link(link), id, &hello);
	if (ret)
		refuse(listener->node, id, ret);
	mutex_unlock(&listener->lock);
	return ret ? -ECONNREFUSED : 0;
}

static int ssi_rdma_cm_listen_event(struct rdma_cm_id *id,
				    struct rdma_cm_event *event)
{
	struct ssi_rdma_listener *listener = id->context;

	if (event->event == RDMA_CM_EVENT_CONNECT_REQUEST)
		return request(listener, id, &event->param.conn);
	if (event->event == RDMA_CM_EVENT_DEVICE_REMOVAL)
		queue_work(ssi_conn_wq, &listener->gone);
	return 0;
}

static void destroy_listener_id(struct ssi_rdma_listener *listener)
{
	struct rdma_cm_id *id = xchg(&listener->id, NULL);

	if (id)
		rdma_destroy_id(id);
}

static void ssi_rdma_cm_gone(struct work_struct *work)
{
	struct ssi_rdma_listener *listener =
		container_of(work, struct ssi_rdma_listener, gone);

	pr_warn("node %u of cluster %s no longer listens: its RDMA device was removed\n",
		listener->node->id, listener->node->cluster);
	destroy_listener_id(listener);
}

/* Operations */

static int start_listening(struct ssi_rdma_listener *listener)
{
	struct rdma_cm_id *id;
	int ret;

	id = rdma_create_id(&init_net, ssi_rdma_cm_listen_event, listener,
			    RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(id))
		return PTR_ERR(id);
	listener->id = id;
	ret = rdma_bind_addr(id, (struct sockaddr *)&listener->node->addr);
	if (!ret)
		ret = rdma_listen(id, BACKLOG);
	if (ret)
		destroy_listener_id(listener);
	return ret;
}

static void ssi_rdma_cm_unlisten(struct ssi_node *node)
{
	struct ssi_rdma_listener *listener = node->listener;

	if (!listener)
		return;
	destroy_listener_id(listener);
	/* The work @gone may have destroyed the id just now: wait for it. */
	cancel_work_sync(&listener->gone);
	node->listener = NULL;
	kfree(listener);
}

static int ssi_rdma_cm_listen(struct ssi_node *node)
{
	struct ssi_rdma_listener *listener = kzalloc(sizeof(*listener),
						     GFP_KERNEL);
	int ret;

	if (!listener)
		return -ENOMEM;
	listener->node = node;
	mutex_init(&listener->lock);
	INIT_WORK(&listener->gone, ssi_rdma_cm_gone);
	node->listener = listener;
	ret = start_listening(listener);
	if (ret)
		ssi_rdma_cm_unlisten(node);
	return ret;
}

static struct ssi_link *ssi_rdma_cm_open(struct ssi_peer *peer)
{
	struct ssi_rdma_link *rl = kzalloc(sizeof(*rl), GFP_KERNEL);

	if (!rl)
		return ERR_PTR(-ENOMEM);
	ssi_link_init(&rl->link, &ssi_rdma_ops, peer);
	rl->active = peer->node->id > peer->id;
	spin_lock_init(&rl->lock);
	INIT_DELAYED_WORK(&rl->work, ssi_rdma_cm_work);
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

static void ssi_rdma_cm_close(struct ssi_link *link)
{
	struct ssi_rdma_link *rl = ssi_rdma_link(link);
	struct ssi_rdma_conn *conn;

	stop_making_conns(rl);
	conn = READ_ONCE(rl->conn);
	if (conn) {
		if (ssi_link_is_up(link))
			ssi_rdma_send_flush(conn, msecs_to_jiffies(FLUSH_MS));
		destroy_conn(take_conn(rl));
	}
	/*
	 * Handlers could queue the work until the id was destroyed. It would do
	 * nothing: cancel it.
	 */
	cancel_delayed_work_sync(&rl->work);
	ssi_link_fini(link);
	kfree(rl);
}

const struct ssi_transport_ops ssi_rdma_ops = {
	.name = "rdma",
	.listen = ssi_rdma_cm_listen,
	.unlisten = ssi_rdma_cm_unlisten,
	.open = ssi_rdma_cm_open,
	.close = ssi_rdma_cm_close,
	.send = ssi_rdma_send,
};
