/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Links between nodes: the operations a transport implements, the events it
 * reports, and the one place where a link changes its state.
 */
#ifndef _SSI_TRANSPORT_H
#define _SSI_TRANSPORT_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/ssi_dsm_genl.h>
#include "protocol/wire.h"

struct ssi_link;
struct ssi_node;
struct ssi_peer;
struct ssi_region;

/**
 * struct ssi_rx - one received message, owned by whoever holds the pointer
 * @list: for the owner
 * @work: for the owner
 * @wire: as received, not validated
 * @len: bytes of payload that really arrived
 * @headerless: @wire's region and index are not known, but the request with its token
 * @page: holds the payload, or NULL; its reference belongs to this struct
 * @msg: @wire validated; set by the client
 * @region: the region it is for, with a reference, or NULL
 * @home: at the page's home
 * @home.pending: requests for the same page that wait for this one, the oldest
 *	first
 * @home.asked: nodes that got FWDS, FWDX or INV for it
 * @holder: at a page's holder
 * @holder.due: ktime in ns when to look again whether the page may go
 * @holder.exclusive: the page was in E when its page work began
 * @loop: in the loop transport
 * @loop.due: ktime in ns when it arrives
 * @start: ktime in ns when it arrived
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
			bool exclusive;
		} holder;
		struct {
			u64 due;
		} loop;
	};
	u64 start;
};

struct ssi_rx *ssi_rx_alloc(gfp_t gfp);
void ssi_rx_free(struct ssi_rx *rx);

/**
 * struct ssi_link_client - the layer above the links
 * @recv: a message arrived over @link; takes @rx. BH disabled or process context
 * @recv_local: a message of this node to itself; takes @rx, whose msg and region
 *	are set. BH disabled or process context
 * @changed: @link is in another state. Process context
 * @release: a message that is freed gives up its reference to @region. Any
 *	context
 *
 * The links' code calls upwards by nothing else.
 */
struct ssi_link_client {
	void (*recv)(struct ssi_link *link, struct ssi_rx *rx);
	void (*recv_local)(struct ssi_rx *rx);
	void (*changed)(struct ssi_link *link);
	void (*release)(struct ssi_region *region);
};

/**
 * struct ssi_transport_ops - what a transport does
 * @name: for messages
 * @listen: accept links for @node at its address; may sleep
 * @unlisten: stop it; no accept runs any more on return; may sleep
 * @open: make the link of @peer and begin to connect it, for as long as it
 *	takes: a peer that is not there yet is tried again every half second.
 *	Of two nodes the one with the higher id connects, the other accepts.
 *	Returns the link or ERR_PTR(); may sleep.
 * @close: disconnect, drain, free. No event for this link begins after it
 *	returns, and no page is referenced by it. May sleep. Messages sent
 *	before are delivered if the peer is alive (flush the send queue, for at
 *	most a second).
 * @send: send @msg and, if @len is not 0, the first @len bytes of @page. Any
 *	context, never sleeps. The reference to @page is consumed, also on
 *	error. -ENOTCONN if the link is not up. After 0 the message arrives,
 *	after all those sent before, or the link goes LOST; a wish
 *	(ssi_wire_is_hint()) that would have to wait may be dropped. It may wait
 *	for @defer_ns ns, for others to travel with.
 */
struct ssi_transport_ops {
	const char *name;
	int (*listen)(struct ssi_node *node);
	void (*unlisten)(struct ssi_node *node);
	struct ssi_link *(*open)(struct ssi_peer *peer);
	void (*close)(struct ssi_link *link);
	int (*send)(struct ssi_link *link, const struct ssi_wire *msg,
		    struct page *page, u32 len, u64 defer_ns);
};

/**
 * struct ssi_link - what all transports' links have; embedded in theirs
 * @ops: the transport
 * @peer: whom it connects to; valid until ops->close() returns
 * @lock: protects @state and @reason; taken in any context
 * @state: enum ssi_dsm_link_state
 * @reason: why it is in @state, one sentence, or empty
 * @last_rx: jiffies when the last message arrived
 * @changed: tells the peer's code about a new state, in process context
 */
struct ssi_link {
	const struct ssi_transport_ops *ops;
	struct ssi_peer *peer;
	spinlock_t lock;
	u32 state;
	char reason[128];
	unsigned long last_rx;
	atomic64_t rx_msgs;
	atomic64_t tx_msgs;
	atomic64_t rx_bytes;
	atomic64_t tx_bytes;
	struct work_struct changed;
};

extern const struct ssi_transport_ops ssi_rdma_ops;
extern const struct ssi_transport_ops ssi_loop_ops;

void ssi_link_init(struct ssi_link *link, const struct ssi_transport_ops *ops,
		   struct ssi_peer *peer);
/* Right before the transport frees the link: no @changed runs any more. */
void ssi_link_fini(struct ssi_link *link);
bool ssi_link_is_up(struct ssi_link *link);

/*
 * The one state change function. Legal moves: DOWN -> CONNECTING, UP, REFUSED;
 * CONNECTING -> DOWN, UP, REFUSED; REFUSED -> CONNECTING, UP; UP -> LOST.
 * Others are ignored and return false. Any context.
 */
__printf(3, 4)
bool ssi_link_change_state(struct ssi_link *link, u32 state,
			   const char *fmt, ...);

/* Count a received message and hand it to the client. BH disabled or process. */
void ssi_link_recv(struct ssi_link *link, struct ssi_rx *rx);

/*
 * Hand a message that this node sends to itself to the client: @rx->msg and
 * @rx->region are set. BH disabled or process.
 */
void ssi_link_recv_local(struct ssi_rx *rx);

/* @link_client: whom links report to, for as long as the module is loaded. */
int ssi_transport_init(const struct ssi_link_client *link_client);
void ssi_transport_exit(void);

#endif /* _SSI_TRANSPORT_H */
