/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sending over one RDMA connection: slots, credits, and the queue behind them.
 */
#ifndef _SSI_RDMA_SEND_H
#define _SSI_RDMA_SEND_H

#include "net/rdma_verbs.h"

/**
 * ssi_rdma_send_init() - allocate the slots of the send queue
 * @conn: the connection
 *
 * Undone by ssi_rdma_send_free(), also after an error.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_rdma_send_init(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_send_free() - free the slots and the messages that still wait
 * @conn: the connection; its queue pair is destroyed
 */
void ssi_rdma_send_free(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_send() - send a message; see @send of struct ssi_transport_ops
 * @link: the link
 * @msg: the header
 * @page: the payload, or NULL; its reference is consumed, also on error
 * @len: number of bytes of @page
 * @defer_ns: the message may be deferred for this many ns
 *
 * Context: Any context, never sleeps.
 * Return: 0, or -ENOTCONN if the link is not UP.
 */
int ssi_rdma_send(struct ssi_link *link, const struct ssi_wire *msg,
		  struct page *page, u32 len, u64 defer_ns);

/**
 * ssi_rdma_send_kick() - post all that credits and slots allow
 * @conn: the connection
 *
 * To be called after credits have arrived or have become owed.
 *
 * Context: Any context.
 */
void ssi_rdma_send_kick(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_send_timer() - post the deferred messages
 * @timer: conn->defer_timer
 *
 * Context: Softirq.
 * Return: HRTIMER_NORESTART.
 */
enum hrtimer_restart ssi_rdma_send_timer(struct hrtimer *timer);

/**
 * ssi_rdma_send_flush() - wait until all messages have arrived
 * @conn: the connection; no new message is sent
 * @timeout: limit in jiffies
 *
 * Returns early if the connection dies.
 *
 * Context: May sleep.
 */
void ssi_rdma_send_flush(struct ssi_rdma_conn *conn, unsigned long timeout);

#endif /* _SSI_RDMA_SEND_H */
