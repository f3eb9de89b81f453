/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One RDMA connection: its data, and its end after an error.
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

/* Receive buffers that are posted; some are reserved for credit messages. */
#define SSI_RDMA_RX_DEPTH	256
#define SSI_RDMA_RX_RESERVE	8
/* The number of credits in our hello. */
#define SSI_RDMA_CREDITS	(SSI_RDMA_RX_DEPTH - SSI_RDMA_RX_RESERVE)
/* Sends that are posted to the hardware at the same time. */
#define SSI_RDMA_TX_DEPTH	256
/* Messages that can wait for credits when the allocator has no memory. */
#define SSI_RDMA_TX_RESERVE	512
/*
 * Messages that can wait for credits at all. All but hints are requests, answers
 * to requests, and messages of programs. A node has few requests under way at a
 * time: its CPUs and read-ahead wait for them. So if this many messages wait,
 * the other side asks for more and more and does not take the answers.
 */
#define SSI_RDMA_TX_MAX		65536

/* A message without a payload has at most this many headers. */
#define SSI_RDMA_BATCH		SSI_WIRE_BATCH

#define SSI_RDMA_WIRE_LEN	((u32)sizeof(struct ssi_wire))

struct ssi_rdma_conn;

/**
 * struct ssi_rdma_link - a link over RDMA: all that outlives a connection
 * @link: the part that all transports share
 * @active: this node connects, because the other node has the lower id
 * @closing: close() has begun: @work does nothing, no request is accepted
 * @life: a random number, not 0, that tells this link from earlier ones of the
 *	same node ids
 * @mtu: limit of our packets (enum ib_mtu), because the other side's network
 *	allows no longer ones; 0: none
 * @lock: protects the fields below except @early_rx's messages, and the fields of
 *	struct ssi_rdma_conn that name it; taken in any context, inside the locks
 *	of the callers, outside @link.lock
 * @conn: the attempt or connection, NULL between attempts
 * @reason: why the last connection ended
 * @peer_life: @life of the other side, 0 if no connection was made yet
 * @tx_queue: struct ssi_rdma_wait, first in, first out
 * @tx_queued: number of entries of @tx_queue
 * @flush: an entry of @tx_queue must not be deferred
 * @waits: memory pool of the entries of @tx_queue
 * @tx_sent: number of messages that were posted, or are at the head of @tx_queue
 *	because the connection ended before it was known whether they arrived
 * @tx_arrived: how many of them have arrived for certain
 * @rx_count: number of messages that have arrived here, CREDIT not counted
 * @early: struct ssi_rx that arrived before ESTABLISHED
 * @stuck_at: @tx_arrived when the link was interrupted last
 * @grace_end: time in jiffies when a link that is INTERRUPTED is lost
 * @grace: work that loses the link then
 * @work: reaps a dead connection and begins the next attempt
 */
struct ssi_rdma_link {
	struct ssi_link link;
	bool active;
	bool closing;
	u32 life;
	u32 mtu;
	spinlock_t lock;	/* see above */
	struct ssi_rdma_conn *conn;
	char reason[128];
	u32 peer_life;
	struct list_head tx_queue;
	u32 tx_queued;
	bool flush;
	mempool_t *waits;
	u64 tx_sent;
	u64 tx_arrived;
	u64 rx_count;
	struct list_head early;
	u64 stuck_at;
	unsigned long grace_end;
	struct delayed_work grace;
	struct delayed_work work;
};

/**
 * struct ssi_rdma_rx - a receive buffer: a whole page and space for one header
 * @cqe: completion
 * @list: entry of conn->refill while the buffer has no page
 * @wire: its element of conn->rx_wires; receives the bytes behind a full page
 * @wire_dma: the device's address of @wire
 * @page: receives the message, mapped for DMA; NULL while in conn->refill
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
 * @list: entry of conn->tx_free, or of conn->tx_flight
 * @nr: number of messages in it; 0 for CREDIT, which is never sent again
 * @wire: its SSI_RDMA_BATCH elements of conn->tx_wires
 * @wire_dma: the device's address of @wire
 * @page: the payload, with a page reference; or NULL
 * @mapped: @page is mapped for DMA
 * @page_dma: the device's address of @page
 * @len: number of bytes of @page to send
 */
struct ssi_rdma_tx {
	struct ib_cqe cqe;
	struct list_head list;
	u32 nr;
	struct ssi_wire *wire;
	u64 wire_dma;
	struct page *page;
	bool mapped;
	u64 page_dma;
	u32 len;
};

