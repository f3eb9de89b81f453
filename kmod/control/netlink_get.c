// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink: get one object, or dump all that the request asks for.
 */

#include "control/netlink_get.h"

#include <linux/mutex.h>
#include <linux/ssi_dsm.h>
#include <linux/ssi_dsm_genl.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "control/netlink_fill.h"
#include "control/netlink_parse.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"

/**
 * struct filter - restricts a dump to some objects
 * @family: the family that dumps
 * @net: network namespace of the program that asks
 * @cluster: name, or NULL for all
 * @node: attribute NODE_ID, or NULL for all
 * @id: attribute PEER_ID or REGION_ID, or NULL for all
 */
struct filter {
	const struct genl_family *family;
	const struct net *net;
	const char *cluster;
	const struct nlattr *node;
	const struct nlattr *id;
};

/* The largest reply, of statistics, has 7.9 KB: some 800 bytes for each class. */
#define REPLY_MAX	12288

static int find_page(struct genl_info *info, struct ssi_netlink_subject *sub)
{
	const struct nlattr *index = info->attrs[SSI_DSM_A_PAGE_INDEX];
	int err = ssi_netlink_find_region(info, sub);

	if (err)
		return err;
	if (!index) {
		GENL_SET_ERR_MSG(info, "the page index is missing");
		return -EINVAL;
	}
	sub->index = nla_get_u64(index);
	if (sub->index >= sub->region->size >> PAGE_SHIFT) {
		GENL_SET_ERR_MSG(info, "the page is behind the end of the region");
		return -ENOENT;
	}
	return 0;
}

static int get(const struct genl_family *family, const struct sk_buff *skb,
	       struct genl_info *info, struct sk_buff *reply)
{
	struct ssi_netlink_origin to = {
		.family = family,
		.portid = info->snd_portid,
		.seq = info->snd_seq,
		.privileged = netlink_capable(skb, CAP_NET_ADMIN),
	};
	u8 cmd = info->genlhdr->cmd;
	struct ssi_netlink_subject sub = { };
	int err;

	switch (cmd) {
	case SSI_DSM_CMD_NODE_GET:
		err = ssi_netlink_find_node(info, &sub);
		break;
	case SSI_DSM_CMD_PEER_GET:
		err = ssi_netlink_find_peer(info, &sub);
		break;
	case SSI_DSM_CMD_PAGE_LOOK:
		err = find_page(info, &sub);
		break;
	default:
		err = ssi_netlink_find_region(info, &sub);
	}
	return err ?: ssi_netlink_fill(reply, &to, cmd, &sub);
}

int ssi_netlink_get(const struct genl_family *family, struct sk_buff *skb,
		    struct genl_info *info)
{
	struct sk_buff *reply;
	int err;

	reply = genlmsg_new(REPLY_MAX, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&ssi_nodes_lock);
	err = get(family, skb, info, reply);
	mutex_unlock(&ssi_nodes_lock);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	return genlmsg_reply(reply, info);
}

static u8 dump_cmd(const struct netlink_callback *cb)
{
	const struct genlmsghdr *head = nlmsg_data(cb->nlh);

	return head->cmd;
}

/*
 * The request was validated against the policy of its command when the dump
 * began.
 */
static int parse_filter(struct netlink_callback *cb, struct filter *filter)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
	int err;

	err = genlmsg_parse_deprecated(cb->nlh, filter->family, tb,
				       SSI_DSM_A_MAX, NULL, NULL);
	if (err)
		return err;
	filter->net = sock_net(cb->skb->sk);
	filter->node = tb[SSI_DSM_A_NODE_ID];
	filter->id = tb[SSI_DSM_A_PEER_ID] ?: tb[SSI_DSM_A_REGION_ID];
	filter->cluster = NULL;
	if (tb[SSI_DSM_A_CLUSTER])
		filter->cluster = nla_data(tb[SSI_DSM_A_CLUSTER]);
	return 0;
}

