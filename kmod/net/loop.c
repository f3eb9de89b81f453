// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop transport: links between nodes of one kernel.
 *
 * DOC: Theory of operation
 *
 * Each link has a queue of messages to the peer's node, and a worker that
 * delivers a message @delay_us after it was sent, or later. The two links of a
 * pair are matched by cluster name and node ids in a list under loop_lock.
 * Both links are UP when both exist. Messages of one link keep their order;
 * messages of different links have no order.
 *
 * A page that is sent is copied into a fresh page, as a network card would do,
 * so that sender and receiver never share a page.
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "alloc.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"

/**
 * struct loop_link - one direction: from @link.peer->node to the peer
 * @link: the part that all transports share
 * @list: entry of loop_links
 * @other: the link of the opposite direction, or NULL
 * @lock: protects @queue
 * @queue: struct ssi_rx that are sent and not delivered yet
 * @deliver: work that delivers the messages of @queue
 * @wq: runs @deliver; each link has its own workqueue, because @deliver sleeps
 */
struct loop_link {
	struct ssi_link link;
	struct list_head list;
	struct loop_link *other;
	spinlock_t lock;
	struct list_head queue;
	struct work_struct deliver;
	struct workqueue_struct *wq;
};

static LIST_HEAD(loop_links);
/* Protects loop_links and @other; never taken with another lock held. */
static DEFINE_SPINLOCK(loop_lock);

static struct loop_link *to_loop(struct ssi_link *link)
{
	return container_of(link, struct loop_link, link);
}

static int ssi_loop_listen(struct ssi_node *node)
{
	return 0;
}

static void ssi_loop_unlisten(struct ssi_node *node)
{
}

static struct ssi_rx *pop(struct loop_link *ll)
{
	struct ssi_rx *rx;

	spin_lock_bh(&ll->lock);
	rx = list_first_entry_or_null(&ll->queue, struct ssi_rx, list);
	if (rx)
		list_del_init(&rx->list);
	spin_unlock_bh(&ll->lock);
	return rx;
}

static void wait_until(u64 due)
{
	u64 now = ktime_get_ns();

	if (due > now)
		usleep_range((due - now) / 1000 + 1, (due - now) / 1000 + 50);
}

/*
 * Replace the sender's page by a copy of its first rx->len bytes, which is
 * charged to the receiver.
 */
static void replace_page(struct ssi_rx *rx, const struct ssi_node *receiver)
{
	struct page *page;

	if (!rx->page)
		return;
	page = ssi_alloc_page_wait(receiver->payer, GFP_HIGHUSER |
				   (rx->len < PAGE_SIZE ? __GFP_ZERO : 0));
	memcpy_page(page, 0, rx->page, 0, rx->len);
	put_page(rx->page);
	rx->page = page;
}

/*
 * The two links of a pair go UP one after the other. A message sent over the
 * first link must not be lost because the second link is not UP yet.
 */
static bool takes_messages(struct loop_link *ll)
{
	return READ_ONCE(ll->link.state) != SSI_DSM_LINK_LOST;
}

/*
 * The link that @ll leads to, or NULL. It stays for as long as this work runs:
 * ssi_loop_close() of the other link clears ll->other and then waits for it.
 */
static struct loop_link *other_side(struct loop_link *ll)
{
	struct loop_link *other;

	spin_lock_bh(&loop_lock);
	other = ll->other;
	spin_unlock_bh(&loop_lock);
	return other;
}

static void ssi_loop_deliver(struct work_struct *work)
{
	struct loop_link *ll = container_of(work, struct loop_link, deliver);
	struct loop_link *other;
	struct ssi_rx *rx;

	while ((rx = pop(ll))) {
		wait_until(rx->loop.due);
		rx->loop.due = 0;
		other = other_side(ll);
		if (other)
			replace_page(rx, other->link.peer->node);
		local_bh_disable();
		if (other && takes_messages(other))
			ssi_link_recv(&other->link, rx);
		else
			ssi_rx_free(rx);
		local_bh_enable();
	}
}

/*
 * No message is deferred: here a message costs nothing that several could
 * share.
 */
static int ssi_loop_send(struct ssi_link *link, const struct ssi_wire *wire,
			 struct page *page, u32 len, u64 defer_ns)
{
	struct loop_link *ll = to_loop(link);
	struct ssi_rx *rx;

