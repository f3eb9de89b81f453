// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coherence messages: to and from the three roles of a page.
 *
 * DOC: Theory of operation
 *
 * A node has up to three roles for a page. Each role is a file of its own and
 * has its own part of the page's bucket:
 *
 * - Requester (request.c): each page that this node has requested has one
 *   struct ssi_req. A local fault opens the request and waits on the bucket;
 *   messages complete it.
 * - Home (home.c): the transaction that is being served is the struct ssi_rx of
 *   its request. It stays in bucket->txns until the requester's UNBLOCK comes.
 *   Later requests for the page wait in its pending list, the oldest first.
 * - Holder (holder.c): a FWDS, FWDX or INV waits in region->held until the hold
 *   window ends. Then it is answered at once, or it becomes page work on
 *   node->wq.
 *
 * Each decision is made under the bucket lock, and messages are sent after the
 * lock is dropped. Messages may therefore overtake each other, and the protocol
 * does not depend on their order. A message from this node to itself takes the
 * same path as any other, but by a function call instead of a link. Such calls
 * nest, and their depth is bounded: a request, its grant, its UNBLOCK, and the
 * grant of the next request.
 *
 * Work that cannot allocate in the context of an incoming message is moved to
 * node->wq.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "engine/member.h"
#include "engine/message.h"
#include "memory/region.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"
#include "trace.h"

/*
 * The longest time for which a message is deferred. A deferred UNBLOCK delays
 * the requests for the page that are pending at its home.
 */
#define DEFER_MAX_NS	300000

/* If a peer sent the message, its link is lost; else this region is lost. */
void ssi_message_violation(struct ssi_rx *rx, const char *what)
{
	struct ssi_region *region = rx->region;
	struct ssi_node *node = region->node;
	struct ssi_peer *peer = node->peers[rx->msg.src];

	/* A lost region has dropped its requests and transactions. */
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

/* A message to this node takes the same path as any other. */
static void send_to_self(struct ssi_region *region, const struct ssi_msg *msg,
			 struct page *page)
{
	struct ssi_rx *rx = ssi_rx_alloc(region->node->rx_pool, GFP_ATOMIC);

	if (!rx) {
		if (page)
			put_page(page);
		ssi_region_lose(region, region->node->id,
				"node %u is out of memory", region->node->id);
		return;
	}
	percpu_ref_get(&region->ref);
	rx->region = region;
	rx->msg = *msg;
	rx->page = page;
	ssi_link_recv_local(rx);
}

static void send_within(struct ssi_region *region, u32 dst, struct ssi_msg *msg,
			struct page *page, u64 defer_ns)
{
	msg->region = region->id;
	msg->life = ssi_member_life(region, dst);
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
