// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink: parse the request, call the function, fill in the reply.
 *
 * DOC: Theory of operation
 *
 * Each change of nodes, peers and regions is made under ssi_config_lock.
 * Therefore code that holds it may walk ssi_nodes, node->peers and node->regions
 * and use the objects found there. Code that only reads takes ssi_nodes_lock
 * instead, which gives the same right: a change may take seconds, and nobody
 * else must wait for it. Who waits for ssi_config_lock can be killed.
 * The spin locks inside those objects are needed only for data that changes
 * without both: states and reasons.
 *
 * Events are sent with or without ssi_config_lock held. The caller makes sure
 * that the peer or the region stays valid. event_lock is taken inside
 * ssi_config_lock.
 *
 * Programs see the nodes of their own network namespace. When the namespace ends,
 * its nodes are deleted. An rdma_cm id keeps its namespace, and so does a
 * connection from user space. So there a node with the transport rdma or the
 * security tls must be deleted first.
 *
 * A node can have a socket owner: a netlink socket. When that socket is closed,
 * the node is deleted. The ports of these sockets are kept in @owners, so that
 * the close of any other generic netlink socket never waits for
 * ssi_config_lock. The release notifier is called from a blocking chain and may
 * sleep. A port cannot be released while its request runs, because sendmsg()
 * holds a reference to the file.
 */

#include "control/netlink.h"

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/ssi_dsm.h>
#include <linux/ssi_dsm_genl.h>
#include <linux/xarray.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "control/config.h"
#include "control/netlink_fill.h"
#include "control/netlink_get.h"
#include "control/netlink_parse.h"
#include "control/region_setup.h"
#include "engine/member.h"
#include "engine/move.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/secure.h"

static struct genl_family ssi_netlink_family;

/*
 * Links change their state until the last node is deleted. At module exit that
 * is after the family is unregistered, when the number of its multicast group
 * may belong to another family.
 */
static DEFINE_MUTEX(event_lock);
static bool registered;	/* under event_lock */

/* Sockets that are socket owners of nodes: owner_key() -> xa_value. */
static DEFINE_XARRAY(owners);

/* Ports are unique in a network namespace. */
static unsigned long owner_key(const struct net *net, u32 portid)
{
	BUILD_BUG_ON(sizeof(unsigned long) != sizeof(u64));
	return (u64)net->ns.inum << 32 | portid;
}

/*
 * All tables have the same size, so info->attrs may be read at any attribute.
 */
#define POLICY(name) \
	static const struct nla_policy name[SSI_DSM_A_MAX + 1]

/*
 * ssi_netlink_parse_cluster() checks the length: it can report the error in a
 * sentence.
 */
#define POLICY_NODE \
	[SSI_DSM_A_CLUSTER] = { .type = NLA_NUL_STRING }, \
	[SSI_DSM_A_NODE_ID] = { .type = NLA_U32 }

POLICY(node_policy) = {
	POLICY_NODE,
};

POLICY(node_new_policy) = {
	POLICY_NODE,
	[SSI_DSM_A_ADDR] = { .type = NLA_BINARY },
	[SSI_DSM_A_TRANSPORT] = { .type = NLA_U32 },
	[SSI_DSM_A_SOCKET_OWNER] = { .type = NLA_FLAG },
	[SSI_DSM_A_SECURITY] = { .type = NLA_U32 },
};

POLICY(peer_policy) = {
	POLICY_NODE,
	[SSI_DSM_A_PEER_ID] = { .type = NLA_U32 },
};

POLICY(peer_new_policy) = {
	POLICY_NODE,
	[SSI_DSM_A_PEER_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_ADDR] = { .type = NLA_BINARY },
	[SSI_DSM_A_LINK_DELAY] = { .type = NLA_U32 },
	[SSI_DSM_A_LINK_GRACE] = { .type = NLA_U32 },
};

POLICY(peer_connect_policy) = {
	POLICY_NODE,
	[SSI_DSM_A_PEER_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_SOCKET] = { .type = NLA_U32 },
	[SSI_DSM_A_KEY] = NLA_POLICY_EXACT_LEN(SSI_DSM_KEY_LEN),
	[SSI_DSM_A_REASON] = { .type = NLA_NUL_STRING },
};

POLICY(region_policy) = {
	POLICY_NODE,
	[SSI_DSM_A_REGION_ID] = { .type = NLA_U32 },
};

