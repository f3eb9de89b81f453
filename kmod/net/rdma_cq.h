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
 * Softirqs and the service thread poll it from now on, never at the same time.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_rdma_cq_new(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_cq_leave_service() - from now on only softirqs poll the queue
 * @conn: the connection
 *
 * The service thread does not refer to the connection any more.
 *
 * Context: May sleep.
 */
void ssi_rdma_cq_leave_service(struct ssi_rdma_conn *conn);

/**
 * ssi_rdma_cq_free() - free the completion queue
 * @conn: the connection; its queue pair is destroyed, and
 *	ssi_rdma_cq_leave_service() was called
 *
 * Context: May sleep.
 */
void ssi_rdma_cq_free(struct ssi_rdma_conn *conn);

#endif /* _SSI_RDMA_CQ_H */
