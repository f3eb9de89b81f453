// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members: how the nodes of a region join, and what happens when one is lost.
 *
 * DOC: Theory of operation
 *
 * A node can delete its instance of a region and make the region again at once.
 * The other nodes still send messages for the earlier instance then. So each
 * instance has a *life*, a random number that is not 0. A message about a
 * region carries the life of the receiver's instance (msg->life), as far as the
 * sender knows it. The receiver drops a message that is for another life. It
 * does not punish the sender, who cannot know yet.
 *
 * REGION is a handshake. It carries the life of its sender (msg->own_life), and
 * the life of the receiver's instance or 0. A node stores the life of each
 * peer's instance in peer->lives, also for a region that it does not have yet.
 * It sends REGION
 *
 * - when it makes the region, and when a link comes up;
 * - as an answer, when it learns a life that it did not know. A REGION that
 *   tells nothing new is not answered, so the exchange ends.
 *
 * A member has *joined* an instance when a REGION of the member names the life
 * of that instance. region->lives[] has the life of the member's instance that
 * has joined. It is set once: an instance is with one instance of each member,
 * or with none. When a REGION of that member has another life later, the member
 * has made the region anew, and the instance here is LOST.
 *
 * LEAVE carries the life of its sender. It ends the instance here only if that
 * life has joined; and it erases that life from peer->lives, but no other one.
 *
 * A node always sends the REGION that names a life before it handles the REGION
 * by which that life joins, because it answers the first REGION of that life at
 * once, and it can have been named only after that. Links keep the order of
 * messages. So when an instance becomes READY and sends page messages, its
 * REGION is on each link in front of them, and the receiver knows the sender.
 *
 * Let A1 and B1 be instances of two nodes that have joined each other, and let
 * A2 and B2 be their successors. All orders of events end well:
 *
 * - A makes A2 before B knows. A sends LEAVE(A1) and REGION(A2, for B1). B1 is
 *   LOST by the first of them, and by the second one if the first got lost with
 *   its link. B stores A2. B1 is LOST, so it does not answer, and A2 waits. All
 *   messages that B1 sent to A1 name A1, so A2 drops them. LEAVE(B1) does not
 *   end A2, since B1 has not joined A2. When B makes B2, it sends REGION(B2,
 *   for A2); A answers REGION(A2, for B2); both have joined.
 * - Both make theirs anew at the same time. REGION(A2, for B1) and REGION(B2,
 *   for A1) cross. Both tell of a new life, so both are answered, with the right
 *   lives. LEAVE(A1) and LEAVE(B1) are for lives that have not joined.
 * - LEAVE(A1) is late: region->changed may send it on another CPU after
 *   REGION(A2). It neither erases A2 from peer->lives nor ends an instance that
 *   A2 has joined.
 * - A1 waits for B, which has never made the region or has made another map,
 *   and A makes A2. B1 is WAITING or REFUSED if it exists. LEAVE(A1) erases A1.
 *   If A1 has joined B1, B1 is LOST and B must make B2, since an instance is
 *   with one instance of each member. Else B1 answers REGION(A2) and may join.
 * - A1 is LOST while announce() sends its REGION: LEAVE(A1) may be in front of
 *   it. So announce() looks at the state again and sends LEAVE once more.
 *
 * A page that is sent without its header names no life. Its token names a
 * request of one instance: see take_token() in request.c.
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

static bool is_lost(const struct ssi_region *region)
{
	return READ_ONCE(region->state) == SSI_DSM_REGION_LOST;
}

/* BH disabled. */
static void send_leave(struct ssi_region *region, u32 peer)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_LEAVE,
		.region = region->id,
		.own_life = region->life,
		.requester = READ_ONCE(region->culprit),
	};

	ssi_peer_send(region->node, peer, &msg, NULL, 0);
}

/*
 * A lost region no longer answers, so its members must know of the loss,
 * whatever the reason. Sent once. A member that knows already ignores it.
 */