POLICY(page_policy) = {
	POLICY_NODE,
	[SSI_DSM_A_REGION_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_PAGE_INDEX] = { .type = NLA_U64 },
};

POLICY(home_move_policy) = {
	POLICY_NODE,
	[SSI_DSM_A_REGION_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_PAGE_INDEX] = { .type = NLA_U64 },
	[SSI_DSM_A_PAGE_COUNT] = { .type = NLA_U64 },
	[SSI_DSM_A_HOME] = { .type = NLA_U32 },
};

POLICY(region_new_policy) = {
	POLICY_NODE,
	[SSI_DSM_A_REGION_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_MAP] = NLA_POLICY_NESTED(ssi_netlink_map_policy),
};

POLICY(policy_set_policy) = {
	POLICY_NODE,
	[SSI_DSM_A_REGION_ID] = { .type = NLA_U32 },
	[SSI_DSM_A_POLICY] = NLA_POLICY_NESTED(ssi_netlink_policy_policy),
};

/* Nodes. */

static int ssi_netlink_node_new(struct sk_buff *skb, struct genl_info *info)
{
	struct sockaddr_storage addr;
	struct ssi_node_config config = {
		.net = genl_info_net(info),
		.addr = &addr,
	};
	struct ssi_node *node;
	int err;

	err = ssi_netlink_parse_cluster(info, &config.cluster) ?:
	      ssi_netlink_parse_u32(info, SSI_DSM_A_NODE_ID, &config.id) ?:
	      ssi_netlink_parse_addr(info, &addr);
	if (err)
		return err;
	config.transport = ssi_netlink_optional_u32(info, SSI_DSM_A_TRANSPORT,
						    SSI_DSM_TRANSPORT_AUTO);
	config.security = ssi_netlink_optional_u32(info, SSI_DSM_A_SECURITY,
						   SSI_DSM_SECURITY_NONE);

	if (info->attrs[SSI_DSM_A_SOCKET_OWNER]) {
		config.socket_owner = info->snd_portid;
		err = xa_err(xa_store(&owners, owner_key(config.net,
							 info->snd_portid),
				      xa_mk_value(0), GFP_KERNEL));
		if (err)
			return err;
	}

	if (mutex_lock_killable(&ssi_config_lock))
		return -EINTR;
	node = ssi_config_new_node(&config, info->extack);
	mutex_unlock(&ssi_config_lock);
	return PTR_ERR_OR_ZERO(node);
}

static int ssi_netlink_node_del(struct sk_buff *skb, struct genl_info *info)
{
	struct ssi_netlink_subject sub = { };
	int err;

	if (mutex_lock_killable(&ssi_config_lock))
		return -EINTR;
	err = ssi_netlink_find_node(info, &sub);
	if (!err)
		ssi_config_delete_node(sub.node);
	mutex_unlock(&ssi_config_lock);
	return err;
}

/* Peers. */

static int new_peer(struct genl_info *info)
{
	struct sockaddr_storage addr;
	struct ssi_netlink_subject sub = { };
	struct ssi_peer_config config = { .addr = &addr };
	struct ssi_peer *peer;
	int err;

	err = ssi_netlink_find_node(info, &sub) ?:
	      ssi_netlink_parse_u32(info, SSI_DSM_A_PEER_ID, &config.id) ?:
	      ssi_netlink_parse_addr(info, &addr);
	if (err)
		return err;
	config.delay_us = ssi_netlink_optional_u32(info, SSI_DSM_A_LINK_DELAY, 0);
	config.grace_ms = ssi_netlink_optional_u32(info, SSI_DSM_A_LINK_GRACE,
						   SSI_PEER_GRACE_MS);

	peer = ssi_peer_new(sub.node, &config, info->extack);
	return PTR_ERR_OR_ZERO(peer);
}

static int ssi_netlink_peer_new(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	if (mutex_lock_killable(&ssi_config_lock))
		return -EINTR;
	err = new_peer(info);
	mutex_unlock(&ssi_config_lock);
	return err;
}

static int ssi_netlink_peer_del(struct sk_buff *skb, struct genl_info *info)
{
	struct ssi_netlink_subject sub = { };
	int err;

	if (mutex_lock_killable(&ssi_config_lock))
		return -EINTR;
	err = ssi_netlink_find_peer(info, &sub);
	if (!err)
		ssi_config_delete_peer(sub.peer);
	mutex_unlock(&ssi_config_lock);
	return err;
}

