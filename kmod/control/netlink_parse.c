// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink: the attributes of a request, and the objects that it names.
 */

#include "control/netlink_parse.h"

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/slab.h>

#include "control/region_setup.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"
#include "protocol/policy.h"

const struct nla_policy ssi_netlink_map_policy[SSI_DSM_A_MAP_SIZE + 1] = {
	[SSI_DSM_A_MAP_NODE] = { .type = NLA_U32 },
	[SSI_DSM_A_MAP_SIZE] = { .type = NLA_U64 },
};

static_assert(SSI_DSM_A_MAP_SIZE > SSI_DSM_A_MAP_NODE);

const struct nla_policy
ssi_netlink_policy_policy[SSI_DSM_A_POLICY_VALUE + 1] = {
	[SSI_DSM_A_POLICY_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_POLICY_VALUE] = { .type = NLA_U64 },
};

static_assert(SSI_DSM_A_POLICY_VALUE > SSI_DSM_A_POLICY_ID);

size_t ssi_netlink_addr_len(u32 family)
{
	switch (family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return 0;
	}
}

static int require(struct genl_info *info, u32 attr)
{
	if (!GENL_REQ_ATTR_CHECK(info, attr))
		return 0;

	switch (attr) {
	case SSI_DSM_A_CLUSTER:
		GENL_SET_ERR_MSG(info, "the name of the cluster is missing");
		break;
	case SSI_DSM_A_NODE_ID:
		GENL_SET_ERR_MSG(info, "the id of the local node is missing");
		break;
	case SSI_DSM_A_PEER_ID:
		GENL_SET_ERR_MSG(info, "the node id of the peer is missing");
		break;
	case SSI_DSM_A_REGION_ID:
		GENL_SET_ERR_MSG(info, "the id of the region is missing");
		break;
	case SSI_DSM_A_MAP:
		GENL_SET_ERR_MSG(info, "the placement map of the region is missing");
		break;
	}
	return -EINVAL;
}

int ssi_netlink_parse_cluster(struct genl_info *info, const char **cluster)
{
	const struct nlattr *attr = info->attrs[SSI_DSM_A_CLUSTER];
	int err;

	err = require(info, SSI_DSM_A_CLUSTER);
	if (err)
		return err;

	*cluster = nla_data(attr);
	if (!**cluster) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the name of the cluster is empty");
		return -EINVAL;
	}
	if (strlen(*cluster) >= SSI_DSM_CLUSTER_LEN) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the name of the cluster is longer than 31 bytes");
		return -EINVAL;
	}
	return 0;
}

int ssi_netlink_parse_u32(struct genl_info *info, u32 attr, u32 *value)
{
	int err;

	err = require(info, attr);
	if (err)
		return err;
	*value = nla_get_u32(info->attrs[attr]);
	return 0;
}

u32 ssi_netlink_optional_u32(struct genl_info *info, u32 attr, u32 otherwise)
{
	return info->attrs[attr] ? nla_get_u32(info->attrs[attr]) : otherwise;
}

int ssi_netlink_parse_addr(struct genl_info *info,
			   struct sockaddr_storage *addr)
{
	const struct nlattr *attr = info->attrs[SSI_DSM_A_ADDR];

	memset(addr, 0, sizeof(*addr));
	if (!attr)
		return 0;

	nla_memcpy(addr, attr, sizeof(*addr));
	if (!ssi_netlink_addr_len(addr->ss_family)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the address is neither IPv4 nor IPv6");
		return -EAFNOSUPPORT;
	}
	if (nla_len(attr) != ssi_netlink_addr_len(addr->ss_family)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the address is not as long as its family says");
		return -EINVAL;
	}
	return 0;
}

static int parse_map_entry(const struct nlattr *attr,
			   struct ssi_map_entry *entry,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SSI_DSM_A_MAP_SIZE + 1];
	int err;

	err = nla_parse_nested(tb, SSI_DSM_A_MAP_SIZE, attr,
			       ssi_netlink_map_policy, extack);
	if (err)
		return err;
	if (!tb[SSI_DSM_A_MAP_NODE] || !tb[SSI_DSM_A_MAP_SIZE]) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a part of the placement map lacks its node or its size");
		return -EINVAL;
	}
	entry->node = nla_get_u32(tb[SSI_DSM_A_MAP_NODE]);
	entry->size = nla_get_u64(tb[SSI_DSM_A_MAP_SIZE]);
	return 0;
}

static u32 count_map(struct genl_info *info)
{
	const struct nlattr *attr;
	u32 entries = 0;
	int rem;

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), rem)
		entries += nla_type(attr) == SSI_DSM_A_MAP;
	return entries;
}

int ssi_netlink_parse_move(struct genl_info *info,
			   struct ssi_netlink_move *move)
{
	struct nlattr **attrs = info->attrs;
	u64 most = SSI_DSM_MOVE_MAX * SSI_BLOCK_PAGES;

