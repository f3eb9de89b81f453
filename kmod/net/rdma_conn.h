/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One RDMA connection: its parts, and how it dies.
 */
#ifndef _SSI_RDMA_CONN_H
#define _SSI_RDMA_CONN_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>
#include <rdma/rdma_cm.h>
#include "net/transport.h"

/* Receive buffers posted, and how many of them are for credit messages. */
#define SSI_RDMA_RX_DEPTH	256
#define SSI_RDMA_RX_RESERVE	8
/* What hello.credits says. */
#define SSI_RDMA_CREDITS	(SSI_RDMA_RX_DEPTH - SSI_RDMA_RX_RESERVE)
/* Sends that the hardware has at once. */
#define SSI_RDMA_TX_DEPTH	256
/* Messages that can wait for credits when the allocator has nothing. */
#define SSI_RDMA_TX_RESERVE	512

/* Headers that a message without a payload has at most. */
#define SSI_RDMA_BATCH		SSI_WIRE_BATCH

#define SSI_RDMA_WIRE_LEN	((u32)sizeof(struct ssi_wire))

struct ssi_rdma_conn;

/**
 * struct ssi_rdma_link - a link over RDMA
 * @link: what all links have
 * @active: we connect; the other side has the lower id
 * @closing: close() has begun: @work does nothing, nothing is accepted
 * @lock: protects @conn, @reason and what struct ssi_rdma_conn says; taken in
 *	any context, inside the callers' locks
 * @conn: the attempt or connection, NULL between attempts
 * @reason: why the last connection ended
 * @work: reaps a dead connection, begins the next attempt
 */
struct ssi_rdma_link {
	struct ssi_link link;
	bool active;
	bool closing;
	spinlock_t lock;	/* see above */
	struct ssi_rdma_conn *conn;
	char reason[128];
	struct delayed_work work;
};

/**
 * struct ssi_rdma_rx - a receive buffer: a whole page, and room for a header
 * @cqe: completion
 * @list: in conn->refill while it has no page
 * @wire: its part of conn->rx_wires; what a full page does not take
 * @wire_dma: the device's address of @wire
 * @page: where a message goes, mapped; NULL while in conn->refill
 * @page_dma: the device's address of @page
 */
struct ssi_rdma_rx {
	struct ib_cqe cqe;
	struct list_head list;
	struct ssi_wire *wire;
	u64 wire_dma;
	struct page *page;
	u64 page_dma;
};

/**
 * struct ssi_rdma_tx - a slot of the send queue
 * @cqe: completion
 * @list: in conn->tx_free while unused
 * @wire: its part of conn->tx_wires, SSI_RDMA_BATCH of them
 * @wire_dma: the device's address of @wire
 * @page: the payload, mapped, with a reference; or NULL
 * @page_dma: the device's address of @page
 * @len: bytes of @page that are sent
 */
struct ssi_rdma_tx {
	struct ib_cqe cqe;
	struct list_head list;
	struct ssi_wire *wire;
	u64 wire_dma;
	struct page *page;
	u64 page_dma;
	u32 len;
};