	if (!ssi_link_is_up(link)) {
		if (page)
			put_page(page);
		return -ENOTCONN;
	}
	rx = ssi_rx_alloc(link->peer->rx_pool, GFP_ATOMIC);
	if (!rx) {
		if (page)
			put_page(page);
		ssi_link_change_state(link, SSI_DSM_LINK_LOST, "out of memory");
		return -ENOTCONN;
	}
	rx->wire = *wire;
	rx->page = page;
	rx->len = len;
	rx->loop.due = ktime_get_ns() + link->peer->delay_us * 1000ull;
	atomic64_inc(&link->tx_msgs);
	atomic64_add(sizeof(rx->wire) + len, &link->tx_bytes);
	spin_lock_bh(&ll->lock);
	list_add_tail(&rx->list, &ll->queue);
	spin_unlock_bh(&ll->lock);
	queue_work(ll->wq, &ll->deliver);
	return 0;
}

/* True if @a leads to the node that @b comes from, and @b leads back. */
static bool is_pair(const struct loop_link *a, const struct loop_link *b)
{
	const struct ssi_peer *p = a->link.peer, *q = b->link.peer;

	return p->id == q->node->id && q->id == p->node->id &&
	       net_eq(p->node->net, q->node->net) &&
	       !strcmp(p->node->cluster, q->node->cluster);
}

static void connect_pair(struct loop_link *ll)
{
	struct loop_link *other;

	spin_lock_bh(&loop_lock);
	list_for_each_entry(other, &loop_links, list) {
		if (!is_pair(ll, other) || other->other)
			continue;
		ll->other = other;
		other->other = ll;
		break;
	}
	list_add(&ll->list, &loop_links);
	other = ll->other;
	spin_unlock_bh(&loop_lock);
	if (!other) {
		ssi_link_change_state(&ll->link, SSI_DSM_LINK_CONNECTING,
				      "the other node is not there yet");
		return;
	}
	ssi_link_change_state(&ll->link, SSI_DSM_LINK_UP, "connected");
	ssi_link_change_state(&other->link, SSI_DSM_LINK_UP, "connected");
}

static struct ssi_link *ssi_loop_open(struct ssi_peer *peer)
{
	struct loop_link *ll = kzalloc(sizeof(*ll), GFP_KERNEL);

	if (!ll)
		return ERR_PTR(-ENOMEM);
	ssi_link_init(&ll->link, &ssi_loop_ops, peer);
	spin_lock_init(&ll->lock);
	INIT_LIST_HEAD(&ll->queue);
	INIT_WORK(&ll->deliver, ssi_loop_deliver);
	ll->wq = alloc_ordered_workqueue("ssi_loop/%u-%u",
					 WQ_HIGHPRI | WQ_MEM_RECLAIM,
					 peer->node->id, peer->id);
	if (!ll->wq) {
		kfree(ll);
		return ERR_PTR(-ENOMEM);
	}
	connect_pair(ll);
	return &ll->link;
}

/*
 * First the messages that this link sent are delivered. Then the pair is taken
 * apart. Then this function waits for the worker of the other direction, which
 * may be delivering a message to this link just now. The other link cannot be
 * closed meanwhile, because ssi_config_lock is held.
 */
static void ssi_loop_close(struct ssi_link *link)
{
	struct loop_link *ll = to_loop(link);
	struct loop_link *other;

	flush_workqueue(ll->wq);
	spin_lock_bh(&loop_lock);
	list_del(&ll->list);
	other = ll->other;
	ll->other = NULL;
	if (other)
		other->other = NULL;
	spin_unlock_bh(&loop_lock);
	if (other) {
		ssi_link_change_state(&other->link, SSI_DSM_LINK_LOST,
				      "the other node was deleted");
		flush_work(&other->deliver);
	}
	ssi_link_change_state(link, SSI_DSM_LINK_LOST, "closed");
	destroy_workqueue(ll->wq);
	ssi_link_fini(link);
	kfree(ll);
}

const struct ssi_transport_ops ssi_loop_ops = {
	.name = "loop",
	.listen = ssi_loop_listen,
	.unlisten = ssi_loop_unlisten,
	.open = ssi_loop_open,
	.close = ssi_loop_close,
	.send = ssi_loop_send,
};