	if (!attrs[SSI_DSM_A_PAGE_INDEX]) {
		GENL_SET_ERR_MSG(info, "the page index is missing");
		return -EINVAL;
	}
	move->index = nla_get_u64(attrs[SSI_DSM_A_PAGE_INDEX]);
	move->count = 1;
	if (attrs[SSI_DSM_A_PAGE_COUNT])
		move->count = nla_get_u64(attrs[SSI_DSM_A_PAGE_COUNT]);
	if (!move->count || move->count > most) {
		GENL_SET_ERR_MSG(info, "the number of pages must be 1 to 262144, those of 512 blocks");
		return -EINVAL;
	}
	return ssi_netlink_parse_u32(info, SSI_DSM_A_HOME, &move->home);
}

struct ssi_map_entry *ssi_netlink_parse_map(struct genl_info *info,
					    u32 *entries)
{
	struct ssi_map_entry *map;
	const struct nlattr *attr;
	u32 n = 0;
	int err;
	int rem;

	err = require(info, SSI_DSM_A_MAP);
	if (err)
		return ERR_PTR(err);

	*entries = count_map(info);
	map = kcalloc(*entries, sizeof(*map), GFP_KERNEL);
	if (!map)
		return ERR_PTR(-ENOMEM);

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), rem) {
		if (nla_type(attr) != SSI_DSM_A_MAP)
			continue;
		err = parse_map_entry(attr, &map[n++], info->extack);
		if (err) {
			kfree(map);
			return ERR_PTR(err);
		}
	}
	return map;
}

static int parse_policy(const struct nlattr *attr,
			struct ssi_netlink_policies *policies,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SSI_DSM_A_POLICY_VALUE + 1];
	u32 id;
	int err;

	err = nla_parse_nested(tb, SSI_DSM_A_POLICY_VALUE, attr,
			       ssi_netlink_policy_policy, extack);
	if (err)
		return err;
	if (!tb[SSI_DSM_A_POLICY_ID] || !tb[SSI_DSM_A_POLICY_VALUE]) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a policy lacks its id or its value");
		return -EINVAL;
	}
	id = nla_get_u32(tb[SSI_DSM_A_POLICY_ID]);
	if (id >= __SSI_DSM_POLICY_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "there is no such policy");
		return -EINVAL;
	}
	policies->values[id] = nla_get_u64(tb[SSI_DSM_A_POLICY_VALUE]);
	policies->given |= BIT(id);
	if (!ssi_policy_allows(id, policies->values[id])) {
		extack->_msg = ssi_policies[id].refusal;
		extack->bad_attr = attr;
		return -ERANGE;
	}
	return 0;
}

int ssi_netlink_parse_policies(struct genl_info *info,
			       struct ssi_netlink_policies *policies)
{
	const struct nlattr *attr;
	int err;
	int rem;

	policies->given = 0;
	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), rem) {
		if (nla_type(attr) != SSI_DSM_A_POLICY)
			continue;
		err = parse_policy(attr, policies, info->extack);
		if (err)
			return err;
	}
	if (!policies->given) {
		GENL_SET_ERR_MSG(info, "there is nothing to set");
		return -EINVAL;
	}
	return 0;
}

int ssi_netlink_find_node(struct genl_info *info,
			  struct ssi_netlink_subject *sub)
{
	const char *cluster;
	u32 id;
	int err;

	ssi_nodes_assert_held();
	err = ssi_netlink_parse_cluster(info, &cluster);
	if (err)
		return err;
	err = ssi_netlink_parse_u32(info, SSI_DSM_A_NODE_ID, &id);
	if (err)
		return err;

	sub->node = ssi_node_find(genl_info_net(info), cluster, id);
	if (!sub->node) {
		GENL_SET_ERR_MSG(info, "there is no local node of that cluster and id");
		return -ENOENT;
	}
	return 0;
}

/* Find the node, and the id in attribute @attr of an object of that node. */
static int find_node_and_id(struct genl_info *info, int attr,
			    struct ssi_netlink_subject *sub, u32 *id)
{
	int err = ssi_netlink_find_node(info, sub);

	return err ? err : ssi_netlink_parse_u32(info, attr, id);
}

int ssi_netlink_find_peer(struct genl_info *info,
			  struct ssi_netlink_subject *sub)
{
	u32 id;
	int err;

	ssi_nodes_assert_held();
	err = find_node_and_id(info, SSI_DSM_A_PEER_ID, sub, &id);
	if (err)
		return err;

	if (id < SSI_DSM_MAX_NODES)
		sub->peer = sub->node->peers[id];
	if (!sub->peer) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[SSI_DSM_A_PEER_ID],
				    "the local node has no peer of that id");
		return -ENOENT;
	}
	return 0;
}

static struct ssi_region *look_up_region(struct ssi_node *node, u32 id)
{
	struct ssi_region *region;

	list_for_each_entry(region, &node->regions, list)
		if (region->id == id)
			return region;
	return NULL;
}

int ssi_netlink_find_region(struct genl_info *info,
			    struct ssi_netlink_subject *sub)
{
	u32 id;
	int err;

	ssi_nodes_assert_held();
	err = find_node_and_id(info, SSI_DSM_A_REGION_ID, sub, &id);
	if (err)
		return err;

	sub->region = look_up_region(sub->node, id);
	if (!sub->region) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[SSI_DSM_A_REGION_ID],
				    "the local node has no region of that id");
		return -ENOENT;
	}
	return 0;
}
