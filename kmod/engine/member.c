// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members: how the nodes of a region join, and what happens when one is lost.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/xarray.h>

#include "engine/member.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"
#include "protocol/wire.h"

static const struct ssi_member_events *events;

/* ---- messages to members ---- */

/* Send @msg to all members except this node. */
static void tell_members(struct ssi_region *region, struct ssi_msg *msg)
{
	u32 id;

	msg->region = region->id;
	local_bh_disable();
	for (id = 0; id < SSI_DSM_MAX_NODES; id++)
		if ((region->members & BIT(id)) && id != region->node->id)
			ssi_peer_send(region->node, id, msg, NULL, 0);
	local_bh_enable();
}

/*
 * A lost region no longer answers, so its members must know of the loss,
 * whatever the reason. Sent once. A member that knows already ignores it.
 */
void ssi_member_tell_loss(struct ssi_region *region)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_LEAVE,
		.requester = READ_ONCE(region->culprit),
	};

	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST &&
	    !xchg(&region->notified, 1))
		tell_members(region, &msg);
}

void ssi_member_region_changed(struct work_struct *work)
{
	struct ssi_region *region = container_of(work, struct ssi_region,
						 changed);

	ssi_member_tell_loss(region);
	events->region(region);
	ssi_region_put(region);
}

static void announce(struct ssi_region *region, u32 peer)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_REGION,
		.region = region->id,
		.arg = region->map_hash,
		.size = region->size,
	};

	if (!(region->members & BIT(peer)) ||
	    READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return;
	local_bh_disable();
	ssi_peer_send(region->node, peer, &msg, NULL, 0);
	local_bh_enable();
}

/* ---- joining ---- */

static void join(struct ssi_region *region, u32 id)
{
	bool complete;

	spin_lock_bh(&region->lock);
	region->joined |= BIT(id);
	complete = region->joined == region->members;
	spin_unlock_bh(&region->lock);
	if (complete)
		ssi_region_change_state(region, SSI_DSM_REGION_READY,
					region->node->id,
					"all nodes have joined");
}

static void peer_announced(struct ssi_region *region, u32 peer, u64 map_hash)
{
	if ((map_hash ^ region->map_hash) & LONG_MAX)
		ssi_region_change_state(region, SSI_DSM_REGION_REFUSED, peer,
					"node %u describes region %u otherwise than node %u: their nodes or memory sizes differ; give all nodes the same cluster file",
					peer, region->id, region->node->id);
	else
		join(region, peer);
}

/*
 * Announce the region to its members, and apply the announcements that came
 * before the region was made.
 */
void ssi_member_meet(struct ssi_region *region)
{
	struct ssi_node *node = region->node;
	void *told;
	u32 id;

	join(region, node->id);
	for (id = 0; id < SSI_DSM_MAX_NODES; id++) {
		if (!(region->members & BIT(id)) || id == node->id)
			continue;
		announce(region, id);
		told = xa_load(&node->peers[id]->announced, region->id);
		if (told)
			peer_announced(region, id, xa_to_value(told));
	}
}

/* ---- links ---- */

/* Lose every region that has this member; the reason is that of the link. */
void ssi_member_lose_peer(struct ssi_peer *peer, const char *reason)
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
		announce(region, peer->id);
	spin_unlock_bh(&node->lock);
}

/* Process context, called by the work link->changed. */
void ssi_member_link_changed(struct ssi_link *link)
{
	struct ssi_peer *peer = link->peer;
	char reason[sizeof(link->reason)];
	unsigned long flags;
	u32 state;

	spin_lock_irqsave(&link->lock, flags);
	state = link->state;
	strscpy(reason, link->reason, sizeof(reason));
	spin_unlock_irqrestore(&link->lock, flags);

	if (state == SSI_DSM_LINK_UP) {
		announce_regions(peer);
		mod_delayed_work(ssi_link_wq, &peer->beat, 0);
	} else if (state == SSI_DSM_LINK_LOST) {
		pr_warn("node %u of cluster %s: lost node %u: %s\n",
			peer->node->id, peer->node->cluster, peer->id, reason);
		ssi_member_lose_peer(peer, reason);
	}
	events->peer(peer);
}

/* ---- messages ---- */

struct ssi_region *ssi_member_region(struct ssi_peer *peer, u32 id)
{
	struct ssi_region *region = ssi_region_get(peer->node, id);

	if (!region || (region->members & BIT(peer->id)))
		return region;
	ssi_region_put(region);
	return NULL;
}

/*
 * The announcement is stored before the region is looked up. ssi_member_meet()
 * reads the stored announcements after the region can be found. So one of the
 * two sees the other.
 */
void ssi_member_recv_region(struct ssi_peer *peer, struct ssi_rx *rx)
{
	/* An xarray value holds 63 bits, which is enough to compare hashes. */
	if (!xa_store_bh(&peer->announced, rx->msg.region,
			 xa_mk_value(rx->msg.arg & LONG_MAX), GFP_ATOMIC) &&
	    ++peer->nr_announced > SSI_PEER_REGIONS_MAX)
		ssi_link_change_state(peer->link, SSI_DSM_LINK_LOST,
				      "node %u broke the protocol: it has too many regions",
				      peer->id);
	rx->region = ssi_member_region(peer, rx->msg.region);
	if (rx->region)
		peer_announced(rx->region, peer->id, rx->msg.arg);
	ssi_rx_free(rx);
}

void ssi_member_recv_leave(struct ssi_peer *peer, struct ssi_rx *rx)
{
	if (xa_erase_bh(&peer->announced, rx->msg.region))
		peer->nr_announced--;
	if (rx->region && rx->msg.requester == peer->id)
		ssi_region_lose(rx->region, peer->id,
				"node %u has left the region", peer->id);
	else if (rx->region)	/* because a third node is lost */
		ssi_region_lose(rx->region, rx->msg.requester,
				"node %u has lost node %u", peer->id,
				rx->msg.requester);
	ssi_rx_free(rx);
}

void ssi_member_init(const struct ssi_member_events *member_events)
{
	events = member_events;
}
