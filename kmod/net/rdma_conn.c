// SPDX-License-Identifier: GPL-2.0-only
/*
 * One RDMA connection: its end after an error, and the memory of its headers.
 */
#include <linux/slab.h>

#include "net/peer.h"
#include "net/rdma_conn.h"

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
static void report_attempt(struct ssi_rdma_link *rl, u32 state)
{
	if (!rl->active || link_says(&rl->link, state, rl->reason))
		return;
	ssi_link_change_state(&rl->link, SSI_DSM_LINK_CONNECTING, "%s", "");
	ssi_link_change_state(&rl->link, state, "%s", rl->reason);
}

/*
 * The grace period begins with the interruption. But it goes on if nothing has
 * arrived at the other side since the last one, although messages wait: a link
 * that is connected again and again and carries nothing is lost, too.
 */
static void begin_grace(struct ssi_rdma_link *rl)
{
	unsigned long now = jiffies;
	bool idle = !rl->tx_queued && rl->tx_sent == rl->tx_arrived;

	if (idle || rl->tx_arrived != rl->stuck_at)
		rl->grace_end = now + msecs_to_jiffies(rl->link.peer->grace_ms);
	rl->stuck_at = rl->tx_arrived;
	mod_delayed_work(ssi_link_wq, &rl->grace,
			 time_after(rl->grace_end, now) ? rl->grace_end - now : 0);
}

static void report_end(struct ssi_rdma_link *rl, u32 state)
{
	struct ssi_link *link = &rl->link;

	if ((state == SSI_DSM_LINK_LOST || !link->peer->grace_ms) &&
	    ssi_link_change_state(link, SSI_DSM_LINK_LOST, "%s", rl->reason))
		return;
	if (ssi_link_change_state(link, SSI_DSM_LINK_INTERRUPTED, "%s",
				  rl->reason))
		begin_grace(rl);
	else
		report_attempt(rl, state == SSI_DSM_LINK_LOST ?
				   SSI_DSM_LINK_DOWN : state);
}

/*
 * All under rl->lock: once rl->work sees that the connection is dead, and makes
 * the next one, nobody reports the end of this one any more.
 */
__printf(3, 0)
static void mark_dead(struct ssi_rdma_conn *conn, u32 state, const char *fmt,
		      va_list args)
{
	struct ssi_rdma_link *rl = conn->rl;

	lockdep_assert_held(&rl->lock);
	if (conn->dead && (conn->lost || state != SSI_DSM_LINK_LOST))
		return;
	WRITE_ONCE(conn->dead, true);
	conn->lost = state == SSI_DSM_LINK_LOST;
	vscnprintf(rl->reason, sizeof(rl->reason), fmt, args);
	report_end(rl, state);
	wake_up(&conn->arrived);
	mod_delayed_work(ssi_conn_wq, &rl->work, 0);
}

void ssi_rdma_conn_mark_dead(struct ssi_rdma_conn *conn, u32 state,
			     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	mark_dead(conn, state, fmt, args);
	va_end(args);
}

void ssi_rdma_conn_fail(struct ssi_rdma_conn *conn, u32 state,
			const char *fmt, ...)
{
	struct ssi_rdma_link *rl = conn->rl;
	unsigned long flags;
	va_list args;

	va_start(args, fmt);
	spin_lock_irqsave(&rl->lock, flags);
	mark_dead(conn, state, fmt, args);
	spin_unlock_irqrestore(&rl->lock, flags);
	va_end(args);
}

void ssi_rdma_conn_interrupt(struct ssi_link *link, const char *reason)
{
	struct ssi_rdma_link *rl = ssi_rdma_link(link);
	unsigned long flags;

	spin_lock_irqsave(&rl->lock, flags);
	if (rl->conn && rl->conn->ready)
		ssi_rdma_conn_mark_dead(rl->conn, SSI_DSM_LINK_DOWN, "%s",
					reason);
	spin_unlock_irqrestore(&rl->lock, flags);
}

void ssi_rdma_conn_grace(struct work_struct *work)
{
	struct ssi_rdma_link *rl = container_of(to_delayed_work(work),
						struct ssi_rdma_link, grace);
	struct ssi_link *link = &rl->link;
	char reason[sizeof(link->reason)];
	unsigned long flags;

	spin_lock_irqsave(&rl->lock, flags);
	spin_lock(&link->lock);
	strscpy(reason, link->reason, sizeof(reason));
	spin_unlock(&link->lock);
	if (READ_ONCE(link->state) == SSI_DSM_LINK_INTERRUPTED &&
	    time_after_eq(jiffies, rl->grace_end)) {
		ssi_link_change_state(link, SSI_DSM_LINK_LOST,
				      "%.75s, and no connection for %u ms",
				      reason, link->peer->grace_ms);
		mod_delayed_work(ssi_conn_wq, &rl->work, 0);
	}
	spin_unlock_irqrestore(&rl->lock, flags);
}

/*
 * A flushed work request is a consequence of an earlier error, which is
 * reported on its own. A message that is too long breaks the protocol.
 */
void ssi_rdma_conn_wc_failed(struct ssi_rdma_conn *conn, const char *what,
			     const struct ib_wc *wc)
{
	u32 state = wc->status == IB_WC_LOC_LEN_ERR ? SSI_DSM_LINK_LOST :
							  SSI_DSM_LINK_DOWN;

	if (wc->status != IB_WC_WR_FLUSH_ERR)
		ssi_rdma_conn_fail(conn, state, "%s node %u failed: %s", what,
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