void ssi_member_tell_loss(struct ssi_region *region)
{
	u32 id;

	if (!is_lost(region) || xchg(&region->notified, 1))
		return;
	local_bh_disable();
	for (id = 0; id < SSI_DSM_MAX_NODES; id++)
		if ((region->members & BIT(id)) && id != region->node->id)
			send_leave(region, id);
	local_bh_enable();
}

void ssi_member_region_changed(struct work_struct *work)
{
	struct ssi_region *region = container_of(work, struct ssi_region,
						 changed);

	ssi_member_tell_loss(region);
	events->region(region);
	ssi_region_put(region);
}

/* The life of the peer's instance, or 0 if it has announced none. */
static u32 peer_life(struct ssi_peer *peer, u32 region)
{
	void *life = xa_load(&peer->lives, region);

	return life ? xa_to_value(life) : 0;
}

/*
 * An instance that is with an earlier instance of the peer is about to be LOST. It
 * must not name the new one, which would join it, and be LOST with it.
 */
static void announce(struct ssi_region *region, struct ssi_peer *peer)
{
	struct ssi_msg msg = {
		.type = SSI_WIRE_REGION,
		.region = region->id,
		.life = peer_life(peer, region->id),
		.own_life = region->life,
		.arg = region->map_hash,
		.size = region->size,
	};
	u32 joined;

	if (!(region->members & BIT(peer->id)) || is_lost(region))
		return;
	smp_rmb();	/* an instance joins before the next one's life is stored */
	joined = ssi_member_life(region, peer->id);
	if (joined && joined != msg.life)
		return;
	local_bh_disable();
	ssi_peer_send(region->node, peer->id, &msg, NULL, 0);
	/* ssi_member_tell_loss() may have sent LEAVE before. */
	if (is_lost(region))
		send_leave(region, peer->id);
	local_bh_enable();
}

/* ---- joining ---- */

static bool has_all_members(struct ssi_region *region)
{
	u32 id;

	lockdep_assert_held(&region->lock);
	for (id = 0; id < SSI_DSM_MAX_NODES; id++)
		if ((region->members & BIT(id)) && !region->lives[id])
			return false;
	return true;
}

static void join(struct ssi_region *region, u32 id, u32 life)
{
	bool complete;

	spin_lock_bh(&region->lock);
	if (!region->lives[id])
		WRITE_ONCE(region->lives[id], life);
	complete = has_all_members(region);
	spin_unlock_bh(&region->lock);
	if (complete)
		ssi_region_change_state(region, SSI_DSM_REGION_READY,
					region->node->id,
					"all nodes have joined");
}

/* REGION came from a member of @region. */
static void meet_instance(struct ssi_region *region, u32 peer,
			  const struct ssi_msg *msg)
{
	u32 joined = ssi_member_life(region, peer);

	if (joined && joined != msg->own_life)
		ssi_region_lose(region, peer, "node %u has made region %u anew",
				peer, region->id);
	else if (msg->life != region->life)
		return;	/* it does not know this instance yet */
	else if (msg->arg != region->map_hash)
		ssi_region_change_state(region, SSI_DSM_REGION_REFUSED, peer,
					"node %u describes region %u otherwise than node %u: their nodes or memory sizes differ; give all nodes the same cluster file",
					peer, region->id, region->node->id);
	else
		join(region, peer, msg->own_life);
}

void ssi_member_meet(struct ssi_region *region)
{
	struct ssi_node *node = region->node;
	u32 id;

	/* pairs with ssi_member_recv_region(): in the list, then reads the lives */
	smp_mb();
	join(region, node->id, region->life);
	for (id = 0; id < SSI_DSM_MAX_NODES; id++)
		if ((region->members & BIT(id)) && id != node->id)
			announce(region, node->peers[id]);
}

u32 ssi_member_life(const struct ssi_region *region, u32 id)
{
	return READ_ONCE(region->lives[id]);
}

