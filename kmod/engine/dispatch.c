// SPDX-License-Identifier: GPL-2.0-only
/* Dispatch of received messages: validate, look up the region, pass on. */
#include <linux/ktime.h>
#include <linux/rculist.h>

#include "engine/channel.h"
#include "engine/dispatch.h"
#include "engine/holder.h"
#include "engine/home.h"
#include "engine/member.h"
#include "engine/message.h"
#include "engine/move.h"
#include "engine/request.h"
#include "memory/pages.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"
#include "trace.h"

/* FWDS, FWDX, INV and OLDER: only the page's home may send them. */
static void recv_holder(struct ssi_region *region, struct ssi_rx *rx)
{
	u32 requester = rx->msg.requester, home;
	u32 version = ssi_pages_version(region, rx->msg.index, &home);

	/* of another version: a home that was, or one that this node does not know yet */
	if (rx->msg.version == version && home != rx->msg.src)
		ssi_message_violation(rx, "it is not from the page's home");
	else if (!(region->members & BIT(requester)) ||
		 requester == region->node->id)
		ssi_message_violation(rx, "it serves no other member of the region");
	else
		ssi_holder_recv(region, rx);
}

/* Pass a page message to the role that it is for. */
static void recv_page(struct ssi_region *region, struct ssi_rx *rx)
{
	switch ((enum ssi_wire_type)rx->msg.type) {
	case SSI_WIRE_GETS:
	case SSI_WIRE_GETX:
	case SSI_WIRE_UPGRADE:
	case SSI_WIRE_PUT:
	case SSI_WIRE_UNBLOCK:
		return ssi_home_recv(region, rx);
	case SSI_WIRE_FWDS:
	case SSI_WIRE_FWDX:
	case SSI_WIRE_INV:
	case SSI_WIRE_OLDER:
		return recv_holder(region, rx);
	case SSI_WIRE_DATAS:
	case SSI_WIRE_DATAX:
	case SSI_WIRE_GRANT:
	case SSI_WIRE_ZERO:
	case SSI_WIRE_ACK:
		return ssi_request_recv(region, rx);
	case SSI_WIRE_MOVE:
	case SSI_WIRE_HOME:
	case SSI_WIRE_UNDERWAY:
	case SSI_WIRE_MOVED:
		return ssi_move_recv(region, rx);
	case SSI_WIRE_CREDIT:
	case SSI_WIRE_PING:
	case SSI_WIRE_REGION:
	case SSI_WIRE_LEAVE:
	case SSI_WIRE_CHANNEL:
	case SSI_WIRE_BYE:
	case SSI_WIRE_TYPES:
		break;
	}
	ssi_rx_free(rx);
}

/*
 * The state is tested in the BH-disabled section in which the message is
 * handled: ssi_region_delete() waits for such sections before it purges.
 */
static void ssi_dispatch_recv_local(struct ssi_rx *rx)
{
	struct ssi_region *region = rx->region;

	rx->start = ktime_get_ns();
	if (rx->msg.index >= region->size >> PAGE_SHIFT)
		return ssi_message_violation(rx, "the page is outside the region");
	local_bh_disable();
	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST) {
		ssi_rx_free(rx);
	} else {
		trace_ssi_message(region->node->id, &rx->msg);
		recv_page(region, rx);
	}
	local_bh_enable();
}

/*
 * Find the region, its life and the page index of a page that came without a
 * header, by its token. False if no request has this token, as after the loss
 * of its region.
 */
static bool find_page(struct ssi_peer *peer, struct ssi_wire *wire)
{
	struct ssi_node *node = peer->node;
	struct ssi_region *region;
	bool found = false;
	u64 index;

	rcu_read_lock();
	list_for_each_entry_rcu(region, &node->regions, list) {
		found = (region->members & BIT(peer->id)) &&
			ssi_request_find(region, le32_to_cpu(wire->token), &index);
		if (!found)
			continue;
		wire->region = cpu_to_le32(region->id);
		wire->life = cpu_to_le32(region->life);
		wire->index = cpu_to_le64(index);
		break;
	}
	rcu_read_unlock();
	return found;
}

/*
 * The message is for an instance that is deleted; LEAVE of that instance may
 * still be on its way to the sender.
 */
static void drop_stale(struct ssi_node *node, struct ssi_rx *rx)
{
	trace_ssi_message_stale(node->id, &rx->msg);
	ssi_rx_free(rx);
}

/* A message came from a link. BH disabled or process context. */
static void ssi_dispatch_recv(struct ssi_link *link, struct ssi_rx *rx)
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
		return ssi_member_recv_region(peer, rx);
	rx->region = ssi_member_region(peer, rx->msg.region);
	switch (rx->msg.type) {
	case SSI_WIRE_CREDIT:
	case SSI_WIRE_PING:
		ssi_rx_free(rx);
		break;
	case SSI_WIRE_BYE:
		ssi_link_change_state(link, SSI_DSM_LINK_LOST,
				      "node %u has closed the link", peer->id);
		ssi_rx_free(rx);
		break;
	case SSI_WIRE_LEAVE:
		ssi_member_recv_leave(peer, rx);
		break;
	default:
		if (!rx->region || !ssi_member_is_current(rx->region, &rx->msg))
			drop_stale(node, rx);
		else if (rx->msg.type == SSI_WIRE_CHANNEL)
			ssi_channel_recv(rx->region, rx);
		else
			ssi_dispatch_recv_local(rx);
		break;
	}
}

static void purge_bucket(struct ssi_bucket *bucket, struct list_head *rxs)
{
	spin_lock_bh(&bucket->lock);
	ssi_home_purge(bucket, rxs);
	ssi_request_purge(bucket);
	spin_unlock_bh(&bucket->lock);
	wake_up_all(&bucket->wait);
}

/*
 * Only code that tested the state earlier can still add a message or a request.
 * Such code runs in BH-disabled sections, which the caller has waited for
 * (synchronize_rcu()).
 */
void ssi_dispatch_purge(struct ssi_region *region)
{
	struct ssi_rx *rx, *next;
	LIST_HEAD(rxs);
	u32 i;

	ssi_holder_purge(&region->holder, &rxs);
	ssi_move_purge(&region->move, &rxs);
	for (i = 0; i < ssi_region_buckets(region); i++)
		purge_bucket(&region->buckets[i], &rxs);
	list_for_each_entry_safe(rx, next, &rxs, list)
		ssi_rx_free(rx);
}

const struct ssi_link_client ssi_dispatch_client = {
	.recv = ssi_dispatch_recv,
	.recv_local = ssi_dispatch_recv_local,
	.changed = ssi_member_link_changed,
	.wanted = ssi_member_link_wanted,
	.release = ssi_region_put,
};
