// SPDX-License-Identifier: GPL-2.0-only
/*
 * One RDMA connection: its end after an error, and the memory of its headers.
 */
#include <linux/slab.h>

#include "net/peer.h"
#include "net/rdma_conn.h"

__printf(2, 0)
static bool mark_dead(struct ssi_rdma_conn *conn, const char *fmt, va_list args)
{
	lockdep_assert_held(&conn->rl->lock);
	if (conn->dead)
		return false;
	WRITE_ONCE(conn->dead, true);
	vscnprintf(conn->rl->reason, sizeof(conn->rl->reason), fmt, args);
	wake_up(&conn->arrived);
	return true;
}

bool ssi_rdma_conn_mark_dead(struct ssi_rdma_conn *conn, const char *fmt, ...)
{
	va_list args;
	bool first;

	va_start(args, fmt);
	first = mark_dead(conn, fmt, args);
	va_end(args);
	return first;
}

static bool link_says(struct ssi_link *link, u32 state, const char *reason)
{
	unsigned long flags;
	bool same;

	spin_lock_irqsave(&link->lock, flags);
	same = link->state == state && !strcmp(link->reason, reason);
	spin_unlock_irqrestore(&link->lock, flags);
	return same;
}

/*
 * A link that was never UP is tried again and again, most of the time with the
 * same result. An equal result raises no event.
 */
void ssi_rdma_conn_tell_dead(struct ssi_rdma_link *rl, u32 state)
{
	char reason[sizeof(rl->reason)];
	unsigned long flags;

	spin_lock_irqsave(&rl->lock, flags);
	strscpy(reason, rl->reason, sizeof(reason));
	spin_unlock_irqrestore(&rl->lock, flags);

	if (!ssi_link_change_state(&rl->link, SSI_DSM_LINK_LOST, "%s",
				   reason) &&
	    rl->active && !link_says(&rl->link, state, reason)) {
		ssi_link_change_state(&rl->link, SSI_DSM_LINK_CONNECTING, "%s", "");
		ssi_link_change_state(&rl->link, state, "%s", reason);
	}
	mod_delayed_work(ssi_conn_wq, &rl->work, 0);
}

void ssi_rdma_conn_fail(struct ssi_rdma_conn *conn, u32 state,
			const char *fmt, ...)
{
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;
	va_list args;
	bool first;

	va_start(args, fmt);
	spin_lock_irqsave(&rl->lock, flags);
	first = mark_dead(conn, fmt, args);
	spin_unlock_irqrestore(&rl->lock, flags);
	va_end(args);
	if (first)
		ssi_rdma_conn_tell_dead(rl, state);
}

/*
 * A flushed work request is a consequence of an earlier error, which is
 * reported on its own.
 */
void ssi_rdma_conn_wc_failed(struct ssi_rdma_conn *conn, const char *what,
			     const struct ib_wc *wc)
{
	if (wc->status != IB_WC_WR_FLUSH_ERR)
		ssi_rdma_conn_fail(conn, SSI_DSM_LINK_DOWN,
				   "%s node %u failed: %s", what,
				   conn->rl->link.peer->id,
				   ib_wc_status_msg(wc->status));
}

/*
 * All headers are in one allocation of their own, so they share no cache line
 * with other data.
 */
struct ssi_wire *ssi_rdma_conn_wires_new(struct ssi_rdma_conn *conn, u32 nr,
					 enum dma_data_direction dir, u64 *dma)
{
	struct ssi_wire *wires = kcalloc(nr, SSI_RDMA_WIRE_LEN, GFP_KERNEL);
	struct ib_device *dev = conn->pd->device;

	if (!wires)
		return NULL;
	*dma = ib_dma_map_single(dev, wires, nr * SSI_RDMA_WIRE_LEN, dir);
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
	ib_dma_unmap_single(conn->pd->device, dma, nr * SSI_RDMA_WIRE_LEN,
			    dir);
	kfree(wires);
}
