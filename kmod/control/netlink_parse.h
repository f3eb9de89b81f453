/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink: what a request says, and the objects it names.
 *
 * Whatever is refused here gets its sentence in info->extack.
 * The request's policy has to have SSI_DSM_A_MAX + 1 entries.
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
 * struct ssi_netlink_subject - what a message speaks of
 * @node: always
 * @peer: in PEER_* messages
 * @region: in all others but NODE_*
 */
struct ssi_netlink_subject {
	struct ssi_node *node;
	struct ssi_peer *peer;
	struct ssi_region *region;
};

extern const struct nla_policy ssi_netlink_map_policy[SSI_DSM_A_MAP_SIZE + 1];
extern const struct nla_policy
	ssi_netlink_policy_policy[SSI_DSM_A_POLICY_VALUE + 1];

/**
 * struct ssi_netlink_policies - what POLICY_SET wants
 * @values: by enum ssi_dsm_policy
 * @given: bit mask of those that were there
 */
struct ssi_netlink_policies {
	u64 values[__SSI_DSM_POLICY_MAX];
	u32 given;
};

/* Bytes of an address of @family in attribute ADDR; 0 if not supported. */
size_t ssi_netlink_addr_len(u32 family);

/* 0 or an errno. A missing address is AF_UNSPEC. */
int ssi_netlink_parse_cluster(struct genl_info *info, const char **cluster);
int ssi_netlink_parse_u32(struct genl_info *info, u32 attr, u32 *value);
int ssi_netlink_parse_addr(struct genl_info *info,
			   struct sockaddr_storage *addr);

u32 ssi_netlink_optional_u32(struct genl_info *info, u32 attr, u32 otherwise);

/* All values are allowed ones. 0 or an errno. */
int ssi_netlink_parse_policies(struct genl_info *info,
			       struct ssi_netlink_policies *policies);

/* The array, to be freed with kfree(), or ERR_PTR(). May sleep. */
struct ssi_map_entry *ssi_netlink_parse_map(struct genl_info *info,
					    u32 *entries);

/*
 * ssi_config_lock held, for as long as @sub is used. find_peer() and
 * find_region() find the node too. 0 or an errno.
 */
int ssi_netlink_find_node(struct genl_info *info,
			  struct ssi_netlink_subject *sub);
int ssi_netlink_find_peer(struct genl_info *info,
			  struct ssi_netlink_subject *sub);
int ssi_netlink_find_region(struct genl_info *info,
			    struct ssi_netlink_subject *sub);

#endif /* _SSI_NETLINK_PARSE_H */
