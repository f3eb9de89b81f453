/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Receiving over one RDMA connection: buffers, and the messages in them.
 */
#ifndef _SSI_RDMA_RECV_H
#define _SSI_RDMA_RECV_H

#include "net/rdma_verbs.h"

/**
 * ssi_rdma_recv_init() - allocate the receive buffers of a connection
 * @conn: the connection
 *
 * Undone by ssi_rdma_recv_free(), also after an error.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_rdma_recv_init(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_recv_free() - free the receive buffers of a connection
 * @conn: the connection; its queue pair is destroyed
 */
void ssi_rdma_recv_free(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_recv_post() - post all receive buffers
 * @conn: the connection
 *
 * Return: 0 or a negative errno.
 */
int ssi_rdma_recv_post(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_recv_open() - let received messages go to the client
 * @conn: the connection
 *
 * First the client gets the messages that arrived before ESTABLISHED. After
 * that, each message goes to the client as soon as it is received.
 *
 * Context: May sleep.
 */
void ssi_rdma_recv_open(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_recv_refill() - allocate pages for the buffers that have none
 * @work: conn->refill_work
 *
 * Context: Process context, sleeps until there is memory.
 */
void ssi_rdma_recv_refill(struct work_struct *work);

#endif /* _SSI_RDMA_RECV_H */
