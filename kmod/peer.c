// SPDX-License-Identifier: GPL-2.0-only
/*
 * Peers: the other nodes of a local node's cluster, and whether they live.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/slab.h>

#include "message.h"
#include "netlink.h"
#include "node.h"
#include "peer.h"
#include "region.h"
#include "request.h"
#include "transport.h"

/* Every region of the node that has this member, with the reason of the link. */
static void lose_regions(struct ssi_peer *peer, const char *reason)
{
	struct ssi_node *node = peer->node;
	struct ssi_region *region;

	spin_lock_bh(&node->lock);
	list_for_each_entry(region, &node->regions, list)
		if (region->members & BIT(peer->id))
			ssi_region_lose(region, peer->id,
					"lost node %u: %s", peer->id, reason);
	spin_unlock_bh(&node->lock);
}

static void announce_regions(struct ssi_peer *peer)
{
	struct ssi_node *node = peer->node;
	struct ssi_region *region;

	spin_lock_bh(&node->lock);
	list_for_each_entry(region, &node->regions, list)
		ssi_region_announce(region, peer->id);
	spin_unlock_bh(&node->lock);
}

/* Process context, by link->changed. */
static void ssi_peer_link_changed(struct ssi_link *link)
{
	struct ssi_peer *peer = link->peer;
	char reason[sizeof(link->reason)];
	u32 state;

	spin_lock_bh(&link->lock);
	state = link->state;
	strscpy(reason, link->reason, sizeof(reason));
	spin_unlock_bh(&link->lock);

	if (state == SSI_DSM_LINK_UP) {
		announce_regions(peer);
		mod_delayed_work(system_wq, &peer->beat, 0);
	} else if (state == SSI_DSM_LINK_LOST) {
		pr_warn("node %u of cluster %s: lost node %u: %s\n",
			peer->node->id, peer->node->cluster, peer->id, reason);
		lose_regions(peer, reason);
	}
	ssi_netlink_peer_event(peer);
}

/*
 * How many beats in a row have heard nothing new. Beats, not time: a host that
 * stood still for a while, or whose work was late, must not blame its peers.
 */
static u32 count_silence(struct ssi_peer *peer)
{
	unsigned long last = READ_ONCE(peer->link->last_rx);

	peer->silent = last == peer->heard ? peer->silent + 1 : 0;
	peer->heard = last;
	return peer->silent;
}

