// SPDX-License-Identifier: GPL-2.0-only
/*
 * One RDMA connection: failed completions, and the memory of its headers.
 */
#include <linux/slab.h>

#include "net/peer.h"
#include "net/rdma_conn.h"

/*
 * A flushed work request is a consequence of an earlier error, which is
 * reported on its own. A message that is too long breaks the protocol.
 */
void ssi_rdma_conn_wc_failed(struct ssi_rdma_conn *conn, const char *what,
			     const struct ib_wc *wc)
{
	bool too_long = wc->status == IB_WC_LOC_LEN_ERR;
	/* With security another host can have sent it. */
	u32 state = too_long && !conn->guard ? SSI_DSM_LINK_LOST :
					       SSI_DSM_LINK_DOWN;

	if (too_long && conn->guard)
		atomic64_inc(&conn->c.st->link.forged);
	if (wc->status != IB_WC_WR_FLUSH_ERR)
		ssi_stream_fail(&conn->c, state, "%s node %u failed: %s", what,
				conn->c.st->link.peer->id,
				ib_wc_status_msg(wc->status));
}

/*
 * A task of ib_cm can hold the lock that ib_cm_notify() takes while it waits for the
 * lock of an xarray, which other tasks hold with softirqs enabled. So a softirq must
 * not call ib_cm_notify(): it could have interrupted one of them.
 */
void ssi_rdma_conn_notify(struct work_struct *work)
{
	struct ssi_rdma_conn *conn = container_of(work, struct ssi_rdma_conn,
						  notify_work);

	rdma_notify(conn->id, IB_EVENT_COMM_EST);
}

void ssi_rdma_conn_heard(struct ssi_rdma_conn *conn)
{
	queue_work(ssi_conn_wq, &conn->notify_work);
}

/*
 * All headers are in one allocation of their own, so they share no cache line
 * with other data.
 */
struct ssi_wire *ssi_rdma_conn_wires_new(struct ssi_rdma_conn *conn, u32 nr,
					 enum dma_data_direction dir, u64 *dma)
{
	struct ssi_wire *wires = kcalloc(nr, SSI_STREAM_WIRE_LEN, GFP_KERNEL);
	struct ib_device *dev = conn->pd->device;

	if (!wires)
		return NULL;
	*dma = ib_dma_map_single(dev, wires, nr * SSI_STREAM_WIRE_LEN, dir);
	if (ib_dma_mapping_error(dev, *dma)) {
		kfree(wires);
		return NULL;
	}
	return wires;
}

void ssi_rdma_conn_wires_free(struct ssi_rdma_conn *conn,
			      struct ssi_wire *wires, u64 dma, u32 nr,
			      enum dma_data_direction dir)
{
	if (!wires)
		return;
	ib_dma_unmap_single(conn->pd->device, dma, nr * SSI_STREAM_WIRE_LEN,
			    dir);
	kfree(wires);
}
