// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local nodes: the members of clusters in this kernel.
 */
#include <linux/memcontrol.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "net/node.h"
#include "net/service.h"
#include "net/transport.h"
#include "protocol/wire.h"

DEFINE_MUTEX(ssi_config_lock);
DEFINE_MUTEX(ssi_nodes_lock);
LIST_HEAD(ssi_nodes);

static void ssi_node_release(struct kref *ref)
{
	struct ssi_node *node = container_of(ref, struct ssi_node, ref);

	ssi_rx_pool_put(node->rx_pool);
	ssi_token_exit(&node->tokens);
	mem_cgroup_put(node->payer);
	kfree(node);
}

void ssi_node_put(struct ssi_node *node)
{
	kref_put(&node->ref, ssi_node_release);
}

struct ssi_node *ssi_node_find(const struct net *net, const char *cluster,
			       u32 id)
{
	struct ssi_node *node;

	ssi_nodes_assert_held();
	list_for_each_entry(node, &ssi_nodes, list)
		if (node->id == id && net_eq(node->net, net) &&
		    !strcmp(node->cluster, cluster))
			return node;
	return NULL;
}

static int check_new(const struct ssi_node_config *config,
		     struct netlink_ext_ack *extack)
{
	if (!*config->cluster) {
		NL_SET_ERR_MSG(extack, "the cluster's name is empty");
		return -EINVAL;
	}
	if (config->id >= SSI_DSM_MAX_NODES) {
		NL_SET_ERR_MSG(extack, "the node id is out of range, it must be 0 to 31");
		return -EINVAL;
	}
	if (ssi_node_find(config->net, config->cluster, config->id)) {
		NL_SET_ERR_MSG(extack, "this kernel already has a node with this id in this cluster");
		return -EEXIST;
	}
	if (config->transport != SSI_DSM_TRANSPORT_LOOP &&
	    config->addr->ss_family == AF_UNSPEC) {
		NL_SET_ERR_MSG(extack, "a node needs an address to listen on, unless its transport is loop");
		return -EINVAL;
	}
	return 0;
}

static struct ssi_node *node_alloc(const struct ssi_node_config *config)
{
	struct ssi_node *node = kzalloc(sizeof(*node), GFP_KERNEL);

	if (!node)
		return NULL;
	if (ssi_token_init(&node->tokens)) {
		kfree(node);
		return NULL;
	}
	node->rx_pool = ssi_rx_pool_new();
	if (!node->rx_pool) {
		ssi_token_exit(&node->tokens);
		kfree(node);
		return NULL;
	}
	node->net = config->net;
	kref_init(&node->ref);
	strscpy(node->cluster, config->cluster, sizeof(node->cluster));
	node->cluster_hash = ssi_wire_hash(0, node->cluster,
					   strlen(node->cluster));
	node->id = config->id;
	node->transport = config->transport;
	node->security = config->security;
	node->ops = config->ops;
	node->addr = *config->addr;
	node->socket_owner = config->socket_owner;
	node->payer = get_mem_cgroup_from_mm(current->mm);
	spin_lock_init(&node->lock);
	mutex_init(&node->accept_lock);
	INIT_LIST_HEAD(&node->regions);
	return node;
}

static int alloc_queues(struct ssi_node *node)
{
	node->wq = alloc_workqueue("ssi_dsm/%u", WQ_HIGHPRI | WQ_UNBOUND |
				   WQ_MEM_RECLAIM, WQ_MAX_ACTIVE, node->id);
	node->memory_wq = alloc_workqueue("ssi_dsm_memory/%u", WQ_UNBOUND,
					  WQ_MAX_ACTIVE, node->id);
	node->split_wq = alloc_workqueue("ssi_dsm_split/%u", WQ_UNBOUND, 1,
					 node->id);
	if (node->wq && node->memory_wq && node->split_wq)
		return 0;
	ssi_node_free_queues(node);
	return -ENOMEM;
}

static void free_queue(struct workqueue_struct *wq)
{
	if (wq)
		destroy_workqueue(wq);
}

void ssi_node_free_queues(struct ssi_node *node)
{
	ssi_service_flush();
	free_queue(node->wq);
	free_queue(node->split_wq);	/* page work queues to it */
	free_queue(node->memory_wq);
}

/**
 * ssi_node_new() - make a local node and start its listener
 * @config: the configuration of the node
 * @extack: receives the error sentence
 *
 * Context: ssi_config_lock held, may sleep.
 * Return: the node or ERR_PTR().
 */
struct ssi_node *ssi_node_new(const struct ssi_node_config *config,
			      struct netlink_ext_ack *extack)
{
	struct ssi_node *node;
	int ret;

	lockdep_assert_held(&ssi_config_lock);
	ret = check_new(config, extack);
	if (ret)
		return ERR_PTR(ret);
	node = node_alloc(config);
	if (!node)
		return ERR_PTR(-ENOMEM);
	ret = alloc_queues(node);
	if (ret)
		goto err_put;
	ret = node->ops->listen(node);
	if (ret) {
		NL_SET_ERR_MSG(extack, "cannot listen on the node's address: it must be an address of this host, for transport rdma on an interface with an RDMA device, and its port must be free");
		goto err_free_queues;
	}
	mutex_lock(&ssi_nodes_lock);
	list_add_tail(&node->list, &ssi_nodes);
	mutex_unlock(&ssi_nodes_lock);
	return node;

err_free_queues:
	ssi_node_free_queues(node);
err_put:
	ssi_node_put(node);
	return ERR_PTR(ret);
}
