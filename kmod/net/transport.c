// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part that all transports share: received messages and link states.
 */
#include <linux/jiffies.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/percpu-refcount.h>
#include <linux/slab.h>

#include "alloc.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/transport.h"

/*
 * This reserve keeps the page work of all CPUs going when the allocator has no
 * memory. Each link has its own, and each node for messages to itself, so that
 * what one peer makes us keep leaves the reserves of other peers alone.
 */
#define RX_RESERVE	256

/**
 * struct ssi_rx_pool - a source of struct ssi_rx with a reserve
 * @ref: one of the user that made it, one of each message; counted per CPU, since
 *	all CPUs of a node take messages to itself from one pool
 * @mempool: the messages
 */
struct ssi_rx_pool {
	struct percpu_ref ref;
	mempool_t *mempool;
};

static const struct ssi_link_client *client;
static struct kmem_cache *rx_cache;

struct workqueue_struct *ssi_link_wq;
struct workqueue_struct *ssi_conn_wq;

static void *ssi_rx_from_slab(gfp_t gfp, void *cache)
{
	if (ssi_alloc_fails(SSI_ALLOC_MESSAGE))
		return NULL;
	return mempool_alloc_slab(gfp, cache);
}

static void ssi_rx_pool_release(struct percpu_ref *ref)
{
	struct ssi_rx_pool *pool = container_of(ref, struct ssi_rx_pool, ref);

	percpu_ref_exit(ref);
	mempool_destroy(pool->mempool);
	kfree(pool);
}

struct ssi_rx_pool *ssi_rx_pool_new(void)
{
	struct ssi_rx_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;
	pool->mempool = mempool_create(RX_RESERVE, ssi_rx_from_slab,
				       mempool_free_slab, rx_cache);
	if (!pool->mempool)
		goto err_free;
	if (percpu_ref_init(&pool->ref, ssi_rx_pool_release, 0, GFP_KERNEL))
		goto err_destroy;
	return pool;

err_destroy:
	mempool_destroy(pool->mempool);
err_free:
	kfree(pool);
	return NULL;
}

void ssi_rx_pool_put(struct ssi_rx_pool *pool)
{
	percpu_ref_kill(&pool->ref);
}

struct ssi_rx *ssi_rx_alloc(struct ssi_rx_pool *pool, gfp_t gfp)
{
	struct ssi_rx *rx = mempool_alloc(pool->mempool, gfp);

	if (!rx)
		return NULL;
	memset(rx, 0, sizeof(*rx));
	INIT_LIST_HEAD(&rx->list);
	percpu_ref_get(&pool->ref);
	rx->pool = pool;
	return rx;
}

void ssi_rx_free(struct ssi_rx *rx)
{
	struct ssi_rx_pool *pool = rx->pool;

	if (rx->page)
		put_page(rx->page);
	if (rx->region)
		client->release(rx->region);
	mempool_free(rx, pool->mempool);
	percpu_ref_put(&pool->ref);
}

static void ssi_link_work(struct work_struct *work)
{
	client->changed(container_of(work, struct ssi_link, changed));
}

void ssi_link_init(struct ssi_link *link, const struct ssi_transport_ops *ops,
		   struct ssi_peer *peer)
{
	link->ops = ops;
	link->peer = peer;
	link->transport = peer->node->transport;
	spin_lock_init(&link->lock);
	link->state = SSI_DSM_LINK_DOWN;
	link->reason[0] = '\0';
	link->last_rx = jiffies;
	INIT_WORK(&link->changed, ssi_link_work);
	/*
	 * The link may go UP, and other code may use it, before ops->open()
	 * returns.
	 */
	peer->link = link;
}

void ssi_link_fini(struct ssi_link *link)
{
	cancel_work_sync(&link->changed);
}

bool ssi_link_is_up(struct ssi_link *link)
{
	return READ_ONCE(link->state) == SSI_DSM_LINK_UP;
}

#define MOVE(to)	BIT(SSI_DSM_LINK_##to)

static const u32 legal_moves[] = {
	[SSI_DSM_LINK_DOWN] = MOVE(CONNECTING) | MOVE(UP) | MOVE(REFUSED),
	[SSI_DSM_LINK_CONNECTING] = MOVE(DOWN) | MOVE(UP) | MOVE(REFUSED),
	[SSI_DSM_LINK_REFUSED] = MOVE(CONNECTING) | MOVE(UP),
	[SSI_DSM_LINK_UP] = MOVE(INTERRUPTED) | MOVE(LOST),
	[SSI_DSM_LINK_LOST] = 0,
	[SSI_DSM_LINK_INTERRUPTED] = MOVE(UP) | MOVE(LOST),
};

bool ssi_link_change_state(struct ssi_link *link, u32 state,
			   const char *fmt, ...)
{
	unsigned long flags;
	va_list args;
	bool legal;

	spin_lock_irqsave(&link->lock, flags);
	legal = legal_moves[link->state] & BIT(state);
	if (legal) {
		va_start(args, fmt);
		vscnprintf(link->reason, sizeof(link->reason), fmt, args);
		va_end(args);
		link->last_rx = jiffies;
		if (link->state == SSI_DSM_LINK_UP)
			WRITE_ONCE(link->interruptions, link->interruptions + 1);
		WRITE_ONCE(link->state, state);
	}
	spin_unlock_irqrestore(&link->lock, flags);
	if (legal)
		queue_work(ssi_link_wq, &link->changed);
	return legal;
}

void ssi_link_recv(struct ssi_link *link, struct ssi_rx *rx)
{
	WRITE_ONCE(link->last_rx, jiffies);
	atomic64_inc(&link->rx_msgs);
	atomic64_add(sizeof(rx->wire) + rx->len, &link->rx_bytes);
	client->recv(link, rx);
}

void ssi_link_want(struct ssi_link *link)
{
	client->wanted(link);
}

void ssi_link_recv_local(struct ssi_rx *rx)
{
	client->recv_local(rx);
}

int ssi_transport_init(const struct ssi_link_client *link_client)
{
	client = link_client;
	rx_cache = KMEM_CACHE(ssi_rx, 0);
	if (!rx_cache)
		return -ENOMEM;
	ssi_link_wq = alloc_workqueue("ssi_link", WQ_HIGHPRI | WQ_UNBOUND |
				      WQ_MEM_RECLAIM, 0);
	if (!ssi_link_wq)
		goto err_cache;
	ssi_conn_wq = alloc_workqueue("ssi_conn", WQ_HIGHPRI | WQ_UNBOUND, 0);
	if (!ssi_conn_wq)
		goto err_link_wq;
	return 0;

err_link_wq:
	destroy_workqueue(ssi_link_wq);
err_cache:
	kmem_cache_destroy(rx_cache);
	return -ENOMEM;
}

void ssi_transport_exit(void)
{
	destroy_workqueue(ssi_conn_wq);
	destroy_workqueue(ssi_link_wq);
	/* Pools that were given up end after a grace period. */
	rcu_barrier();
	kmem_cache_destroy(rx_cache);
}
