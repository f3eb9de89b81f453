/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The completion queue of one RDMA connection.
 */
#ifndef _SSI_RDMA_CQ_H
#define _SSI_RDMA_CQ_H

#include "net/rdma_conn.h"

/**
 * ssi_rdma_cq_new() - make the completion queue of a connection
 * @conn: the connection; its id has a device
 *
 * Softirqs poll it from now on, one at a time.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_rdma_cq_new(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_cq_free() - free the completion queue
 * @conn: the connection; its queue pair is destroyed
 *
 * Context: May sleep.
 */
void ssi_rdma_cq_free(struct ssi_rdma_conn *conn);

#endif /* _SSI_RDMA_CQ_H */
