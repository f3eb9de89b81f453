// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local nodes: the members of clusters that live in this kernel.
 */
#include <linux/slab.h>

#include "node.h"
#include "peer.h"
#include "region.h"
#include "transport.h"

DEFINE_MUTEX(ssi_config_lock);
LIST_HEAD(ssi_nodes);

static void node_release(struct kref *ref)
{
	struct ssi_node *node = container_of(ref, struct ssi_node, ref);

	kfree(node);
}

void ssi_node_put(struct ssi_node *node)
{
	kref_put(&node->ref, node_release);
}

struct ssi_node *ssi_node_find(const char *cluster, u32 id)
{
	struct ssi_node *node;

	lockdep_assert_held(&ssi_config_lock);
	list_for_each_entry(node, &ssi_nodes, list)
		if (node->id == id && !strcmp(node->cluster, cluster))
			return node;
	return NULL;
}

static int check_new(const char *cluster, u32 id, u32 transport,
		     const struct sockaddr_storage *addr,
		     struct netlink_ext_ack *extack)
{
	if (!*cluster) {
		NL_SET_ERR_MSG(extack, "the cluster's name is empty");
		return -EINVAL;
	}
	if (id >= SSI_DSM_MAX_NODES) {
		NL_SET_ERR_MSG(extack, "the node id is out of range, it must be 0 to 31");
		return -EINVAL;
	}
	if (ssi_node_find(cluster, id)) {
		NL_SET_ERR_MSG(extack, "this kernel already has a node with this id in this cluster");
		return -EEXIST;
	}
	if (transport > SSI_DSM_TRANSPORT_LOOP) {
		NL_SET_ERR_MSG(extack, "the transport must be rdma or loop");
		return -EINVAL;
	}
	if (transport == SSI_DSM_TRANSPORT_RDMA &&
	    addr->ss_family == AF_UNSPEC) {
		NL_SET_ERR_MSG(extack, "a node with transport rdma needs an address to listen on");
		return -EINVAL;
	}
	return 0;
}

static struct ssi_node *node_alloc(const char *cluster, u32 id, u32 transport)
{
	struct ssi_node *node = kzalloc(sizeof(*node), GFP_KERNEL);

	if (!node)
		return NULL;
	kref_init(&node->ref);
	strscpy(node->cluster, cluster, sizeof(node->cluster));
	node->cluster_hash = ssi_wire_hash(0, node->cluster,
					   strlen(node->cluster));
	node->id = id;
	node->transport = transport;
	node->ops = transport == SSI_DSM_TRANSPORT_LOOP ? &ssi_loop_ops :
							  &ssi_rdma_ops;
	spin_lock_init(&node->lock);
	INIT_LIST_HEAD(&node->regions);
	return node;
}

/**
 * ssi_node_new() - make a local node and let it listen
 * @cluster: name, shorter than SSI_DSM_CLUSTER_LEN
 * @id: unique in the cluster
 * @transport: enum ssi_dsm_transport
 * @addr: where to listen; AF_UNSPEC for loop
 * @socket_owner: netlink port whose closing deletes the node, or 0
 * @extack: says what was wrong
 *
 * Context: ssi_config_lock held, may sleep.
 * Return: the node or ERR_PTR().
 */
struct ssi_node *ssi_node_new(const char *cluster, u32 id, u32 transport,
			      const struct sockaddr_storage *addr, u32 socket_owner,
			      struct netlink_ext_ack *extack)
{
	struct ssi_node *node;
	int ret;

	lockdep_assert_held(&ssi_config_lock);
	ret = check_new(cluster, id, transport, addr, extack);
	if (ret)
		return ERR_PTR(ret);
	node = node_alloc(cluster, id, transport);
	if (!node)
		return ERR_PTR(-ENOMEM);
	node->addr = *addr;
	node->socket_owner = socket_owner;
	node->wq = alloc_workqueue("ssi_dsm/%u", WQ_HIGHPRI | WQ_UNBOUND |
				   WQ_MEM_RECLAIM, WQ_MAX_ACTIVE, id);
	if (!node->wq) {
		ret = -ENOMEM;
		goto err_put;
	}
	ret = node->ops->listen(node);
	if (ret) {
		NL_SET_ERR_MSG(extack, "cannot listen on the node's address: is it one of this host, with an RDMA device on it, and is the port free?");
		goto err_destroy_wq;
	}
	list_add_tail(&node->list, &ssi_nodes);
	return node;

err_destroy_wq:
	destroy_workqueue(node->wq);
err_put:
	ssi_node_put(node);
	return ERR_PTR(ret);
}

/*
 * Deletion in three steps: nobody new gets in (unlisten), everything that uses
 * the links goes (regions), then the links themselves. Files may keep regions
 * and so the node's memory alive; nothing runs for them any more.
 */
void ssi_node_delete(struct ssi_node *node)
{
	struct ssi_region *region, *next;
	u32 id;

	lockdep_assert_held(&ssi_config_lock);
	list_del(&node->list);
	node->ops->unlisten(node);
	list_for_each_entry_safe(region, next, &node->regions, list)
		ssi_region_delete(region);
	for (id = 0; id < SSI_DSM_MAX_NODES; id++)
		if (node->peers[id])
			ssi_peer_delete(node->peers[id]);
	destroy_workqueue(node->wq);
	ssi_node_put(node);
}

void ssi_node_delete_all(void)
{
	struct ssi_node *node, *next;

	mutex_lock(&ssi_config_lock);
	list_for_each_entry_safe(node, next, &ssi_nodes, list)
		ssi_node_delete(node);
	mutex_unlock(&ssi_config_lock);
}

void ssi_node_delete_owned(u32 portid)
{
	struct ssi_node *node, *next;

	mutex_lock(&ssi_config_lock);
	list_for_each_entry_safe(node, next, &ssi_nodes, list)
		if (node->socket_owner == portid)
			ssi_node_delete(node);
	mutex_unlock(&ssi_config_lock);
}