/**
 * struct ssi_rdma_conn - one attempt to connect, then the connection
 * @rl: the link that it belongs to
 * @id: the rdma_cm id; the context of @id is this struct
 * @deadline: time in jiffies when an attempt that is not @ready is given up
 * @hello: accepting side: the hello of the other side
 * @pd: protection domain; it contains no memory region of ours
 * @cq: completions of both queues, in softirq
 * @qp: same as @id->qp, until the queue pair is destroyed
 * @rx_wires: header buffers of @rx
 * @rx_wires_dma: the device's address of @rx_wires
 * @tx_wires: header buffers of @tx
 * @tx_wires_dma: the device's address of @tx_wires
 * @ready: both sides agreed, so ssi_rdma_send() accepts messages; protected by
 *	rl->lock
 * @open: received messages go to the client at once; before, they wait in
 *	rl->early; protected by rl->lock
 * @dead: the connection failed or was given up, nothing is posted any more;
 *	protected by rl->lock
 * @lost: the reason of @dead means the end of the link; protected by rl->lock
 * @removed: the device is being removed
 * @rx_stopped: receive stopped: received messages no longer go to the client;
 *	only the completion handler uses it
 * @credits: messages for which the other side has a free receive buffer;
 *	protected by rl->lock
 * @credits_max: the value of @credits at the beginning; protected by rl->lock
 * @granted: messages that the other side may still send; protected by rl->lock
 * @owed: receive buffers that were posted again, but whose credit was not given
 *	back yet; protected by rl->lock
 * @tx_posted: messages that are posted and not acknowledged by the device of
 *	the other side; protected by rl->lock
 * @tx_free: unused struct ssi_rdma_tx; protected by rl->lock
 * @tx_flight: posted struct ssi_rdma_tx, the oldest first; protected by rl->lock
 * @defer_armed: @defer_timer is running; protected by rl->lock
 * @defer_timer: sends the deferred messages of rl->tx_queue
 * @refill: struct ssi_rdma_rx that need a page; protected by rl->lock
 * @refill_work: allocates pages for the buffers in @refill
 * @arrived: wait queue, woken when @tx_posted falls or @dead is set
 * @rx: receive buffers
 * @tx: slots of the send queue
 */
struct ssi_rdma_conn {
	struct ssi_rdma_link *rl;
	struct rdma_cm_id *id;
	unsigned long deadline;
	struct ssi_wire_hello hello;
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
	bool lost;
	bool removed;
	bool rx_stopped;
	u32 credits;
	u32 credits_max;
	u32 granted;
	u32 owed;
	u32 tx_posted;
	struct list_head tx_free;
	struct list_head tx_flight;
	bool defer_armed;
	struct hrtimer defer_timer;
	struct list_head refill;
	struct work_struct refill_work;
	wait_queue_head_t arrived;
	struct ssi_rdma_rx rx[SSI_RDMA_RX_DEPTH];
	struct ssi_rdma_tx tx[SSI_RDMA_TX_DEPTH];
};

/**
 * ssi_rdma_conn_fail() - end a connection because of an error
 * @conn: the connection
 * @state: LOST: the link must not continue either. DOWN or REFUSED: it may; this
 *	is the new state of a link that was never UP, on the side that connects
 * @fmt: the reason, one sentence
 *
 * A link that is UP goes to INTERRUPTED, or to LOST if it must not continue or
 * if the peer has no grace period. Only the first call for a connection has an
 * effect, and the first one with LOST. rl->work reaps the connection.
 *
 * Context: Any context. Takes rl->lock and the lock of the link.
 */
__printf(3, 4)
void ssi_rdma_conn_fail(struct ssi_rdma_conn *conn, u32 state,
			const char *fmt, ...);

/**
 * ssi_rdma_conn_mark_dead() - ssi_rdma_conn_fail() for callers with rl->lock
 * @conn: the connection
 * @state: as for ssi_rdma_conn_fail()
 * @fmt: the reason, one sentence
 *
 * Context: Any context, rl->lock held.
 */
__printf(3, 4)
void ssi_rdma_conn_mark_dead(struct ssi_rdma_conn *conn, u32 state,
			     const char *fmt, ...);

/**
 * ssi_rdma_conn_interrupt() - end the connection of a link that is UP
 * @link: the link
 * @reason: the reason, one sentence
 *
 * Context: Any context. Takes rl->lock and the lock of the link.
 */
void ssi_rdma_conn_interrupt(struct ssi_link *link, const char *reason);

/**
 * ssi_rdma_conn_grace() - lose a link that was INTERRUPTED for too long
 * @work: rl->grace
 *
 * Context: Process context.
 */
void ssi_rdma_conn_grace(struct work_struct *work);

/**
 * ssi_rdma_conn_wc_failed() - handle a work completion with an error
 * @conn: the connection
 * @what: the operation: "sending to" or "receiving from"
 * @wc: the work completion
 *
 * A flushed work request is ignored: it is a consequence of an earlier error,
 * which is reported on its own.
 *
 * Context: Any context.
 */
void ssi_rdma_conn_wc_failed(struct ssi_rdma_conn *conn, const char *what,
			     const struct ib_wc *wc);

/**
 * ssi_rdma_conn_wires_new() - allocate and map headers
 * @conn: the connection; its pd exists
 * @nr: number of headers
 * @dir: direction of the DMA
 * @dma: result: the address for the device
 *
 * All headers are in one allocation of their own, so they share no cache line
 * with other data.
 *
 * Context: May sleep.
 * Return: the headers, or NULL if there is no memory.
 */
struct ssi_wire *ssi_rdma_conn_wires_new(struct ssi_rdma_conn *conn, u32 nr,
					 enum dma_data_direction dir,
					 u64 *dma);

/**
 * ssi_rdma_conn_wires_free() - undo ssi_rdma_conn_wires_new()
 * @conn: the connection
 * @wires: the headers, or NULL
 * @dma: their address for the device
 * @nr: number of headers
 * @dir: direction of the DMA
 */
void ssi_rdma_conn_wires_free(struct ssi_rdma_conn *conn,
			      struct ssi_wire *wires, u64 dma, u32 nr,
			      enum dma_data_direction dir);

static inline struct ssi_rdma_link *ssi_rdma_link(struct ssi_link *link)
{
	return container_of(link, struct ssi_rdma_link, link);
}

#endif /* _SSI_RDMA_CONN_H */