/**
 * struct ssi_rdma_conn - one attempt to connect, and what comes of it
 * @rl: the link it is for
 * @id: rdma_cm's id; its context is this struct
 * @deadline: jiffies when an attempt that is not @ready is given up
 * @hello_credits: passive side: what the other side's hello granted
 * @pd: protection domain, without any memory region of ours in it
 * @cq: completions of both queues, in softirq
 * @qp: same as @id->qp, until it is destroyed
 * @rx_wires: what follows the pages of @rx
 * @rx_wires_dma: the device's address of @rx_wires
 * @tx_wires: headers of @tx
 * @tx_wires_dma: the device's address of @tx_wires
 * @ready: rl->lock: both sides agreed; sends are taken
 * @open: rl->lock: receives go up at once; before, they wait in @early
 * @dead: rl->lock: failed or given up; nothing is posted any more
 * @rx_stopped: completions only: receives do not go up any more
 * @credits: rl->lock: messages that the other side has buffers for
 * @credits_max: rl->lock: how many that were at the beginning
 * @owed: rl->lock: buffers posted again that the other side does not know of
 * @tx_posted: rl->lock: messages that the other side's device may not have yet
 * @tx_free: rl->lock: slots of others
 * @tx_queue: rl->lock: struct ssi_rdma_wait, first in first out
 * @tx_queued: rl->lock: how many there are
 * @flush: rl->lock: one of @tx_queue must not be deferred
 * @defer_armed: rl->lock: @defer_timer is running
 * @defer_timer: sends the deferred messages of @tx_queue
 * @early: rl->lock: struct ssi_rx that came before ESTABLISHED
 * @refill: rl->lock: struct ssi_rdma_rx that wait for a page
 * @waits: where entries of @tx_queue come from
 * @refill_work: serves @refill
 * @arrived: woken when @tx_posted falls, or @dead
 * @rx: receive buffers
 * @tx: slots of the send queue
 */
struct ssi_rdma_conn {
	struct ssi_rdma_link *rl;
	struct rdma_cm_id *id;
	unsigned long deadline;
	u32 hello_credits;
	struct ib_pd *pd;
	struct ib_cq *cq;
	struct ib_qp *qp;
	struct ssi_wire *rx_wires;
	u64 rx_wires_dma;
	struct ssi_wire *tx_wires;
	u64 tx_wires_dma;
	bool ready;
	bool open;
	bool dead;
	bool rx_stopped;
	u32 credits;
	u32 credits_max;
	u32 owed;
	u32 tx_posted;
	struct list_head tx_free;
	struct list_head tx_queue;
	u32 tx_queued;
	bool flush;
	bool defer_armed;
	struct hrtimer defer_timer;
	struct list_head early;
	struct list_head refill;
	mempool_t *waits;
	struct work_struct refill_work;
	wait_queue_head_t arrived;
	struct ssi_rdma_rx rx[SSI_RDMA_RX_DEPTH];
	struct ssi_rdma_tx tx[SSI_RDMA_TX_DEPTH];
};

/*
 * The connection is over because of @fmt. A link that is UP goes LOST; one
 * that is not goes to @state (DOWN or REFUSED) if we are the side that
 * connects. Only the first call for a connection counts. rl->work reaps it.
 * Any context.
 */
__printf(3, 4)
void ssi_rdma_conn_fail(struct ssi_rdma_conn *conn, u32 state,
			const char *fmt, ...);

/*
 * The two halves of ssi_rdma_conn_fail(), for who holds rl->lock: mark the
 * connection dead; true if it was not, in which case tell the link, after the
 * lock was released. The connection may be gone by then. Any context.
 */
__printf(2, 3)
bool ssi_rdma_conn_mark_dead(struct ssi_rdma_conn *conn, const char *fmt, ...);
void ssi_rdma_conn_tell_dead(struct ssi_rdma_link *rl, u32 state);

/*
 * A request of @what ("sending to", "receiving from") did not succeed. One that
 * was flushed only follows from a death that is known by other means.
 */
void ssi_rdma_conn_wc_failed(struct ssi_rdma_conn *conn, const char *what,
			     const struct ib_wc *wc);

/*
 * @nr headers, mapped for the device at @dma, or NULL. They lie together, away
 * from anything else that shares a cache line. May sleep.
 */
struct ssi_wire *ssi_rdma_conn_wires_new(struct ssi_rdma_conn *conn, u32 nr,
					 enum dma_data_direction dir,
					 u64 *dma);
void ssi_rdma_conn_wires_free(struct ssi_rdma_conn *conn,
			      struct ssi_wire *wires, u64 dma, u32 nr,
			      enum dma_data_direction dir);

static inline struct ssi_rdma_link *ssi_rdma_link(struct ssi_link *link)
{
	return container_of(link, struct ssi_rdma_link, link);
}

#endif /* _SSI_RDMA_CONN_H */