static void ssi_peer_beat(struct work_struct *work)
{
	struct ssi_peer *peer = container_of(to_delayed_work(work),
					     struct ssi_peer, beat);
	struct ssi_msg ping = { .type = SSI_WIRE_PING };
	struct ssi_link *link = peer->link;

	if (!ssi_link_is_up(link))
		return;
	if (count_silence(peer) * SSI_PEER_PING_MS >= SSI_PEER_LOST_MS) {
		ssi_link_change_state(link, SSI_DSM_LINK_LOST,
				      "no sign of life for %u ms",
				      jiffies_to_msecs(jiffies - peer->heard));
		return;
	}
	local_bh_disable();
	ssi_peer_send(peer->node, peer->id, &ping, NULL, 0);
	local_bh_enable();
	schedule_delayed_work(&peer->beat, msecs_to_jiffies(SSI_PEER_PING_MS));
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

/* With a reference; NULL also if @peer is no member and has no say in it. */
static struct ssi_region *shared_region(struct ssi_peer *peer, u32 id)
{
	struct ssi_region *region = ssi_region_get(peer->node, id);

	if (!region || (region->members & BIT(peer->id)))
		return region;
	ssi_region_put(region);
	return NULL;
}

/*
 * Written down before the region is looked for, as meet_members() looks at what
 * is written down after the region can be found: one of the two sees the other.
 */
static void region_announced(struct ssi_peer *peer, struct ssi_rx *rx)
{
	/* 63 bits are plenty, and what an xarray value holds. */
	if (!xa_store_bh(&peer->announced, rx->msg.region,
			 xa_mk_value(rx->msg.arg & LONG_MAX), GFP_ATOMIC) &&
	    ++peer->nr_announced > SSI_PEER_REGIONS_MAX)
		ssi_link_change_state(peer->link, SSI_DSM_LINK_LOST,
				      "node %u broke the protocol: it has too many regions",
				      peer->id);
	rx->region = shared_region(peer, rx->msg.region);
	if (rx->region)
		ssi_region_peer_announced(rx->region, peer->id, rx->msg.arg,
					  rx->msg.size);
	ssi_rx_free(rx);
}

static void region_left(struct ssi_peer *peer, struct ssi_rx *rx)
{
	if (xa_erase_bh(&peer->announced, rx->msg.region))
		peer->nr_announced--;
	if (rx->region && rx->msg.requester == peer->id)
		ssi_region_lose(rx->region, peer->id,
				"node %u has left the region", peer->id);
	else if (rx->region)	/* it goes because of somebody else */
		ssi_region_lose(rx->region, rx->msg.requester,
				"node %u has lost node %u", peer->id,
				rx->msg.requester);
	ssi_rx_free(rx);
}

/*
 * Which page it is that came without a header. False if nobody waits for it, as
 * after the loss of its region.
 */
static bool find_page(struct ssi_peer *peer, struct ssi_wire *wire)
{
	struct ssi_node *node = peer->node;
	struct ssi_region *region;
	bool found = false;
	u64 index;

	spin_lock_bh(&node->lock);
	list_for_each_entry(region, &node->regions, list) {
		found = (region->members & BIT(peer->id)) &&
			ssi_request_find(region, le32_to_cpu(wire->token), &index);
		if (!found)
			continue;
		wire->region = cpu_to_le32(region->id);
		wire->index = cpu_to_le64(index);
		break;
	}
	spin_unlock_bh(&node->lock);
	return found;
}

/* A message came. BH disabled or process context. */
static void ssi_peer_recv(struct ssi_link *link, struct ssi_rx *rx)
{
	struct ssi_peer *peer = link->peer;
	struct ssi_node *node = peer->node;

	if (rx->headerless && !find_page(peer, &rx->wire))
		return ssi_rx_free(rx);
	if (ssi_wire_parse(&rx->wire, rx->len, peer->id, node->id, &rx->msg)) {
		ssi_link_change_state(link, SSI_DSM_LINK_LOST,
				      "node %u sent a malformed message",
				      peer->id);
		ssi_rx_free(rx);
		return;
	}
	if (rx->msg.type == SSI_WIRE_REGION)
		return region_announced(peer, rx);
	rx->region = shared_region(peer, rx->msg.region);
	switch (rx->msg.type) {
	case SSI_WIRE_CREDIT:
	case SSI_WIRE_PING:
		ssi_rx_free(rx);
		break;
	case SSI_WIRE_LEAVE:
		region_left(peer, rx);
		break;
	default:
		if (!rx->region)	/* it has gone; LEAVE is on its way */
			ssi_rx_free(rx);
		else if (rx->msg.type == SSI_WIRE_CHANNEL)
			ssi_channel_recv(rx->region, rx);
		else
			ssi_message_recv(rx);
		break;
	}
}

const struct ssi_link_client ssi_peer_link_client = {
	.recv = ssi_peer_recv,
	.recv_local = ssi_message_recv,
	.changed = ssi_peer_link_changed,
	.release = ssi_region_put,
};

enum ssi_refusal ssi_peer_accept(struct ssi_node *node, const void *hello,
				 size_t len, struct ssi_link **link)
{
	const struct ssi_wire_hello *h = hello;
	enum ssi_refusal refusal;
	struct ssi_peer *peer;

	refusal = ssi_wire_hello_check(h, len, node->cluster_hash, node->id);
	if (refusal)
		return refusal;
	peer = READ_ONCE(node->peers[h->src]);
	if (!peer)
		return SSI_REFUSED_SRC;
	*link = peer->link;
	return SSI_REFUSED_NOT;
}

static int check_new(struct ssi_node *node, u32 id,
		     const struct sockaddr_storage *addr,
		     struct netlink_ext_ack *extack)
{
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
	if (node->transport == SSI_DSM_TRANSPORT_RDMA &&
	    addr->ss_family == AF_UNSPEC) {
		NL_SET_ERR_MSG(extack, "a peer over rdma needs an address");
		return -EINVAL;
	}
	return 0;
}

/**
 * ssi_peer_new() - add a peer and begin to connect to it
 * @node: the local node
 * @id: the other node's id
 * @addr: where the other node listens; AF_UNSPEC for loop
 * @delay_us: loop only: every message takes this long
 * @extack: says what was wrong
 *
 * Context: ssi_config_lock held, may sleep.
 * Return: the peer or ERR_PTR().
 */
struct ssi_peer *ssi_peer_new(struct ssi_node *node, u32 id,
			      const struct sockaddr_storage *addr, u32 delay_us,
			      struct netlink_ext_ack *extack)
{
	struct ssi_peer *peer;
	int ret;

	lockdep_assert_held(&ssi_config_lock);
	ret = check_new(node, id, addr, extack);
	if (ret)
		return ERR_PTR(ret);
	peer = kzalloc(sizeof(*peer), GFP_KERNEL);
	if (!peer)
		return ERR_PTR(-ENOMEM);
	kref_get(&node->ref);
	peer->node = node;
	peer->id = id;
	peer->addr = *addr;
	peer->delay_us = delay_us;
	INIT_DELAYED_WORK(&peer->beat, ssi_peer_beat);
	xa_init_flags(&peer->announced, XA_FLAGS_LOCK_BH);
	/* Ids of regions are small: memory for what is told of the first 64. */
	ret = xa_reserve_bh(&peer->announced, XA_CHUNK_SIZE - 1, GFP_KERNEL);
	if (ret)
		goto err_free;
	peer->link = node->ops->open(peer);
	if (IS_ERR(peer->link)) {
		NL_SET_ERR_MSG(extack, "cannot open a link to the peer");
		ret = PTR_ERR(peer->link);
		goto err_free;
	}
	WRITE_ONCE(node->peers[id], peer);
	/* The link may have come up before the peer could be seen. */
	queue_work(system_wq, &peer->link->changed);
	return peer;

err_free:
	xa_destroy(&peer->announced);
	ssi_node_put(node);
	kfree(peer);
	return ERR_PTR(ret);
}

/*
 * First nobody sends any more (regions with this member are lost, the peer is
 * out of the table), then the link is closed, then what its events queued is
 * waited for.
 */
void ssi_peer_delete(struct ssi_peer *peer)
{
	struct ssi_node *node = peer->node;
	struct ssi_link *link = peer->link;

	lockdep_assert_held(&ssi_config_lock);
	lose_regions(peer, "it was removed from the configuration");
	WRITE_ONCE(node->peers[peer->id], NULL);
	synchronize_rcu();
	cancel_delayed_work_sync(&peer->beat);
	link->ops->close(link);
	/* An event of the link may have started it again. */
	cancel_delayed_work_sync(&peer->beat);
	xa_destroy(&peer->announced);
	kfree(peer);
	ssi_node_put(node);
}
