/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Links between nodes: the operations that a transport implements, the events
 * that it reports, and the only function that changes the state of a link.
 */
#ifndef _SSI_TRANSPORT_H
#define _SSI_TRANSPORT_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/ssi_dsm_genl.h>
#include "protocol/wire.h"

struct ssi_link;
struct ssi_node;
struct ssi_peer;
struct ssi_region;
struct ssi_rx_pool;

/**
 * struct ssi_rx - one received message; the holder of the pointer owns it
 * @list: for use by the owner
 * @work: for use by the owner
 * @wire: the header as received, not validated
 * @len: number of bytes of payload that arrived
 * @headerless: the page arrived without a header, so @wire has no region and no
 *	index; the request with the same token has them
 * @page: the payload, or NULL; the reference belongs to this struct
 * @msg: @wire after validation; the client sets it
 * @region: the region of the message, with a reference, or NULL
 * @home: fields for the home of the page
 * @home.pending: requests for the same page that wait until this one is
 *	complete, the oldest first
 * @home.asked: nodes that got FWDS, FWDX or INV for this request
 * @holder: fields for a holder of the page
 * @holder.due: time (ktime in ns) of the next check whether the page may go
 * @holder.by_due: entry of the held messages, by time
 * @holder.by_index: entry of the held messages, by page
 * @holder.exclusive: the page was in state E when its page work began
 * @holder.page: the page, once page work has unmapped or write-protected it; it
 *	is the data of its entry, which has the reference
 * @holder.splits: head of the 2 MiB folio that this page work splits, or NULL
 * @holder.since: time (jiffies) when page work could not go on, or 0
 * @holder.patience: time (jiffies) after which others must give way
 * @holder.warned: the log says that the page is in use
 * @holder.fresh: the page came only now: its faults may not have mapped it yet
 * @loop: fields for the loop transport
 * @loop.due: time (ktime in ns) when the message is delivered
 * @start: time (ktime in ns) when the message arrived
 * @pool: the pool that this struct returns to
 *
 * Allocated by ssi_rx_alloc(), freed by ssi_rx_free(), which also drops @page
 * and @region.
 */
struct ssi_rx {
	struct list_head list;
	struct work_struct work;
	struct ssi_wire wire;
	u32 len;
	bool headerless;
	struct page *page;
	struct ssi_msg msg;
	struct ssi_region *region;
	union {
		struct {
			struct list_head pending;
			u32 asked;
		} home;
		struct {
			u64 due;
			struct rb_node by_due;
			struct rb_node by_index;
			bool exclusive;
			bool warned;
			bool fresh;
			struct page *page;
			struct page *splits;
			unsigned long since;
			unsigned long patience;
		} holder;
		struct {
			u64 due;
		} loop;
	};
	u64 start;
	struct ssi_rx_pool *pool;
};

/**
 * ssi_rx_pool_new() - make a pool of messages, with a reserve
 *
 * Context: May sleep.
 * Return: the pool, or NULL if there is no memory.
 */
struct ssi_rx_pool *ssi_rx_pool_new(void);

/**
 * ssi_rx_pool_put() - give up a pool; its messages keep it until they are freed
 * @pool: the pool
 *
 * Context: Any context.
 */
void ssi_rx_pool_put(struct ssi_rx_pool *pool);

/**
 * ssi_rx_alloc() - allocate a zeroed struct ssi_rx
 * @pool: the pool of the peer that sent the message, or of the node
 * @gfp: flags; they decide whether this may sleep
 *
 * Return: the message, or NULL if there is no memory.
 */
struct ssi_rx *ssi_rx_alloc(struct ssi_rx_pool *pool, gfp_t gfp);

/**
 * ssi_rx_free() - free a message and drop its page and region
 * @rx: the message
 *
 * Context: Any context.
 */
void ssi_rx_free(struct ssi_rx *rx);

/**
 * struct ssi_link_client - the layer above the links
 * @recv: a message arrived over @link; the function takes over @rx. BH disabled
 *	or process context
 * @recv_local: a message that this node sends to itself; the function takes
 *	over @rx, in which msg and region are set. BH disabled or process
 *	context
 * @changed: the state of @link has changed. Process context
 * @wanted: user space must make a connection for @link. Process context
 * @release: a message is freed: drop its reference to @region. Any context
 *
 * The code in net/ calls upper layers through these functions only.
 */
struct ssi_link_client {
	void (*recv)(struct ssi_link *link, struct ssi_rx *rx);
	void (*recv_local)(struct ssi_rx *rx);
	void (*changed)(struct ssi_link *link);
	void (*wanted)(struct ssi_link *link);
	void (*release)(struct ssi_region *region);
};

/**
 * struct ssi_transport_ops - operations of a transport
 * @name: name in log messages
 * @listen: accept links for @node at its address. May sleep
 * @unlisten: stop the listener; after the return no accept runs. May sleep
 * @open: make the link of @peer and begin to connect it. The transport tries
 *	again every half second until the peer answers. Of two nodes the one
 *	with the higher id connects and the other one accepts. Returns the link
 *	or ERR_PTR(). May sleep
 * @close: disconnect, drain, free. Messages sent before are delivered if the
 *	peer is alive (the send queue is flushed, for at most one second). After
 *	the return no event of this link begins, and the link holds no reference
 *	to a page. May sleep
 * @interrupt: give up the connection of a link that is UP, for the reason
 *	@reason: the link goes to INTERRUPTED, or to LOST. NULL if the transport
 *	has nothing that can be interrupted. Any context
 * @send: send @msg and, if @len is not 0, the first @len bytes of @page. The
 *	reference to @page is consumed, also on error. Returns 0 or, if the link
 *	is neither UP nor INTERRUPTED, -ENOTCONN. After 0 the message arrives
 *	behind all messages sent before, once, or the link goes to LOST; but a
 *	hint (ssi_wire_is_hint()) that would have to wait may be dropped. The
 *	message may be deferred for @defer_ns ns, to be sent together with
 *	others. Any context, never sleeps
 * @queued: how many messages wait to be sent; NULL: none ever waits. Any context
 */
