/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One RDMA connection: its data.
 */
#ifndef _SSI_RDMA_CONN_H
#define _SSI_RDMA_CONN_H

#include <linux/irq_poll.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>
#include <rdma/rdma_cm.h>
#include "net/node.h"
#include "net/peer.h"
#include "net/stream.h"

/* Receive buffers that are posted; some are reserved for credit messages. */
#define SSI_RDMA_RX_DEPTH	256
#define SSI_RDMA_RX_RESERVE	8
/* The number of credits in our hello. */
#define SSI_RDMA_CREDITS	(SSI_RDMA_RX_DEPTH - SSI_RDMA_RX_RESERVE)
/*
 * The same with security: then a CREDIT message may give back a single credit, and as many
 * such messages may be under way as there are credits. One more buffer is for the proof.
 */
#define SSI_RDMA_SEALED_CREDITS	120
static_assert(2 * SSI_RDMA_SEALED_CREDITS + 1 <= SSI_RDMA_RX_DEPTH);
/* Sends that are posted to the hardware at the same time. */
#define SSI_RDMA_TX_DEPTH	256
/* A message without a payload has at most this many headers. */
#define SSI_RDMA_BATCH		SSI_WIRE_BATCH

struct ssi_rdma_conn;
struct ssi_rdma_guard;

extern const struct ssi_carrier ssi_rdma_carrier;	/* rdma_cm.c */
extern const struct ssi_carrier ssi_rdma_secured_carrier;	/* the same */

/**
 * struct ssi_rdma_rx - a receive buffer: a whole page and space for one header
 * @cqe: completion
 * @list: entry of conn->refill while the buffer has no page
 * @wire: its two elements of conn->rx_wires; receives the bytes behind a full page
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
 * @done: the send is complete, but with security the slot waits for a credit
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
	bool done;
};

/**
 * struct ssi_rdma_conn - one attempt to connect, then the connection
 * @c: the part that all carriers share
 * @id: the rdma_cm id; the context of @id is this struct
 * @hello: accepting side: the hello of the other side
 * @pd: protection domain; it contains no memory region of ours
 * @cq: completions of both queues
 * @iop: the softirqs that poll @cq
 * @qp: same as @id->qp, until the queue pair is destroyed
 * @rx_wires: header buffers of @rx
 * @rx_wires_dma: the device's address of @rx_wires
 * @tx_wires: header buffers of @tx
 * @tx_wires_dma: the device's address of @tx_wires
 * @open: received messages go to the client at once; before, they wait in
 *	st->early; protected by st->lock
 * @removed: the device is being removed
 * @tx_posted: messages that are posted and not acknowledged by the device of
 *	the other side; protected by st->lock
 * @tx_free: unused struct ssi_rdma_tx; protected by st->lock
 * @tx_flight: posted struct ssi_rdma_tx, the oldest first; protected by st->lock
 * @refill: struct ssi_rdma_rx that need a page; protected by st->lock
 * @refill_work: allocates pages for the buffers in @refill
 * @notify_work: tells the connection manager that the connection is in use
 * @guard: its security, or NULL
 * @rx: receive buffers
 * @tx: slots of the send queue
 */
struct ssi_rdma_conn {
	struct ssi_stream_conn c;
	struct rdma_cm_id *id;
	struct ssi_wire_hello hello;
	struct ib_pd *pd;
	struct ib_cq *cq;
	struct irq_poll iop;
	struct ib_qp *qp;
	struct ssi_wire *rx_wires;
	u64 rx_wires_dma;
	struct ssi_wire *tx_wires;
	u64 tx_wires_dma;
	bool open;
	bool removed;
	u32 tx_posted;
	struct list_head tx_free;
	struct list_head tx_flight;
	struct list_head refill;
	struct work_struct refill_work;
	struct work_struct notify_work;
	struct ssi_rdma_guard *guard;
	struct ssi_rdma_rx rx[SSI_RDMA_RX_DEPTH];
	struct ssi_rdma_tx tx[SSI_RDMA_TX_DEPTH];
};

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
 * ssi_rdma_conn_heard() - the other side uses a connection
 * @conn: the connection, which may not be established here
 *
 * Tells the connection manager so: the packet that it waits for may be lost.
 *
 * Context: Any context; until ssi_rdma_verbs_teardown() has destroyed the queues.
 */
void ssi_rdma_conn_heard(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_conn_notify() - what ssi_rdma_conn_heard() does, in a task
 * @work: conn->notify_work
 */
void ssi_rdma_conn_notify(struct work_struct *work);

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

/* The number of credits in the hello of a link. */
static inline u32 ssi_rdma_credits(const struct ssi_stream *st)
{
	return st->link.peer->node->security ? SSI_RDMA_SEALED_CREDITS :
					       SSI_RDMA_CREDITS;
}

static inline struct ssi_rdma_conn *ssi_rdma_conn(struct ssi_stream_conn *conn)
{
	return container_of(conn, struct ssi_rdma_conn, c);
}

#endif /* _SSI_RDMA_CONN_H */