bool ssi_member_is_current(const struct ssi_region *region,
			   const struct ssi_msg *msg)
{
	return msg->life == region->life && ssi_member_life(region, msg->src);
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
		announce(region, peer);
	spin_unlock_bh(&node->lock);
}

/* The link is UP, for the first time or again. */
static void greet(struct ssi_peer *peer)
{
	if (!peer->met)
		announce_regions(peer);
	else
		pr_info_ratelimited("node %u of cluster %s: the link to node %u is up again\n",
				    peer->node->id, peer->node->cluster,
				    peer->id);
	peer->met = true;
	mod_delayed_work(ssi_link_wq, &peer->beat, 0);
}

/*
 * Process context, called by the work link->changed. While a link is
 * INTERRUPTED, its messages wait, and so do those who need the answers.
 */
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
		greet(peer);
	} else if (state == SSI_DSM_LINK_INTERRUPTED) {
		pr_warn_ratelimited("node %u of cluster %s: the link to node %u is interrupted: %s\n",
				    peer->node->id, peer->node->cluster,
				    peer->id, reason);
	} else if (state == SSI_DSM_LINK_LOST) {
		pr_warn("node %u of cluster %s: lost node %u: %s\n",
			peer->node->id, peer->node->cluster, peer->id, reason);
		ssi_member_lose_peer(peer, reason);
	}
	events->peer(peer);
}

void ssi_member_link_wanted(struct ssi_link *link)
{
	events->connect(link->peer);
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

static void store_life(struct ssi_peer *peer, u32 region, u32 life)
{
	void *old = xa_store_bh(&peer->lives, region, xa_mk_value(life),
				GFP_ATOMIC | __GFP_NOWARN);

	/* A life that is forgotten would make both nodes wait for ever. */
	if (xa_is_err(old))
		ssi_link_change_state(peer->link, SSI_DSM_LINK_LOST,
				      "out of memory for the regions of node %u",
				      peer->id);
	else if (!old && ++peer->nr_lives > SSI_PEER_REGIONS_MAX)
		ssi_link_change_state(peer->link, SSI_DSM_LINK_LOST,
				      "node %u broke the protocol: it has too many regions",
				      peer->id);
}

/*
 * The life is stored before the region is looked up. ssi_member_meet() reads it
 * after the region can be found. So the peer gets a REGION that names its life,
 * from one of the two or from both.
 */
void ssi_member_recv_region(struct ssi_peer *peer, struct ssi_rx *rx)
{
	const struct ssi_msg *msg = &rx->msg;
	bool is_new = peer_life(peer, msg->region) != msg->own_life;

	if (is_new)
		store_life(peer, msg->region, msg->own_life);
	/* pairs with ssi_member_meet(): life stored, then reads the list */
	smp_mb();
	rx->region = ssi_member_region(peer, msg->region);
	if (rx->region) {
		if (is_new)
			announce(rx->region, peer);
		meet_instance(rx->region, peer->id, msg);
	}
	ssi_rx_free(rx);
}

/* The life of the sender's instance, which ends, has joined this region. */
static void lose_member(struct ssi_region *region, u32 peer, u32 culprit)
{
	if (culprit == peer)
		ssi_region_lose(region, peer, "node %u has left the region",
				peer);
	else	/* because a third node is lost */
		ssi_region_lose(region, culprit, "node %u has lost node %u",
				peer, culprit);
}

void ssi_member_recv_leave(struct ssi_peer *peer, struct ssi_rx *rx)
{
	const struct ssi_msg *msg = &rx->msg;

	if (peer_life(peer, msg->region) == msg->own_life) {
		xa_erase_bh(&peer->lives, msg->region);
		peer->nr_lives--;
	}
	if (rx->region &&
	    ssi_member_life(rx->region, peer->id) == msg->own_life)
		lose_member(rx->region, peer->id, msg->requester);
	ssi_rx_free(rx);
}

void ssi_member_init(const struct ssi_member_events *member_events)
{
	events = member_events;
}
