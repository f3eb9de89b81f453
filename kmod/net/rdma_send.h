/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sending over one RDMA connection: slots, credits, and the queue behind them.
 */
#ifndef _SSI_RDMA_SEND_H
#define _SSI_RDMA_SEND_H

#include "net/rdma_verbs.h"

/**
 * ssi_rdma_send_link_init() - make the queue of a link
 * @rl: the link
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_rdma_send_link_init(struct ssi_rdma_link *rl);

/**
 * ssi_rdma_send_link_free() - free the queue of a link and all messages in it
 * @rl: the link; it has no connection
 */
void ssi_rdma_send_link_free(struct ssi_rdma_link *rl);

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
 * ssi_rdma_send_free() - free the slots
 * @conn: the connection; its queue pair is destroyed
 *
 * Messages that may not have arrived go back to the queue of the link.
 *
 * Context: May sleep; waits for memory.
 */
void ssi_rdma_send_free(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_send_resume() - continue after the last message that has arrived
 * @rl: the link; it has no connection that sends
 * @received: the number of messages that the other side says it has received
 *
 * The messages after that are sent again over the next connection.
 *
 * Context: Any context. Takes rl->lock.
 * Return: false if the number is impossible: fewer messages than have arrived
 *	for certain, or more than were sent.
 */
bool ssi_rdma_send_resume(struct ssi_rdma_link *rl, u64 received);

/**
 * ssi_rdma_send_drop() - drop all messages that wait; the link is lost
 * @rl: the link
 *
 * Context: Any context. Takes rl->lock.
 */
void ssi_rdma_send_drop(struct ssi_rdma_link *rl);

/**
 * ssi_rdma_send_bye() - tell the other side that this one closes the link
 * @conn: the connection
 *
 * Context: Any context. Takes rl->lock.
 */
void ssi_rdma_send_bye(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_send() - send a message; see @send of struct ssi_transport_ops
 * @link: the link
 * @msg: the header
 * @page: the payload, or NULL; its reference is consumed, also on error
 * @len: number of bytes of @page
 * @defer_ns: the message may be deferred for this many ns
 *
 * Context: Any context, never sleeps.
 * Return: 0, or -ENOTCONN if the link is neither UP nor INTERRUPTED.
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
