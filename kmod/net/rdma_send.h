/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sending over one RDMA connection: slots of the send queue.
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
 * ssi_rdma_send_free() - free the slots
 * @conn: the connection; its queue pair is destroyed
 *
 * Messages that may not have arrived go back to the queue of the link.
 *
 * Context: May sleep; waits for memory.
 */
void ssi_rdma_send_free(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_send_proof() - send the proof of the side that connects
 * @conn: the connection, of a node with security; nothing was sent yet
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_rdma_send_proof(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_send_confirmed() - the other side has given back credits
 * @conn: the connection, of a node with security
 * @credits: how many
 *
 * So many more messages have arrived.
 *
 * Context: Any context, st->lock held.
 */
void ssi_rdma_send_confirmed(struct ssi_rdma_conn *conn, u32 credits);

/**
 * ssi_rdma_send_pump() - see @pump of struct ssi_carrier
 * @c: the connection
 *
 * Context: Any context, st->lock held.
 */
void ssi_rdma_send_pump(struct ssi_stream_conn *c);

/**
 * ssi_rdma_send_can_post() - see @can_post of struct ssi_carrier
 * @c: the connection
 *
 * Context: Any context, st->lock held.
 * Return: whether a slot is free.
 */
bool ssi_rdma_send_can_post(struct ssi_stream_conn *c);

/**
 * ssi_rdma_send_post() - see @post of struct ssi_carrier
 * @c: the connection
 * @msg: the header
 * @page: the payload, or NULL; its reference is consumed, also on error
 * @len: number of bytes of @page
 *
 * Context: Any context, st->lock held.
 */
void ssi_rdma_send_post(struct ssi_stream_conn *c, const struct ssi_wire *msg,
			struct page *page, u32 len);

/**
 * ssi_rdma_send_all_sent() - see @all_sent of struct ssi_carrier
 * @c: the connection
 *
 * Context: Any context, st->lock held.
 * Return: whether no SEND is under way.
 */
bool ssi_rdma_send_all_sent(struct ssi_stream_conn *c);

#endif /* _SSI_RDMA_SEND_H */
