// SPDX-License-Identifier: GPL-2.0-only
/*
 * The auto transport: rdma where both nodes can, else tcp.
 */

/**
 * DOC: Theory of operation
 *
 * A node listens for tcp, and for rdma if its address has an RDMA device. It accepts
 * what comes. The node that connects decides, for each link. Without an RDMA device
 * at its own address it uses tcp. With one, it
 *
 *	makes a TCP connection and closes it at once. If that succeeds, the other node
 *	is there, and listens for rdma, too, if it can;
 *	tries rdma, once;
 *	tries tcp, once, if the first step succeeded; and begins again.
 *
 * Without the first step, a node that is started while the other one tries would get
 * either of the two. The first connection that is ready decides for the whole life
 * of the link.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_conn.h"
#include "net/tcp_conn.h"

static bool try_tcp(struct ssi_stream *st)
{
	const struct ssi_peer *peer = st->link.peer;

	pr_info("node %u of cluster %s tries tcp for its link to node %u, since rdma failed: %s\n",
		peer->node->id, peer->node->cluster, peer->id, st->reason);
	return ssi_tcp_carrier.connect(st);
}

static bool ssi_auto_connect(struct ssi_stream *st)
{
	if (!st->link.peer->node->rdma_listener)
		return ssi_tcp_carrier.connect(st);
	switch (st->probe) {
	case SSI_STREAM_PROBE_TCP:	/* it failed; a node may listen for rdma only */
		st->probe = SSI_STREAM_PROBE_NOT;
		return ssi_rdma_carrier.connect(st);
	case SSI_STREAM_PROBED:
		st->probe = SSI_STREAM_PROBE_FAILED;
		return ssi_rdma_carrier.connect(st);
	case SSI_STREAM_PROBE_FAILED:
		st->probe = SSI_STREAM_PROBE_NOT;
		return try_tcp(st);
	default:
		st->probe = SSI_STREAM_PROBE_TCP;
		return ssi_tcp_carrier.connect(st);
	}
}

static const struct ssi_carrier auto_carrier = {
	.connect = ssi_auto_connect,
};

static struct ssi_link *ssi_auto_open(struct ssi_peer *peer)
{
	return ssi_stream_open(peer, &auto_carrier);
}

/* First rdma: a node that can be reached over tcp listens for rdma, if it can. */
static int ssi_auto_listen(struct ssi_node *node)
{
	int error = ssi_rdma_ops.listen(node);
	int ret = ssi_tcp_ops.listen(node);

	if (ret)
		ssi_rdma_ops.unlisten(node);
	else if (error)
		pr_info("node %u of cluster %s uses tcp: its address has no RDMA device (error %d)\n",
			node->id, node->cluster, error);
	return ret;
}

static void ssi_auto_unlisten(struct ssi_node *node)
{
	ssi_tcp_ops.unlisten(node);
	ssi_rdma_ops.unlisten(node);
}

const struct ssi_transport_ops ssi_auto_ops = {
	.name = "auto",
	.listen = ssi_auto_listen,
	.unlisten = ssi_auto_unlisten,
	.open = ssi_auto_open,
	.close = ssi_stream_close,
	.interrupt = ssi_stream_interrupt,
	.send = ssi_stream_send,
	.queued = ssi_stream_queued,
};
