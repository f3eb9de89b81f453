/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local nodes: the members of clusters that live in this kernel.
 */
#ifndef _SSI_NODE_H
#define _SSI_NODE_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/ssi_dsm.h>

struct ssi_peer;
struct ssi_region;
struct ssi_transport_ops;

/**
 * struct ssi_node - one local node
 * @list: in ssi_nodes, under ssi_config_lock
 * @ref: held by the list, peers' links, regions and whoever looks it up
 * @cluster: name of the cluster
 * @cluster_hash: ssi_wire_hash() of it; what peers compare
 * @id: 0 .. SSI_DSM_MAX_NODES - 1
 * @transport: enum ssi_dsm_transport
 * @ops: its operations
 * @addr: where it listens (RDMA), or AF_UNSPEC
 * @socket_owner: netlink port whose closing deletes the node, or 0
 * @listener: the transport's own
 * @lock: protects @peers and @regions; BH-safe, short
 * @peers: by node id
 * @regions: of this node
 * @wq: page work (unmapping), high priority, many at once
 * @token: source of request tokens
 */
struct ssi_node {
	struct list_head list;
	struct kref ref;
	char cluster[SSI_DSM_CLUSTER_LEN];
	u64 cluster_hash;
	u32 id;
	u32 transport;
	const struct ssi_transport_ops *ops;
	struct sockaddr_storage addr;
	u32 socket_owner;
	void *listener;
	spinlock_t lock;
	struct ssi_peer *peers[SSI_DSM_MAX_NODES];
	struct list_head regions;
	struct workqueue_struct *wq;
	atomic_t token;
};

/**
 * struct ssi_node_config - what a new node is to be
 * @cluster: name, shorter than SSI_DSM_CLUSTER_LEN
 * @id: unique in the cluster
 * @transport: enum ssi_dsm_transport
 * @ops: its operations
 * @addr: where to listen; AF_UNSPEC for loop
 * @socket_owner: netlink port whose closing deletes the node, or 0
 */
struct ssi_node_config {
	const char *cluster;
	u32 id;
	u32 transport;
	const struct ssi_transport_ops *ops;
	const struct sockaddr_storage *addr;
	u32 socket_owner;
};

/* Serialises all configuration. Outermost lock; process context only. */
extern struct mutex ssi_config_lock;
/* All local nodes, under ssi_config_lock. */
extern struct list_head ssi_nodes;

/* All below: ssi_config_lock held, may sleep. */
struct ssi_node *ssi_node_new(const struct ssi_node_config *config,
			      struct netlink_ext_ack *extack);
struct ssi_node *ssi_node_find(const char *cluster, u32 id);

void ssi_node_put(struct ssi_node *node);

#endif /* _SSI_NODE_H */
