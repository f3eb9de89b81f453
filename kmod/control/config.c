// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration that needs several layers: choice of the transport, deletion.
 */
#include <net/net_namespace.h>

#include "control/config.h"
#include "control/region_setup.h"
#include "engine/member.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"

static const struct ssi_transport_ops *const transports[] = {
	[SSI_DSM_TRANSPORT_RDMA] = &ssi_rdma_ops,
	[SSI_DSM_TRANSPORT_LOOP] = &ssi_loop_ops,
	[SSI_DSM_TRANSPORT_TCP] = &ssi_tcp_ops,
	[SSI_DSM_TRANSPORT_AUTO] = &ssi_auto_ops,
};

static int check_security(const struct ssi_node_config *config,
			  struct netlink_ext_ack *extack)
{
	switch (config->security) {
	case SSI_DSM_SECURITY_NONE:
		return 0;
	case SSI_DSM_SECURITY_TLS:
		if (config->transport != SSI_DSM_TRANSPORT_LOOP)
			return 0;
		NL_SET_ERR_MSG(extack, "the security tls needs the transport tcp, rdma or auto");
		return -EINVAL;
	case SSI_DSM_SECURITY_AUTHENTICATED:
		if (config->transport == SSI_DSM_TRANSPORT_RDMA)
			return 0;
		NL_SET_ERR_MSG(extack, "the security authenticated needs the transport rdma");
		return -EINVAL;
	default:
		NL_SET_ERR_MSG(extack, "the security must be none, tls or authenticated");
		return -EINVAL;
	}
}

struct ssi_node *ssi_config_new_node(struct ssi_node_config *config,
				     struct netlink_ext_ack *extack)
{
	int ret;

	lockdep_assert_held(&ssi_config_lock);
	if (config->transport >= ARRAY_SIZE(transports)) {
		NL_SET_ERR_MSG(extack, "the transport must be auto, rdma, tcp or loop");
		return ERR_PTR(-EINVAL);
	}
	ret = check_security(config, extack);
	if (ret)
		return ERR_PTR(ret);
	config->ops = config->security ? &ssi_secure_ops :
					 transports[config->transport];
	return ssi_node_new(config, extack);
}

void ssi_config_delete_peer(struct ssi_peer *peer)
{
	lockdep_assert_held(&ssi_config_lock);
	ssi_member_lose_peer(peer, "it was removed from the configuration");
	ssi_peer_delete(peer);
}

/*
 * Deletion has three steps. First the node accepts no new links (unlisten).
 * Then all users of the links are deleted (regions). Then the links are closed.
 * Open files may still hold references to regions, and so to the memory of the
 * node; but no work runs for these regions any more.
 */
void ssi_config_delete_node(struct ssi_node *node)
{
	struct ssi_region *region, *next;
	u32 id;

	lockdep_assert_held(&ssi_config_lock);
	mutex_lock(&ssi_nodes_lock);
	list_del(&node->list);
	mutex_unlock(&ssi_nodes_lock);
	node->ops->unlisten(node);
	list_for_each_entry_safe(region, next, &node->regions, list)
		ssi_region_delete(region);
	for (id = 0; id < SSI_DSM_MAX_NODES; id++)
		if (node->peers[id])
			ssi_config_delete_peer(node->peers[id]);
	ssi_node_free_queues(node);
	/* The last events of its regions, while its network namespace is there. */
	ssi_region_flush();
	ssi_node_put(node);
}

static bool has_nodes(const struct net *net)
{
	struct ssi_node *node;
	bool has = false;

	mutex_lock(&ssi_nodes_lock);
	list_for_each_entry(node, &ssi_nodes, list)
		has |= net_eq(node->net, net);
	mutex_unlock(&ssi_nodes_lock);
	return has;
}

/* No program can add a node there any more. */
void ssi_config_delete_net(const struct net *net)
{
	struct ssi_node *node, *next;

	if (!has_nodes(net))
		return;
	mutex_lock(&ssi_config_lock);
	list_for_each_entry_safe(node, next, &ssi_nodes, list)
		if (net_eq(node->net, net))
			ssi_config_delete_node(node);
	mutex_unlock(&ssi_config_lock);
}

void ssi_config_delete_owned(const struct net *net, u32 portid)
{
	struct ssi_node *node, *next;

	mutex_lock(&ssi_config_lock);
	list_for_each_entry_safe(node, next, &ssi_nodes, list)
		if (node->socket_owner == portid && net_eq(node->net, net))
			ssi_config_delete_node(node);
	mutex_unlock(&ssi_config_lock);
}
