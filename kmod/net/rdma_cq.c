// SPDX-License-Identifier: GPL-2.0-only
/*
 * The completion queue of one RDMA connection.
 *
 * An event of the device starts a softirq, as with ib_core's own queues. But a
 * device driver may call the event in a task (rxe on Linux 6.12 does). ib_core leaves
 * the softirq to ksoftirqd then, which must be woken; here it runs at once.
 */
#include <linux/atomic.h>
#include <linux/irq_poll.h>
#include <linux/preempt.h>

#include "net/rdma_cq.h"

#define DEPTH	(SSI_RDMA_TX_DEPTH + SSI_RDMA_RX_DEPTH + 2)
#define BUDGET	256	/* completions of one softirq */

/* Completions that find nobody polling are reported by the next call. */
#define ARM	(IB_CQ_NEXT_COMP | IB_CQ_REPORT_MISSED_EVENTS)

static int ssi_rdma_cq_softirq(struct irq_poll *iop, int budget)
{
	struct ssi_rdma_conn *conn = container_of(iop, struct ssi_rdma_conn,
						  iop);
	int count = ib_process_cq_direct(conn->cq, budget);

	if (count >= budget)
		return count;
	irq_poll_complete(iop);
	if (ib_req_notify_cq(conn->cq, ARM) > 0)
		irq_poll_sched(iop);
	return count;
}

/* The device's event. If it comes in a task, the softirq runs before the end. */
static void ssi_rdma_cq_event(struct ib_cq *cq, void *context)
{
	struct ssi_rdma_conn *conn = context;
	bool by_task = in_task() && !irqs_disabled();

	if (by_task)
		local_bh_disable();
	irq_poll_sched(&conn->iop);
	if (by_task)
		local_bh_enable();
}

int ssi_rdma_cq_new(struct ssi_rdma_conn *conn)
{
	static atomic_t next_vector;
	struct ib_device *dev = conn->id->device;
	const struct ib_cq_init_attr attr = {
		.cqe = DEPTH,
		.comp_vector = (u32)atomic_inc_return(&next_vector) %
			       max(dev->num_comp_vectors, 1),
	};
	struct ib_cq *cq = ib_create_cq(dev, ssi_rdma_cq_event, NULL, conn,
					&attr);

	if (IS_ERR(cq))
		return PTR_ERR(cq);
	conn->cq = cq;
	irq_poll_init(&conn->iop, BUDGET, ssi_rdma_cq_softirq);
	ib_req_notify_cq(cq, IB_CQ_NEXT_COMP);
	return 0;
}

void ssi_rdma_cq_free(struct ssi_rdma_conn *conn)
{
	irq_poll_disable(&conn->iop);
	/* The softirq may still be at its end, where it arms the queue. */
	synchronize_rcu();
	ib_destroy_cq(conn->cq);
}
