/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One RDMA connection: queue pair, buffers, credits. rdma_cm.c handles the
 * events of rdma_cm and makes and breaks connections.
 */
#ifndef _SSI_RDMA_VERBS_H
#define _SSI_RDMA_VERBS_H

#include "net/rdma_conn.h"

/**
 * ssi_rdma_verbs_new() - allocate a connection without verbs resources
 * @st: the link
 * @carrier: that of rdma
 *
 * Context: May sleep.
 * Return: the connection, or NULL if there is no memory.
 */
struct ssi_rdma_conn *ssi_rdma_verbs_new(struct ssi_stream *st,
					 const struct ssi_carrier *carrier);

/**
 * ssi_rdma_verbs_setup() - create the queue pair and post all receive buffers
 * @conn: the connection; conn->id has a device
 *
 * After an error the caller calls ssi_rdma_verbs_teardown(), then
 * ssi_rdma_verbs_free().
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_rdma_verbs_setup(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_verbs_open() - begin to use a connection that both sides agreed on
 * @conn: the connection
 * @credits: the credits that the hello of the other side granted
 *
 * The link goes UP, the client gets the messages that arrived early, and sends
 * are accepted.
 *
 * Context: May sleep.
 */
void ssi_rdma_verbs_open(struct ssi_rdma_conn *conn, u32 credits);

/**
 * ssi_rdma_verbs_teardown() - undo ssi_rdma_verbs_setup()
 * @conn: the connection; ssi_rdma_verbs_kill() was called
 *
 * Drains and destroys the queue pair, unmaps and frees the buffers. conn->id
 * remains. After the return no callback runs.
 *
 * Context: May sleep.
 */
void ssi_rdma_verbs_teardown(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_verbs_free() - free a connection
 * @conn: the connection; it is torn down and its id is destroyed
 */
void ssi_rdma_verbs_free(struct ssi_rdma_conn *conn);

#endif /* _SSI_RDMA_VERBS_H */
