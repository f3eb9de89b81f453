/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink: the attributes of a request, and the objects that it names.
 *
 * If a function here refuses a request, it puts an error sentence into
 * info->extack. The nla_policy of a request must have SSI_DSM_A_MAX + 1
 * entries.
 */
#ifndef _SSI_NETLINK_PARSE_H
#define _SSI_NETLINK_PARSE_H

#include <linux/socket.h>
#include <linux/ssi_dsm_genl.h>
#include <net/genetlink.h>

struct ssi_map_entry;
struct ssi_node;
struct ssi_peer;
struct ssi_region;

/**
 * struct ssi_netlink_subject - the object of a message
 * @node: the local node, in all messages
 * @peer: the peer, in PEER_* messages
 * @region: the region, in all other messages except NODE_*
 * @index: the page, in PAGE_LOOK
 */
struct ssi_netlink_subject {
	struct ssi_node *node;
	struct ssi_peer *peer;
	struct ssi_region *region;
	u64 index;
};

extern const struct nla_policy ssi_netlink_map_policy[SSI_DSM_A_MAP_SIZE + 1];
extern const struct nla_policy
	ssi_netlink_policy_policy[SSI_DSM_A_POLICY_VALUE + 1];

/**
 * struct ssi_netlink_policies - the policies that POLICY_SET sets
 * @values: new values, indexed by enum ssi_dsm_policy
 * @given: bit mask of the policies in the request
 */
struct ssi_netlink_policies {
	u64 values[__SSI_DSM_POLICY_MAX];
	u32 given;
};

/**
 * struct ssi_netlink_move - what HOME_MOVE orders
 * @index: the first page
 * @count: number of pages, not 0, of SSI_DSM_MOVE_MAX blocks at most
 * @home: id of a node; it need not exist
 */
struct ssi_netlink_move {
	u64 index;
	u64 count;
	u32 home;
};

/**
 * ssi_netlink_addr_len() - length of an address in attribute ADDR
 * @family: address family
 *
 * Return: the length in bytes, or 0 if the family is not supported.
 */
size_t ssi_netlink_addr_len(u32 family);

/**
 * ssi_netlink_parse_cluster() - read the name of the cluster
 * @info: the request
 * @cluster: result: the name, valid as long as the request
 *
 * Return: 0 or a negative errno.
 */
int ssi_netlink_parse_cluster(struct genl_info *info, const char **cluster);

/**
 * ssi_netlink_parse_u32() - read a number that the request must have
 * @info: the request
 * @attr: the attribute
 * @value: result
 *
 * Return: 0, or -EINVAL if the attribute is missing.
 */
int ssi_netlink_parse_u32(struct genl_info *info, u32 attr, u32 *value);

/**
 * ssi_netlink_parse_addr() - read the address
 * @info: the request
 * @addr: result; AF_UNSPEC if the request has no address
 *
 * Return: 0 or a negative errno.
 */
int ssi_netlink_parse_addr(struct genl_info *info,
			   struct sockaddr_storage *addr);

/**
 * ssi_netlink_optional_u32() - read a number that the request may have
 * @info: the request
 * @attr: the attribute
 * @otherwise: the value to use if the attribute is missing
 *
 * Return: the number.
 */
u32 ssi_netlink_optional_u32(struct genl_info *info, u32 attr, u32 otherwise);

/**
 * ssi_netlink_parse_policies() - read policies and check that their values are
 *	allowed
 * @info: the request
 * @policies: result
 *
 * Return: 0 or a negative errno.
 */
int ssi_netlink_parse_policies(struct genl_info *info,
			       struct ssi_netlink_policies *policies);

/**
 * ssi_netlink_parse_move() - read which homes are to move where
 * @info: the request
 * @move: result
 *
 * Return: 0 or a negative errno.
 */
int ssi_netlink_parse_move(struct genl_info *info,
			   struct ssi_netlink_move *move);

/**
 * ssi_netlink_parse_map() - read the placement map
 * @info: the request
 * @entries: result: number of entries
 *
 * Context: May sleep.
 * Return: the array, to be freed with kfree(), or ERR_PTR().
 */
struct ssi_map_entry *ssi_netlink_parse_map(struct genl_info *info,
					    u32 *entries);

/**
 * ssi_netlink_find_node() - find the local node that a request names
 * @info: the request
 * @sub: result: @sub->node
 *
 * Context: ssi_config_lock or ssi_nodes_lock held for as long as @sub is
 *	used.
 * Return: 0 or a negative errno.
 */
int ssi_netlink_find_node(struct genl_info *info,
			  struct ssi_netlink_subject *sub);

/**
 * ssi_netlink_find_peer() - find the local node and the peer
 * @info: the request
 * @sub: result: @sub->node and @sub->peer
 *
 * Context: ssi_config_lock or ssi_nodes_lock held for as long as @sub is
 *	used.
 * Return: 0 or a negative errno.
 */
int ssi_netlink_find_peer(struct genl_info *info,
			  struct ssi_netlink_subject *sub);

/**
 * ssi_netlink_find_region() - find the local node and the region
 * @info: the request
 * @sub: result: @sub->node and @sub->region
 *
 * Context: ssi_config_lock or ssi_nodes_lock held for as long as @sub is
 *	used.
 * Return: 0 or a negative errno.
 */
int ssi_netlink_find_region(struct genl_info *info,
			    struct ssi_netlink_subject *sub);

#endif /* _SSI_NETLINK_PARSE_H */
