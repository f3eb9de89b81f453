/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sending over one RDMA connection: slots, credits, and the queue behind them.
 */
#ifndef _SSI_RDMA_SEND_H
#define _SSI_RDMA_SEND_H

#include "net/rdma_verbs.h"

/* 0 or a negative errno; undone by ssi_rdma_send_free(). May sleep. */
int ssi_rdma_send_init(struct ssi_rdma_conn *conn);
void ssi_rdma_send_free(struct ssi_rdma_conn *conn);

/* ops->send; see struct ssi_transport_ops. */
int ssi_rdma_send(struct ssi_link *link, const struct ssi_wire *msg,
		  struct page *page, u32 len, u64 defer_ns);

/* Credits came, or are owed: post what can be. Any context. */
void ssi_rdma_send_kick(struct ssi_rdma_conn *conn);

/* Of conn->defer_timer. */
enum hrtimer_restart ssi_rdma_send_timer(struct hrtimer *timer);

/*
 * Wait until everything sent before has arrived, for at most @timeout jiffies
 * or until the connection dies. May sleep.
 */
void ssi_rdma_send_flush(struct ssi_rdma_conn *conn, unsigned long timeout);

#endif /* _SSI_RDMA_SEND_H */
