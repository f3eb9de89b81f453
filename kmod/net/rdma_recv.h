/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Receiving over one RDMA connection: buffers, and the messages in them.
 */
#ifndef _SSI_RDMA_RECV_H
#define _SSI_RDMA_RECV_H

#include "net/rdma_verbs.h"

/* 0 or a negative errno; undone by ssi_rdma_recv_free(). May sleep. */
int ssi_rdma_recv_init(struct ssi_rdma_conn *conn);
void ssi_rdma_recv_free(struct ssi_rdma_conn *conn);

/* Post all buffers. 0 or a negative errno. */
int ssi_rdma_recv_post(struct ssi_rdma_conn *conn);

/* Hand up what came early; from now on all goes up at once. May sleep. */
void ssi_rdma_recv_open(struct ssi_rdma_conn *conn);

/* conn->refill_work: pages for the buffers that have none. */
void ssi_rdma_recv_refill(struct work_struct *work);

#endif /* _SSI_RDMA_RECV_H */
