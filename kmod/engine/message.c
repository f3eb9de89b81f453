// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coherence messages: to and from the three roles of a page.
 *
 * DOC: Theory of operation
 *
 * Three roles meet, each in a file of its own, with its part of a page's
 * bucket:
 *
 * - Requester (request.c): a struct ssi_req per page that this node has asked
 *   for. Local faults open it and wait on the bucket; messages fill it.
 * - Home (home.c): the struct ssi_rx of the request being served is the
 *   transaction; it stays in bucket->txns until the requester's UNBLOCK, and later
 *   requests for the page wait in its pending list, the oldest first.
 * - Holder (holder.c): a FWDS, FWDX or INV waits in region->held for the end of
 *   the hold window, then either is answered at once or becomes page work on
 *   node->wq.
 *
 * Everything is decided under the bucket lock and sent after it is dropped;
 * the protocol does not depend on the order in which messages overtake each
 * other then. A message to this node itself takes the same way as any other,
 * by a call instead of a link. The depth of such calls is bounded: a request,
 * its grant, its UNBLOCK, and the grant of the next one.
 *
 * What arrives in a context that cannot allocate is moved to node->wq.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "engine/message.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"
#include "trace.h"

/* A home that waits for UNBLOCK keeps others waiting. */
#define DEFER_MAX_NS	300000

/* A peer sent what it must not: that costs it its link. */
void ssi_message_violation(struct ssi_rx *rx, const char *what)
{
	struct ssi_region *region = rx->region;
	struct ssi_node *node = region->node;
	struct ssi_peer *peer = node->peers[rx->msg.src];

	/* A lost region has dropped what its messages refer to. */
	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return ssi_rx_free(rx);
	pr_warn_ratelimited("node %u: %s from node %u for page %llu of region %u: %s\n",
			    node->id, ssi_wire_type_name(rx->msg.type),
			    rx->msg.src, rx->msg.index, region->id, what);
	if (rx->msg.src != node->id && peer)
		ssi_link_change_state(peer->link, SSI_DSM_LINK_LOST,
				      "node %u broke the protocol: %s", peer->id,
				      what);
	else
		ssi_region_lose(region, node->id,
				"node %u found its own state broken: %s",
				node->id, what);
	ssi_rx_free(rx);
}

/* A message to ourselves takes the same way as any other. */
static void send_to_self(struct ssi_region *region, const struct ssi_msg *msg,
			 struct page *page)
{
	struct ssi_rx *rx = ssi_rx_alloc(GFP_ATOMIC);

	if (!rx) {
		if (page)
			put_page(page);
		ssi_region_lose(region, region->node->id,
				"node %u is out of memory", region->node->id);
		return;
	}
	kref_get(&region->ref);
	rx->region = region;
	rx->msg = *msg;
	rx->page = page;
	ssi_link_recv_local(rx);
}

static void send_within(struct ssi_region *region, u32 dst, struct ssi_msg *msg,
			struct page *page, u64 defer_ns)
{
	msg->region = region->id;
	msg->src = region->node->id;
	msg->dst = dst;
	msg->len = page ? PAGE_SIZE : 0;
	if (dst == region->node->id)
		send_to_self(region, msg, page);
	else
		/* A link that is down loses the region; see peer.c. */
		ssi_peer_send(region->node, dst, msg, page, defer_ns);
	trace_ssi_message_sent(region->node->id, msg);
}

void ssi_message_send(struct ssi_region *region, u32 dst, struct ssi_msg *msg,
		      struct page *page)
{
	send_within(region, dst, msg, page, 0);
}

void ssi_message_send_deferrable(struct ssi_region *region, u32 dst,
				 struct ssi_msg *msg)
{
	u64 defer_ns = clamp_t(u64, READ_ONCE(region->gather.service_ns), 1,
			       DEFER_MAX_NS);

	send_within(region, dst, msg, NULL, defer_ns);
}
