/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration that needs several layers: choice of the transport, deletion.
 */
#ifndef _SSI_CONFIG_H
#define _SSI_CONFIG_H

#include <linux/types.h>

struct net;
struct netlink_ext_ack;
struct ssi_node;
struct ssi_node_config;
struct ssi_peer;

/**
 * ssi_config_new_node() - make a local node
 * @config: the configuration; @config->ops is set here
 * @extack: receives the error sentence
 *
 * Context: ssi_config_lock held, may sleep.
 * Return: the node or ERR_PTR().
 */
struct ssi_node *ssi_config_new_node(struct ssi_node_config *config,
				     struct netlink_ext_ack *extack);

/**
 * ssi_config_delete_peer() - lose the regions of a peer, then delete the peer
 * @peer: the peer
 *
 * Context: ssi_config_lock held, may sleep.
 */
void ssi_config_delete_peer(struct ssi_peer *peer);

/**
 * ssi_config_delete_node() - delete a local node, its regions and its peers
 * @node: the node
 *
 * Context: ssi_config_lock held, may sleep.
 */
void ssi_config_delete_node(struct ssi_node *node);

/**
 * ssi_config_delete_net() - delete the nodes of a network namespace
 * @net: the namespace
 *
 * Context: Takes ssi_config_lock, may sleep.
 */
void ssi_config_delete_net(const struct net *net);

/**
 * ssi_config_delete_owned() - delete the nodes of a socket owner
 * @net: its network namespace
 * @portid: netlink port of the socket owner
 *
 * Context: Takes ssi_config_lock, may sleep.
 */
void ssi_config_delete_owned(const struct net *net, u32 portid);

#endif /* _SSI_CONFIG_H */
