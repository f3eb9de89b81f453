// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rdma transport: the listener of a node, and which hellos it accepts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <rdma/ib_cm.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_cm.h"
#include "net/rdma_recv.h"
#include "net/rdma_send.h"

#define LISTEN_MS	1000	/* from one try to listen again to the next */
#define BACKLOG		32

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
 * There is a connection or an attempt already, but the other side must have
 * given it up, if it is the same as before.
 */
static int replace_conn(struct ssi_rdma_link *rl,
			const struct ssi_wire_hello *hello)
{
	struct ssi_rdma_conn *conn = rl->conn;

	lockdep_assert_held(&rl->lock);
	if (!conn->ready) {
		conn->deadline = jiffies;
		mod_delayed_work(ssi_conn_wq, &rl->work, 0);
		return -EAGAIN;
	}
	if (!conn->dead && (le32_to_cpu(hello->life) != rl->peer_life ||
			    !rl->link.peer->grace_ms))
		return SSI_REFUSED_BUSY;
	ssi_rdma_conn_mark_dead(conn, SSI_DSM_LINK_DOWN,
				"node %u has given up the connection",
				rl->link.peer->id);
	return -EAGAIN;
}

/* The longest packet that the device can receive. */
static u32 port_mtu(struct rdma_cm_id *id)
{
	struct ib_port_attr attr;

	if (ib_query_port(id->device, id->port_num, &attr))
		return IB_MTU_4096;
	return attr.active_mtu;
}

/* No connection exists. Check that the hello continues what was there before. */
static enum ssi_refusal check_life(struct ssi_rdma_link *rl,
				   const struct ssi_wire_hello *hello)
{
	u32 life = le32_to_cpu(hello->life);
	u32 id = rl->link.peer->id;

	if (rl->peer_life && rl->peer_life != life) {
		if (ssi_link_change_state(&rl->link, SSI_DSM_LINK_LOST,
					  "node %u has restarted", id))
			return SSI_REFUSED_LOST;
		ssi_rdma_recv_forget(rl);
	}
	if (!ssi_rdma_send_resume(rl, le64_to_cpu(hello->received)))
		return ssi_link_change_state(&rl->link, SSI_DSM_LINK_LOST,
					     SSI_RDMA_IMPOSSIBLE, id) ?
		       SSI_REFUSED_LOST : SSI_REFUSED_LIFE;
	rl->peer_life = life;
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
	u32 our_life = le32_to_cpu(hello->peer_life);
	enum ssi_refusal refusal;
	unsigned long flags;
	int ret = 0;

	if (rl->active)
		return SSI_REFUSED_SRC;
	refusal = check_origin(rl->link.peer, &id->route.addr.dst_addr);
	if (refusal)
		return refusal;
	if (!credits || credits > U16_MAX)
		return SSI_REFUSED_MAGIC;
	if (READ_ONCE(rl->link.state) == SSI_DSM_LINK_LOST)
		return SSI_REFUSED_LOST;
	if (our_life && our_life != rl->life)
		return SSI_REFUSED_LIFE;
	if (rl->closing)
		return SSI_REFUSED_BUSY;
	if (id->route.path_rec->mtu > port_mtu(id))
		return SSI_REFUSED_MTU;
	spin_lock_irqsave(&rl->lock, flags);
	if (rl->conn)
		ret = replace_conn(rl, hello);
	spin_unlock_irqrestore(&rl->lock, flags);
	return ret ?: (int)check_life(rl, hello) ?: ssi_rdma_cm_accept(rl, id, hello);
}

static void refuse(struct ssi_node *node, struct rdma_cm_id *id, int refusal)
{
	const struct ssi_rdma_refusal data = {
		.magic = cpu_to_le32(SSI_WIRE_MAGIC),
		.refusal = cpu_to_le32(refusal),
		.mtu = cpu_to_le32(refusal == SSI_REFUSED_MTU ? port_mtu(id) : 0),
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

static int ssi_rdma_listen_event(struct rdma_cm_id *id,
				 struct rdma_cm_event *event)
{
	struct ssi_rdma_listener *listener = id->context;

	if (event->event == RDMA_CM_EVENT_CONNECT_REQUEST)
		return request(listener, id, &event->param.conn);
	if (event->event == RDMA_CM_EVENT_DEVICE_REMOVAL)
		mod_delayed_work(ssi_conn_wq, &listener->again, 0);
	return 0;
}

static void destroy_listener_id(struct ssi_rdma_listener *listener)
{
	struct rdma_cm_id *id = xchg(&listener->id, NULL);

	if (id)
		rdma_destroy_id(id);
}

static int start_listening(struct ssi_rdma_listener *listener)
{
	struct rdma_cm_id *id;
	int ret;

	id = rdma_create_id(&init_net, ssi_rdma_listen_event, listener,
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

/*
 * The device is gone, or was gone a while ago. Neither the address nor the
 * device tells us when it is back, so this tries again and again.
 */
static void ssi_rdma_listen_again(struct work_struct *work)
{
	struct ssi_rdma_listener *listener =
		container_of(to_delayed_work(work), struct ssi_rdma_listener,
			     again);
	const struct ssi_node *node = listener->node;

	if (listener->id) {
		pr_warn("node %u of cluster %s does not listen: its RDMA device was removed\n",
			node->id, node->cluster);
		destroy_listener_id(listener);
	} else if (!start_listening(listener)) {
		pr_info("node %u of cluster %s listens again\n", node->id,
			node->cluster);
		return;
	}
	queue_delayed_work(ssi_conn_wq, &listener->again,
			   msecs_to_jiffies(LISTEN_MS));
}

/* Operations */

static void ssi_rdma_listen_stop(struct ssi_node *node)
{
	struct ssi_rdma_listener *listener = node->listener;

	if (!listener)
		return;
	/* An event of the id may start the work again, so cancel it twice. */
	cancel_delayed_work_sync(&listener->again);
	destroy_listener_id(listener);
	cancel_delayed_work_sync(&listener->again);
	destroy_listener_id(listener);
	node->listener = NULL;
	kfree(listener);
}

static int ssi_rdma_listen_start(struct ssi_node *node)
{
	struct ssi_rdma_listener *listener = kzalloc(sizeof(*listener),
						     GFP_KERNEL);
	int ret;

	if (!listener)
		return -ENOMEM;
	listener->node = node;
	mutex_init(&listener->lock);
	INIT_DELAYED_WORK(&listener->again, ssi_rdma_listen_again);
	node->listener = listener;
	ret = start_listening(listener);
	if (ret)
		ssi_rdma_listen_stop(node);
	return ret;
}

const struct ssi_transport_ops ssi_rdma_ops = {
	.name = "rdma",
	.listen = ssi_rdma_listen_start,
	.unlisten = ssi_rdma_listen_stop,
	.open = ssi_rdma_cm_open,
	.close = ssi_rdma_cm_close,
	.interrupt = ssi_rdma_conn_interrupt,
	.send = ssi_rdma_send,
};
