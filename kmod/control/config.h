/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration that concerns more than one floor: transports, and deletion.
 */
#ifndef _SSI_CONFIG_H
#define _SSI_CONFIG_H

#include <linux/types.h>

struct netlink_ext_ack;
struct ssi_node;
struct ssi_node_config;
struct ssi_peer;

/*
 * ssi_config_lock held, may sleep. The transport's operations in @config are
 * found here.
 */
struct ssi_node *ssi_config_new_node(struct ssi_node_config *config,
				     struct netlink_ext_ack *extack);
void ssi_config_delete_peer(struct ssi_peer *peer);
void ssi_config_delete_node(struct ssi_node *node);

/* Take ssi_config_lock: all nodes, or those that netlink port @portid owns. */
void ssi_config_delete_all(void);
void ssi_config_delete_owned(u32 portid);

#endif /* _SSI_CONFIG_H */
