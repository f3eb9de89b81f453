// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers: the other nodes of a local node's cluster, and the check that they are
 * alive.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/slab.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"

/*
 * Count the consecutive beats in which no message arrived. This counts beats,
 * not time: if this host stood still for a while, or if its work was late, that
 * is no reason to declare its peers lost. A beat that follows another one at once,
 * because there is a new connection, does not count.
 */
static u32 count_silence(struct ssi_peer *peer)
{
	unsigned long last = READ_ONCE(peer->link->last_rx);
	unsigned long now = jiffies;

	if (last == peer->heard &&
	    time_before(now, peer->counted +
			     msecs_to_jiffies(SSI_PEER_PING_MS / 2)))
		return peer->silent;
	peer->silent = last == peer->heard ? peer->silent + 1 : 0;
	peer->heard = last;
	peer->counted = now;
	return peer->silent;
}

static void give_up(struct ssi_peer *peer)
{
	struct ssi_link *link = peer->link;
	char reason[64];

	snprintf(reason, sizeof(reason), "no sign of life for %u ms",
		 jiffies_to_msecs(jiffies - peer->heard));
	if (link->ops->interrupt)
		link->ops->interrupt(link, reason);
	else
		ssi_link_change_state(link, SSI_DSM_LINK_LOST, "%s", reason);
}

static void ssi_peer_beat(struct work_struct *work)
{
	struct ssi_peer *peer = container_of(to_delayed_work(work),
					     struct ssi_peer, beat);
	struct ssi_msg ping = { .type = SSI_WIRE_PING };
	struct ssi_link *link = peer->link;

	if (!ssi_link_is_up(link))
		return;
	if (count_silence(peer) * SSI_PEER_PING_MS >= SSI_PEER_LOST_MS)
		return give_up(peer);
	local_bh_disable();
	ssi_peer_send(peer->node, peer->id, &ping, NULL, 0);
	local_bh_enable();
	queue_delayed_work(ssi_link_wq, &peer->beat,
			   msecs_to_jiffies(SSI_PEER_PING_MS));
}

int ssi_peer_send(struct ssi_node *node, u32 dst, const struct ssi_msg *msg,
		  struct page *page, u64 defer_ns)
{
	struct ssi_peer *peer = READ_ONCE(node->peers[dst]);
	struct ssi_msg out = *msg;
	struct ssi_wire wire;

	if (!peer) {
		if (page)
			put_page(page);
		return -ENOTCONN;
	}
	out.src = node->id;
	out.dst = dst;
	ssi_wire_encode(&wire, &out);
	return peer->link->ops->send(peer->link, &wire, page, out.len,
				     defer_ns);
}

enum ssi_refusal ssi_peer_accept(struct ssi_node *node,
				 const struct ssi_wire_hello *hello,
				 struct ssi_link **link)
{
	enum ssi_refusal refusal;
	struct ssi_peer *peer;

	refusal = ssi_wire_hello_check(hello, sizeof(*hello),
				       node->cluster_hash, node->id);
	if (refusal)
		return refusal;
	peer = READ_ONCE(node->peers[hello->src]);
	if (!peer)
		return SSI_REFUSED_SRC;
	*link = peer->link;
	return SSI_REFUSED_NOT;
}

static int check_new(struct ssi_node *node,
		     const struct ssi_peer_config *config,
		     struct netlink_ext_ack *extack)
{
	u32 id = config->id;