struct ssi_transport_ops {
	const char *name;
	int (*listen)(struct ssi_node *node);
	void (*unlisten)(struct ssi_node *node);
	struct ssi_link *(*open)(struct ssi_peer *peer);
	void (*close)(struct ssi_link *link);
	void (*interrupt)(struct ssi_link *link, const char *reason);
	int (*send)(struct ssi_link *link, const struct ssi_wire *msg,
		    struct page *page, u32 len, u64 defer_ns);
	u32 (*queued)(const struct ssi_link *link);
};

/**
 * struct ssi_link - the part of a link that all transports share; embedded in
 *	theirs
 * @ops: the transport
 * @peer: the peer that it connects to; valid until ops->close() returns
 * @lock: protects @state and @reason; taken in any context
 * @transport: enum ssi_dsm_transport: that of the node, or, with auto, the one that
 *	the link uses once it has been UP
 * @state: enum ssi_dsm_link_state
 * @reason: the reason for @state, one sentence, or empty
 * @interruptions: how often @state was UP and became INTERRUPTED or LOST
 * @changed: work that reports a new state to the client, in process context
 * @last_rx: jiffies when the last message arrived
 * @rx_msgs: number of messages received
 * @rx_bytes: number of bytes received, with headers
 * @tx_msgs: number of messages sent
 * @tx_bytes: number of bytes sent, with headers
 * @forged: number of messages and requests that were dropped because their tag or
 *	counter was wrong
 *
 * Each message reads @ops, @peer and @state. The counts of received messages are
 * written by other CPUs than those of sent ones. So these three are apart.
 */
struct ssi_link {
	const struct ssi_transport_ops *ops;
	struct ssi_peer *peer;
	spinlock_t lock;
	u32 transport;
	u32 state;
	char reason[128];
	u32 interruptions;
	struct work_struct changed;
	unsigned long last_rx ____cacheline_aligned_in_smp;
	atomic64_t rx_msgs;
	atomic64_t rx_bytes;
	atomic64_t tx_msgs ____cacheline_aligned_in_smp;
	atomic64_t tx_bytes;
	atomic64_t forged;
};

/*
 * Runs the signs of life and the changes of links. Nothing in it waits for
 * another host or for a lot of memory, and it has a thread for times when the
 * kernel cannot start one: a host that is short of memory must not look dead.
 */
extern struct workqueue_struct *ssi_link_wq;

/*
 * Makes and breaks connections, and fills receive buffers. This takes much
 * memory, and waits for work of rdma_cm that has no such thread either. So
 * it must not delay the works of ssi_link_wq.
 */
extern struct workqueue_struct *ssi_conn_wq;

extern const struct ssi_transport_ops ssi_rdma_ops;
extern const struct ssi_transport_ops ssi_tcp_ops;
extern const struct ssi_transport_ops ssi_secure_ops;
extern const struct ssi_transport_ops ssi_loop_ops;
extern const struct ssi_transport_ops ssi_auto_ops;

/**
 * ssi_link_init() - initialise a link in state DOWN and set peer->link
 * @link: the link
 * @ops: the transport
 * @peer: the peer
 */
void ssi_link_init(struct ssi_link *link, const struct ssi_transport_ops *ops,
		   struct ssi_peer *peer);

/**
 * ssi_link_fini() - wait for @changed of a link, which does not run after this
 * @link: the link
 *
 * The transport calls this right before it frees the link.
 *
 * Context: May sleep.
 */
void ssi_link_fini(struct ssi_link *link);

/**
 * ssi_link_is_up() - whether a link is UP
 * @link: the link
 *
 * Context: Any context.
 */
bool ssi_link_is_up(struct ssi_link *link);

/**
 * ssi_link_change_state() - the only function that changes the state of a link
 * @link: the link
 * @state: the new state
 * @fmt: the reason, one sentence, or empty
 *
 * Legal moves: DOWN -> CONNECTING, UP, REFUSED; CONNECTING -> DOWN, UP,
 * REFUSED; REFUSED -> CONNECTING, UP; UP -> INTERRUPTED, LOST; INTERRUPTED ->
 * UP, LOST. Other moves are ignored.
 *
 * Context: Any context. Takes link->lock.
 * Return: true if the move was legal.
 */
__printf(3, 4)
bool ssi_link_change_state(struct ssi_link *link, u32 state,
			   const char *fmt, ...);

/**
 * ssi_link_recv() - count a received message and give it to the client
 * @link: the link
 * @rx: the message; the client takes it over
 *
 * Context: BH disabled or process context.
 */
void ssi_link_recv(struct ssi_link *link, struct ssi_rx *rx);

/**
 * ssi_link_want() - ask user space for a connection
 * @link: the link, of a node with security
 *
 * Context: May sleep.
 */
void ssi_link_want(struct ssi_link *link);

/**
 * ssi_link_recv_local() - give the client a message of this node to itself
 * @rx: the message, with @rx->msg and @rx->region set; the client takes it over
 *
 * Context: BH disabled or process context.
 */
void ssi_link_recv_local(struct ssi_rx *rx);

/**
 * ssi_transport_init() - set the client of all links
 * @link_client: the layer above, valid until ssi_transport_exit()
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_transport_init(const struct ssi_link_client *link_client);

/**
 * ssi_transport_exit() - undo ssi_transport_init(); no link is left
 */
void ssi_transport_exit(void);

#endif /* _SSI_TRANSPORT_H */
