/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local nodes: the members of clusters in this kernel.
 */
#ifndef _SSI_NODE_H
#define _SSI_NODE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/ssi_dsm.h>
#include "net/token.h"

struct mem_cgroup;
struct net;
struct ssi_peer;
struct ssi_region;
struct ssi_rx_pool;
struct ssi_transport_ops;

/**
 * struct ssi_node - one local node
 * @list: entry of ssi_nodes
 * @net: the network namespace of the program that made the node; the node is
 *	deleted before the namespace is. Its listener and its links are there, and only
 *	programs there see the node
 * @ref: references: the list, each peer, each region, and each user that has
 *	looked the node up
 * @cluster: name of the cluster
 * @cluster_hash: ssi_wire_hash() of @cluster; the peers compare it
 * @id: 0 .. SSI_DSM_MAX_NODES - 1
 * @transport: enum ssi_dsm_transport
 * @security: enum ssi_dsm_security
 * @ops: operations of @transport
 * @addr: address of the listener, or AF_UNSPEC
 * @socket_owner: netlink port in @net of the socket owner, or 0; the node is deleted
 *	when that socket is closed
 * @rdma_listener: private data of the rdma transport, or NULL
 * @tcp_listener: private data of the tcp transport, or NULL
 * @accept_lock: held while requests to connect are served, and while a link stops
 *	taking them; process context, inside ssi_config_lock
 * @lock: serialises changes of @regions and walks that need them to stand still;
 *	BH-safe, short. Messages read @regions and @peers under RCU
 * @peers: by node id
 * @regions: regions of this node
 * @rx_pool: messages to this node itself
 * @wq: runs page work (unmapping): high priority, many works at a time. Its
 *	works do not wait
 * @memory_wq: runs works that wait for memory
 * @split_wq: copies the rest of 2 MiB folios, one folio at a time: both the folio
 *	and the copies need memory meanwhile
 * @tokens: numbers of this node's requests
 * @payer: the memory cgroup of the task that made the node, with a reference:
 *	charged with what no task allocates for itself. NULL without cgroups
 */
struct ssi_node {
	struct list_head list;
	struct net *net;
	struct kref ref;
	char cluster[SSI_DSM_CLUSTER_LEN];
	u64 cluster_hash;
	u32 id;
	u32 transport;
	u32 security;
	const struct ssi_transport_ops *ops;
	struct sockaddr_storage addr;
	u32 socket_owner;
	void *rdma_listener;
	void *tcp_listener;
	struct mutex accept_lock;
	spinlock_t lock;
	struct ssi_peer *peers[SSI_DSM_MAX_NODES];
	struct list_head regions;
	struct ssi_rx_pool *rx_pool;
	struct workqueue_struct *wq;
	struct workqueue_struct *memory_wq;
	struct workqueue_struct *split_wq;
	struct ssi_tokens tokens;
	struct mem_cgroup *payer;
};

/**
 * struct ssi_node_config - the configuration of a new node
 * @net: the network namespace
 * @cluster: name, shorter than SSI_DSM_CLUSTER_LEN
 * @id: unique in the cluster and the network namespace
 * @transport: enum ssi_dsm_transport
 * @security: enum ssi_dsm_security
 * @ops: operations of @transport
 * @addr: address of the listener; AF_UNSPEC for loop
 * @socket_owner: netlink port in @net of the socket owner, or 0; the node is deleted
 *	when that socket is closed
 */
struct ssi_node_config {
	struct net *net;
	const char *cluster;
	u32 id;
	u32 transport;
	u32 security;
	const struct ssi_transport_ops *ops;
	const struct sockaddr_storage *addr;
	u32 socket_owner;
};

/*
 * Serialises all changes of the configuration, each as a whole; deleting an
 * object can take seconds. Outermost lock; process context only.
 */
extern struct mutex ssi_config_lock;
/*
 * Protects ssi_nodes, and which peers and regions a node has, for code that only
 * reads them. Held for a short time; taken inside ssi_config_lock by code that
 * changes them. Process context only.
 */
extern struct mutex ssi_nodes_lock;
/* All local nodes. */
extern struct list_head ssi_nodes;

/* Either lock keeps the nodes, and their peers and regions. */
static inline void ssi_nodes_assert_held(void)
{
	lockdep_assert(lockdep_is_held(&ssi_config_lock) ||
		       lockdep_is_held(&ssi_nodes_lock));
}

/* Kernel-doc is in node.c. Context: ssi_config_lock held, may sleep. */
struct ssi_node *ssi_node_new(const struct ssi_node_config *config,
			      struct netlink_ext_ack *extack);

/**
 * ssi_node_find() - find a local node
 * @net: its network namespace
 * @cluster: name of the cluster
 * @id: node id
 *
 * Context: ssi_config_lock or ssi_nodes_lock held; the node stays valid for as
 * long as it is.
 * Return: the node, without a new reference, or NULL.
 */
struct ssi_node *ssi_node_find(const struct net *net, const char *cluster,
			       u32 id);

/**
 * ssi_node_free_queues() - wait for the works of a node, free their workqueues
 * @node: the node; all its regions are deleted and all its links are closed
 *
 * Context: process, sleeps.
 */
void ssi_node_free_queues(struct ssi_node *node);

/**
 * ssi_node_put() - drop a reference to a node; the last one frees it
 * @node: the node
 *
 * Context: Any context.
 */
void ssi_node_put(struct ssi_node *node);

#endif /* _SSI_NODE_H */