	if (id >= SSI_DSM_MAX_NODES) {
		NL_SET_ERR_MSG(extack, "the peer's node id is out of range, it must be 0 to 31");
		return -EINVAL;
	}
	if (id == node->id) {
		NL_SET_ERR_MSG(extack, "a node cannot be its own peer: the id is used twice");
		return -EINVAL;
	}
	if (node->peers[id]) {
		NL_SET_ERR_MSG(extack, "the node already has a peer with this id");
		return -EEXIST;
	}
	if (node->transport != SSI_DSM_TRANSPORT_LOOP &&
	    config->addr->ss_family == AF_UNSPEC) {
		NL_SET_ERR_MSG(extack, "a peer needs an address, unless the transport is loop");
		return -EINVAL;
	}
	if (node->security && !config->grace_ms) {
		NL_SET_ERR_MSG(extack, "a link with security needs a grace period, because another connection replaces its keys");
		return -EINVAL;
	}
	if (config->grace_ms > SSI_PEER_GRACE_MAX_MS) {
		NL_SET_ERR_MSG(extack, "the grace period of a link is at most one hour");
		return -EINVAL;
	}
	return 0;
}

/**
 * ssi_peer_new() - add a peer and begin to connect to it
 * @node: the local node
 * @config: the configuration of the peer
 * @extack: receives the error sentence
 *
 * Context: ssi_config_lock held, may sleep.
 * Return: the peer or ERR_PTR().
 */
struct ssi_peer *ssi_peer_new(struct ssi_node *node,
			      const struct ssi_peer_config *config,
			      struct netlink_ext_ack *extack)
{
	struct ssi_peer *peer;
	int ret;

	lockdep_assert_held(&ssi_config_lock);
	ret = check_new(node, config, extack);
	if (ret)
		return ERR_PTR(ret);
	peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	if (!peer)
		return ERR_PTR(-ENOMEM);
	kref_get(&node->ref);
	peer->node = node;
	peer->id = config->id;
	peer->addr = *config->addr;
	peer->delay_us = config->delay_us;
	if (node->transport != SSI_DSM_TRANSPORT_LOOP)
		peer->grace_ms = config->grace_ms;
	INIT_DELAYED_WORK(&peer->beat, ssi_peer_beat);
	xa_init_flags(&peer->lives, XA_FLAGS_LOCK_BH);
	/*
	 * Region ids are small: reserve the memory for the lives of the first
	 * 64 regions now.
	 */
	ret = xa_reserve_bh(&peer->lives, XA_CHUNK_SIZE - 1, GFP_KERNEL);
	if (ret)
		goto err_free;
	ret = -ENOMEM;
	peer->rx_pool = ssi_rx_pool_new();
	if (!peer->rx_pool)
		goto err_free;
	peer->link = node->ops->open(peer);
	if (IS_ERR(peer->link)) {
		NL_SET_ERR_MSG(extack, "cannot open a link to the peer");
		ret = PTR_ERR(peer->link);
		goto err_put_pool;
	}
	mutex_lock(&ssi_nodes_lock);
	WRITE_ONCE(node->peers[peer->id], peer);
	mutex_unlock(&ssi_nodes_lock);
	/* The link may have gone UP before the peer was in the table. */
	queue_work(ssi_link_wq, &peer->link->changed);
	return peer;

err_put_pool:
	ssi_rx_pool_put(peer->rx_pool);
err_free:
	xa_destroy(&peer->lives);
	ssi_node_put(node);
	kfree(peer);
	return ERR_PTR(ret);
}

/*
 * Three steps. First all sending ends: regions with this member are lost
 * already, and the peer leaves the table. Then the link is closed. Then this
 * function waits for the work that events of the link have queued.
 */
void ssi_peer_delete(struct ssi_peer *peer)
{
	struct ssi_node *node = peer->node;
	struct ssi_link *link = peer->link;

	lockdep_assert_held(&ssi_config_lock);
	mutex_lock(&ssi_nodes_lock);
	WRITE_ONCE(node->peers[peer->id], NULL);
	mutex_unlock(&ssi_nodes_lock);
	synchronize_rcu();
	cancel_delayed_work_sync(&peer->beat);
	link->ops->close(link);
	/* An event of the link may have started the work again. */
	cancel_delayed_work_sync(&peer->beat);
	xa_destroy(&peer->lives);
	ssi_rx_pool_put(peer->rx_pool);
	kfree(peer);
	ssi_node_put(node);
}
