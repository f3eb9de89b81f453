/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One RDMA connection: queue pair, buffers, credits. Knows nothing of rdma_cm
 * events; rdma_cm.c makes and breaks connections.
 */
#ifndef _SSI_RDMA_VERBS_H
#define _SSI_RDMA_VERBS_H

#include "net/rdma_conn.h"

/* A connection without verbs resources, or NULL. May sleep. */
struct ssi_rdma_conn *ssi_rdma_verbs_new(struct ssi_rdma_link *rl);

/*
 * Make queue pair and buffers on the device of conn->id and post all receive
 * buffers. 0 or a negative errno, after which ssi_rdma_verbs_free() cleans up.
 * May sleep.
 */
int ssi_rdma_verbs_setup(struct ssi_rdma_conn *conn);

/*
 * Both sides agreed: the link goes UP, what came early goes up, sends are
 * taken. @credits is what the other side's hello granted. May sleep.
 */
void ssi_rdma_verbs_open(struct ssi_rdma_conn *conn, u32 credits);

/* From now on nothing is posted; the link is told nothing. Any context. */
void ssi_rdma_verbs_kill(struct ssi_rdma_conn *conn);

/*
 * Undo setup, after kill: drain, destroy, unmap, free. No callback runs on
 * return. The queue pair goes, conn->id stays. May sleep.
 */
void ssi_rdma_verbs_teardown(struct ssi_rdma_conn *conn);

/* Free what ssi_rdma_verbs_new() made, after teardown and the end of the id. */
void ssi_rdma_verbs_free(struct ssi_rdma_conn *conn);

#endif /* _SSI_RDMA_VERBS_H */
