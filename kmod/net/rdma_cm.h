/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rdma transport: it makes and breaks connections with rdma_cm.
 */
#ifndef _SSI_RDMA_CM_H
#define _SSI_RDMA_CM_H

#include <linux/mutex.h>
#include "net/rdma_conn.h"

#define SSI_RDMA_IMPOSSIBLE \
	"node %u broke the protocol: it has received other messages than were sent"

/**
 * struct ssi_rdma_listener - accepts connections for one node
 * @node: the node
 * @id: the rdma_cm id, NULL while the device is away
 * @lock: held while a connection request is served; close() takes it to wait
 *	until no request is served any more
 * @again: work that destroys @id after the device was removed, and listens
 *	again when the device is back
 */
struct ssi_rdma_listener {
	struct ssi_node *node;
	struct rdma_cm_id *id;
	struct mutex lock;	/* see above */
	struct delayed_work again;
};

/**
 * struct ssi_rdma_refusal - private data of a reject
 * @magic: SSI_WIRE_MAGIC
 * @refusal: enum ssi_refusal
 * @mtu: SSI_REFUSED_MTU: the longest packet that the node can receive, enum
 *	ib_mtu; else 0
 */
struct ssi_rdma_refusal {
	__le32 magic;
	__le32 refusal;
	__le32 mtu;
};

static_assert(sizeof(struct ssi_rdma_refusal) == 12);

/**
 * ssi_rdma_cm_open() - see @open of struct ssi_transport_ops
 * @peer: the peer
 *
 * Context: May sleep.
 * Return: the link or ERR_PTR().
 */
struct ssi_link *ssi_rdma_cm_open(struct ssi_peer *peer);

/**
 * ssi_rdma_cm_close() - see @close of struct ssi_transport_ops
 * @link: the link, which is freed
 *
 * Context: May sleep.
 */
void ssi_rdma_cm_close(struct ssi_link *link);

/**
 * ssi_rdma_cm_accept() - accept a connection for a link that has none
 * @rl: the link
 * @id: the request, which the new connection takes over
 * @hello: the hello in it, checked
 *
 * Context: May sleep, the listener's lock held.
 * Return: 0, or a negative errno; then the caller still owns @id.
 */
int ssi_rdma_cm_accept(struct ssi_rdma_link *rl, struct rdma_cm_id *id,
		       const struct ssi_wire_hello *hello);

#endif /* _SSI_RDMA_CM_H */
