// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rdma transport: the listener of a node.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <net/net_namespace.h>
#include <rdma/ib_cm.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_cm.h"
#include "net/rdma_guard.h"

#define LISTEN_MS	1000	/* from one try to listen again to the next */
#define BACKLOG		32

/* The longest packet that the device can receive. */
static u32 port_mtu(struct rdma_cm_id *id)
{
	struct ib_port_attr attr;

	if (ib_query_port(id->device, id->port_num, &attr))
		return IB_MTU_4096;
	return attr.active_mtu;
}

/*
 * Return: 0, an enum ssi_refusal, or a negative errno that means "try again
 * later".
 */
static int attach(struct ssi_stream *st, struct rdma_cm_id *id,
		  const struct ssi_rdma_ask *ask)
{
	int ret;

	if (id->route.path_rec->mtu > port_mtu(id))
		return SSI_REFUSED_MTU;
	ret = ssi_stream_request(st, &ask->request.hello,
				 &id->route.addr.dst_addr);
	return ret ?: ssi_rdma_cm_accept(st, id, ask);
}

static void reject(struct rdma_cm_id *id, int refusal,
		   const struct ssi_rdma_ask *ask)
{
	struct ssi_rdma_refusal_tagged data = {
		.said = {
			.magic = cpu_to_le32(SSI_WIRE_MAGIC),
			.refusal = cpu_to_le32(refusal),
			.mtu = cpu_to_le32(refusal == SSI_REFUSED_MTU ?
					   port_mtu(id) : 0),
		},
	};

	if (ask)
		ssi_rdma_guard_refuse(ask, &data);
	rdma_reject(id, &data, ask ? sizeof(data) : sizeof(data.said),
		    IB_CM_REJ_CONSUMER_DEFINED);
}

/* @ask: the request has proved who it is from, else NULL. */
static void refuse(struct ssi_node *node, struct rdma_cm_id *id, int refusal,
		   const struct ssi_rdma_ask *ask)
{
	if (refusal < 0 && ask) {
		reject(id, SSI_REFUSED_NOT, ask);
		return;
	}
	if (refusal < 0) {
		rdma_reject(id, NULL, 0, IB_CM_REJ_CONSUMER_DEFINED);
		return;
	}
	pr_warn_ratelimited("node %u of cluster %s refused %pISpc and told it: %s\n",
			    node->id, node->cluster, &id->route.addr.dst_addr,
			    ssi_wire_refusal_text(refusal));
	reject(id, refusal, ask);
}

/* Return: as attach(); @proved: the request has proved who it is from. */
static int judge(struct ssi_node *node, struct rdma_cm_id *id, u32 qp_num,
		 struct ssi_rdma_ask *ask, bool *proved)
{
	struct ssi_stream *st;
	struct ssi_link *link;
	int ret = ssi_peer_accept(node, &ask->request.hello, &link);

	if (ret)
		return ret;
	st = ssi_stream(link);
	if (node->security) {
		*proved = !st->active && ssi_rdma_guard_check(st, ask, qp_num);
		if (!*proved)
			return -EACCES;
	}
	return attach(st, id, ask);
}

/* If this returns an error, rdma_cm destroys @id. */
static int request(struct ssi_rdma_listener *listener, struct rdma_cm_id *id,
		   const struct rdma_conn_param *param)
{
	struct ssi_node *node = listener->node;
	struct ssi_rdma_ask ask = { };
	bool proved = false;
	int ret;

	if (param->private_data)
		memcpy(&ask.request, param->private_data,
		       min_t(size_t, param->private_data_len,
			     sizeof(ask.request)));
	mutex_lock(&node->accept_lock);
	ret = judge(node, id, param->qp_num, &ask, &proved);
	if (ret)
		refuse(node, id, ret, proved ? &ask : NULL);
	mutex_unlock(&node->accept_lock);
	memzero_explicit(&ask, sizeof(ask));
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

	id = rdma_create_id(listener->node->net, ssi_rdma_listen_event, listener,
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
	struct ssi_rdma_listener *listener = node->rdma_listener;

	if (!listener)
		return;
	/* An event of the id may start the work again, so cancel it twice. */
	cancel_delayed_work_sync(&listener->again);
	destroy_listener_id(listener);
	cancel_delayed_work_sync(&listener->again);
	destroy_listener_id(listener);
	node->rdma_listener = NULL;
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
	INIT_DELAYED_WORK(&listener->again, ssi_rdma_listen_again);
	node->rdma_listener = listener;
	ret = start_listening(listener);
	if (ret)
		ssi_rdma_listen_stop(node);
	return ret;
}

static struct ssi_link *ssi_rdma_listen_open(struct ssi_peer *peer)
{
	return ssi_stream_open(peer, &ssi_rdma_carrier);
}

const struct ssi_transport_ops ssi_rdma_ops = {
	.name = "rdma",
	.listen = ssi_rdma_listen_start,
	.unlisten = ssi_rdma_listen_stop,
	.open = ssi_rdma_listen_open,
	.close = ssi_stream_close,
	.interrupt = ssi_stream_interrupt,
	.send = ssi_stream_send,
	.queued = ssi_stream_queued,
};