static bool wants_node(const struct filter *filter, const struct ssi_node *node)
{
	if (!net_eq(node->net, filter->net))
		return false;
	if (filter->cluster && strcmp(filter->cluster, node->cluster))
		return false;
	return !filter->node || nla_get_u32(filter->node) == node->id;
}

static bool wants_id(const struct filter *filter, u32 id)
{
	return !filter->id || nla_get_u32(filter->id) == id;
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct filter *filter,
		    const struct ssi_netlink_subject *sub)
{
	struct ssi_netlink_origin to = {
		.family = filter->family,
		.portid = NETLINK_CB(cb->skb).portid,
		.seq = cb->nlh->nlmsg_seq,
		.flags = NLM_F_MULTI,
		.privileged = netlink_capable(cb->skb, CAP_NET_ADMIN),
	};

	if (dump_cmd(cb) == SSI_DSM_CMD_HEAT_GET)
		return ssi_netlink_fill_heat(skb, &to, sub, &cb->args[2]);
	if (dump_cmd(cb) == SSI_DSM_CMD_TOUCH_GET)
		return ssi_netlink_fill_touches(skb, &to, sub, &cb->args[2]);
	return ssi_netlink_fill(skb, &to, dump_cmd(cb), sub);
}

/* cb->args[1] is the peer id at which the dump continues. */
static int dump_peers(struct sk_buff *skb, struct netlink_callback *cb,
		      struct ssi_node *node, const struct filter *filter)
{
	struct ssi_netlink_subject sub = { .node = node };
	int err;

	for (; cb->args[1] < SSI_DSM_MAX_NODES; cb->args[1]++) {
		sub.peer = node->peers[cb->args[1]];
		if (!sub.peer || !wants_id(filter, sub.peer->id))
			continue;
		err = dump_one(skb, cb, filter, &sub);
		if (err)
			return err;
	}
	return 0;
}

/*
 * cb->args[1] is the position in node->regions at which the dump continues; of a dump
 * of heat or touches, cb->args[2] the block or count in the region.
 */
static int dump_regions(struct sk_buff *skb, struct netlink_callback *cb,
			struct ssi_node *node, const struct filter *filter)
{
	struct ssi_netlink_subject sub = { .node = node };
	struct ssi_region *region;
	long at = 0;
	int err;

	list_for_each_entry(region, &node->regions, list) {
		if (at++ < cb->args[1])
			continue;
		if (wants_id(filter, region->id)) {
			sub.region = region;
			err = dump_one(skb, cb, filter, &sub);
			if (err)
				return err;
		}
		cb->args[1] = at;
		cb->args[2] = 0;
	}
	return 0;
}

static int dump_node(struct sk_buff *skb, struct netlink_callback *cb,
		     struct ssi_node *node, const struct filter *filter)
{
	struct ssi_netlink_subject sub = { .node = node };

	switch (dump_cmd(cb)) {
	case SSI_DSM_CMD_NODE_GET:
		return dump_one(skb, cb, filter, &sub);
	case SSI_DSM_CMD_PEER_GET:
		return dump_peers(skb, cb, node, filter);
	default:
		return dump_regions(skb, cb, node, filter);
	}
}

int ssi_netlink_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = REPLY_MAX;
	return 0;
}

/* cb->args[0] is the position in ssi_nodes at which the dump continues. */
int ssi_netlink_dump(const struct genl_family *family, struct sk_buff *skb,
		     struct netlink_callback *cb)
{
	struct filter filter = { .family = family };
	struct ssi_node *node;
	long at = 0;
	int err;

	err = parse_filter(cb, &filter);
	if (err)
		return err;

	mutex_lock(&ssi_nodes_lock);
	list_for_each_entry(node, &ssi_nodes, list) {
		if (at++ < cb->args[0])
			continue;
		if (wants_node(&filter, node))
			err = dump_node(skb, cb, node, &filter);
		if (err)
			break;
		cb->args[0] = at;
		cb->args[1] = 0;
	}
	mutex_unlock(&ssi_nodes_lock);

	/* The objects that did not fit go into the next message. */
	return skb->len ?: err;
}
