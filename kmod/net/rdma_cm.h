/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rdma transport: it makes and breaks connections with rdma_cm.
 */
#ifndef _SSI_RDMA_CM_H
#define _SSI_RDMA_CM_H

#include "net/rdma_conn.h"

struct ssi_rdma_ask;

/**
 * struct ssi_rdma_listener - accepts connections for one node
 * @node: the node
 * @id: the rdma_cm id, NULL while the device is away
 * @again: work that destroys @id after the device was removed, and listens
 *	again when the device is back
 */
struct ssi_rdma_listener {
	struct ssi_node *node;
	struct rdma_cm_id *id;
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
 * ssi_rdma_cm_accept() - accept a connection for a link that has none
 * @st: the link
 * @id: the request, which the new connection takes over
 * @ask: what the request says, checked
 *
 * Context: May sleep, the node's accept_lock held.
 * Return: 0, or a negative errno; then the caller still owns @id.
 */
int ssi_rdma_cm_accept(struct ssi_stream *st, struct rdma_cm_id *id,
		       const struct ssi_rdma_ask *ask);

#endif /* _SSI_RDMA_CM_H */