static int connect_peer(struct ssi_peer *peer, struct genl_info *info)
{
	const struct nlattr *socket = info->attrs[SSI_DSM_A_SOCKET];
	const struct nlattr *key = info->attrs[SSI_DSM_A_KEY];
	const struct nlattr *reason = info->attrs[SSI_DSM_A_REASON];

	if (!!socket + !!key + !!reason != 1) {
		GENL_SET_ERR_MSG(info, "there must be a socket, a key, or a reason why there is none");
		return -EINVAL;
	}
	if (socket)
		return ssi_secure_take(peer, nla_get_u32(socket), info->extack);
	if (key)
		return ssi_secure_take_key(peer, nla_data(key), info->extack);
	return ssi_secure_report(peer, nla_data(reason), info->extack);
}

/*
 * ssi_nodes_lock keeps the peer and does not wait for deletions of others. The memory
 * of the request must not keep a key.
 */
static int ssi_netlink_peer_connect(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *key = info->attrs[SSI_DSM_A_KEY];
	struct ssi_netlink_subject sub = { };
	int err;

	mutex_lock(&ssi_nodes_lock);
	err = ssi_netlink_find_peer(info, &sub) ?: connect_peer(sub.peer, info);
	mutex_unlock(&ssi_nodes_lock);
	if (key)
		memzero_explicit(nla_data(key), nla_len(key));
	return err;
}

/* Regions. */

static int new_region(struct genl_info *info, const struct ssi_map_entry *map,
		      u32 entries)
{
	struct ssi_netlink_subject sub = { };
	struct ssi_region *region;
	u32 id;
	int err;

	err = ssi_netlink_find_node(info, &sub) ?:
	      ssi_netlink_parse_u32(info, SSI_DSM_A_REGION_ID, &id);
	if (err)
		return err;

	region = ssi_region_new(sub.node, id, map, entries, info->extack);
	return PTR_ERR_OR_ZERO(region);
}

static int ssi_netlink_region_new(struct sk_buff *skb, struct genl_info *info)
{
	struct ssi_map_entry *map;
	u32 entries;
	int err;

	map = ssi_netlink_parse_map(info, &entries);
	if (IS_ERR(map))
		return PTR_ERR(map);

	err = mutex_lock_killable(&ssi_config_lock);
	if (!err) {
		err = new_region(info, map, entries);
		mutex_unlock(&ssi_config_lock);
	}
	kfree(map);
	return err;
}

static int ssi_netlink_region_del(struct sk_buff *skb, struct genl_info *info)
{
	struct ssi_netlink_subject sub = { };
	int err;

	if (mutex_lock_killable(&ssi_config_lock))
		return -EINTR;
	err = ssi_netlink_find_region(info, &sub);
	if (!err)
		ssi_region_delete(sub.region);
	mutex_unlock(&ssi_config_lock);
	return err;
}

/*
 * Sets all given policies, or none if one is not allowed. Readers take no lock,
 * because each policy is one word.
 */
static int ssi_netlink_policy_set(struct sk_buff *skb, struct genl_info *info)
{
	struct ssi_netlink_policies policies;
	struct ssi_netlink_subject sub = { };
	int err;
	u32 id;

	err = ssi_netlink_parse_policies(info, &policies);
	if (err)
		return err;

	mutex_lock(&ssi_nodes_lock);
	err = ssi_netlink_find_region(info, &sub);
	for (id = 0; id < __SSI_DSM_POLICY_MAX && !err; id++)
		if (policies.given & BIT(id))
			ssi_region_set_policy(sub.region, id,
					      policies.values[id]);
	mutex_unlock(&ssi_nodes_lock);
	return err;
}

/* Homes. */

static int check_move(struct genl_info *info, const struct ssi_region *region,
		      const struct ssi_netlink_move *move)
{
	u64 pages = region->size >> PAGE_SHIFT;

	if (move->index >= pages || move->count > pages - move->index) {
		GENL_SET_ERR_MSG(info, "the pages are behind the end of the region");
		return -ENOENT;
	}
	if (move->home >= SSI_DSM_MAX_NODES || !(region->members & BIT(move->home))) {
		GENL_SET_ERR_MSG(info, "the node that is to be the home is not a member of the region");
		return -EINVAL;
	}
	if (READ_ONCE(region->state) != SSI_DSM_REGION_READY) {
		GENL_SET_ERR_MSG(info, "not all nodes of the region are ready");
		return -EAGAIN;
	}
	return 0;
}

static int ssi_netlink_home_move(struct sk_buff *skb, struct genl_info *info)
{
	struct ssi_netlink_subject sub = { };
	struct ssi_netlink_move move;
	u64 index;
	int err;

	err = ssi_netlink_parse_move(info, &move);
	if (err)
		return err;
	mutex_lock(&ssi_nodes_lock);
	err = ssi_netlink_find_region(info, &sub);
	if (!err)
		err = check_move(info, sub.region, &move);
	if (!err)
		for (index = round_down(move.index, SSI_BLOCK_PAGES);
		     index < move.index + move.count; index += SSI_BLOCK_PAGES)
			ssi_move_order(sub.region, index, move.home);
	mutex_unlock(&ssi_nodes_lock);
	return err;
}

/* Get one object, and dump. */

static int get(struct sk_buff *skb, struct genl_info *info)
{
	return ssi_netlink_get(&ssi_netlink_family, skb, info);
}

static int dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ssi_netlink_dump(&ssi_netlink_family, skb, cb);
}

/* Events. */

static const struct genl_multicast_group groups[] = {
	{ .name = SSI_DSM_GENL_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

/* Context: event_lock held. */
static void multicast(u8 cmd, const struct ssi_netlink_subject *sub)
{
	static const struct ssi_netlink_origin nobody = {
		.family = &ssi_netlink_family,
		.privileged = true,
	};
	struct sk_buff *skb;

	lockdep_assert_held(&event_lock);
	if (!genl_has_listeners(&ssi_netlink_family, sub->node->net, 0))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		goto err_lost;
	if (ssi_netlink_fill(skb, &nobody, cmd, sub)) {
		nlmsg_free(skb);
		goto err_lost;
	}
	/* A listener whose queue is full gets an error from its own socket. */
	genlmsg_multicast_netns(&ssi_netlink_family, sub->node->net, skb, 0, 0,
				GFP_KERNEL);
	return;

err_lost:
	pr_warn_ratelimited("ssi_dsm: no memory for a netlink event of node %u of cluster %s\n",
			    sub->node->id, sub->node->cluster);
}

static void send_event(u8 cmd, const struct ssi_netlink_subject *sub)
{
	mutex_lock(&event_lock);
	if (registered)
		multicast(cmd, sub);
	mutex_unlock(&event_lock);
}

static void ssi_netlink_peer_event(struct ssi_peer *peer)
{
	const struct ssi_netlink_subject sub = {
		.node = peer->node,
		.peer = peer,
	};

	send_event(SSI_DSM_CMD_PEER_GET, &sub);
}

static void ssi_netlink_connect_event(struct ssi_peer *peer)
{
	const struct ssi_netlink_subject sub = {
		.node = peer->node,
		.peer = peer,
	};

	send_event(SSI_DSM_CMD_PEER_CONNECT, &sub);
}

static void ssi_netlink_region_event(struct ssi_region *region)
{
	const struct ssi_netlink_subject sub = {
		.node = region->node,
		.region = region,
	};

	send_event(SSI_DSM_CMD_REGION_GET, &sub);
}

const struct ssi_member_events ssi_netlink_events = {
	.peer = ssi_netlink_peer_event,
	.region = ssi_netlink_region_event,
	.connect = ssi_netlink_connect_event,
};

/* Socket owners. */

static int ssi_netlink_released(struct notifier_block *nb, unsigned long event,
				void *data)
{
	const struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC &&
	    xa_erase(&owners, owner_key(notify->net, notify->portid)))
		ssi_config_delete_owned(notify->net, notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block release_notifier = {
	.notifier_call = ssi_netlink_released,
};

/*
 * CAP_NET_ADMIN in the initial user namespace, not in that of the network: a node
 * takes memory of the host that cannot be swapped out, and uses its RDMA devices. So
 * the owner of a user namespace cannot make one, also in a network of its own. Only
 * root of the host can, in each network namespace.
 */
#define CHANGE(op, call, attrs) { \
	.cmd = SSI_DSM_CMD_##op, \
	.doit = call, \
	.policy = attrs, \
	.maxattr = SSI_DSM_A_MAX, \
	.flags = GENL_ADMIN_PERM, \
}

#define GET_AS(op, attrs, rights) { \
	.cmd = SSI_DSM_CMD_##op, \
	.doit = get, \
	.start = ssi_netlink_start, \
	.dumpit = dump, \
	.policy = attrs, \
	.maxattr = SSI_DSM_A_MAX, \
	.flags = rights, \
}

#define GET(op, attrs)		GET_AS(op, attrs, 0)
/*
 * Counters and page indexes reveal the activity of the guest: a side channel.
 */
#define ADMIN_GET(op, attrs)	GET_AS(op, attrs, GENL_ADMIN_PERM)

static const struct genl_ops ops[] = {
	CHANGE(NODE_NEW, ssi_netlink_node_new, node_new_policy),
	CHANGE(NODE_DEL, ssi_netlink_node_del, node_policy),
	GET(NODE_GET, node_policy),
	CHANGE(PEER_NEW, ssi_netlink_peer_new, peer_new_policy),
	CHANGE(PEER_DEL, ssi_netlink_peer_del, peer_policy),
	GET(PEER_GET, peer_policy),
	CHANGE(REGION_NEW, ssi_netlink_region_new, region_new_policy),
	CHANGE(REGION_DEL, ssi_netlink_region_del, region_policy),
	GET(REGION_GET, region_policy),
	ADMIN_GET(STATS_GET, region_policy),
	CHANGE(POLICY_SET, ssi_netlink_policy_set, policy_set_policy),
	GET(POLICY_GET, region_policy),
	ADMIN_GET(PAGE_GET, region_policy),
	CHANGE(HOME_MOVE, ssi_netlink_home_move, home_move_policy),
	CHANGE(PEER_CONNECT, ssi_netlink_peer_connect, peer_connect_policy),
	{
		.cmd = SSI_DSM_CMD_PAGE_LOOK,
		.doit = get,
		.policy = page_policy,
		.maxattr = SSI_DSM_A_MAX,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = SSI_DSM_CMD_HEAT_GET,
		.start = ssi_netlink_start,
		.dumpit = dump,
		.policy = region_policy,
		.maxattr = SSI_DSM_A_MAX,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = SSI_DSM_CMD_TOUCH_GET,
		.start = ssi_netlink_start,
		.dumpit = dump,
		.policy = region_policy,
		.maxattr = SSI_DSM_A_MAX,
		.flags = GENL_ADMIN_PERM,
	},
};

static struct genl_family ssi_netlink_family __ro_after_init = {
	.name = SSI_DSM_GENL_NAME,
	.version = SSI_DSM_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	/*
	 * Since all commands are new, the kernel checks the header strictly for
	 * each.
	 */
	.resv_start_op = SSI_DSM_CMD_NODE_NEW,
	/*
	 * ssi_config_lock serialises the commands that change something. The
	 * global genl lock is not needed; a deletion, which may take seconds,
	 * must not hold it.
	 */
	.parallel_ops = true,
};

static void set_registered(bool value)
{
	mutex_lock(&event_lock);
	registered = value;
	mutex_unlock(&event_lock);
}

static void __net_exit ssi_netlink_net_pre_exit(struct net *net)
{
	ssi_config_delete_net(net);
}

static struct pernet_operations net_ops = {
	.pre_exit = ssi_netlink_net_pre_exit,
};

int ssi_netlink_init(void)
{
	int err;

	err = register_pernet_subsys(&net_ops);
	if (err)
		return err;
	err = netlink_register_notifier(&release_notifier);
	if (err)
		goto err_pernet;
	err = genl_register_family(&ssi_netlink_family);
	if (err)
		goto err_notifier;
	set_registered(true);
	return 0;

err_notifier:
	netlink_unregister_notifier(&release_notifier);
err_pernet:
	unregister_pernet_subsys(&net_ops);
	return err;
}

/*
 * Waits for requests and release notifications that are in progress, and deletes
 * the nodes of all network namespaces.
 */
void ssi_netlink_exit(void)
{
	set_registered(false);
	genl_unregister_family(&ssi_netlink_family);
	netlink_unregister_notifier(&release_notifier);
	unregister_pernet_subsys(&net_ops);
	xa_destroy(&owners);
}

MODULE_ALIAS_GENL_FAMILY(SSI_DSM_GENL_NAME);
