// SPDX-License-Identifier: GPL-2.0-only
/*
 * The completion queue of one RDMA connection.
 *
 * An event of the device starts a softirq, as with ib_core's own queues. But the
 * service thread may poll the queue, too (service.c). POLLING makes sure that
 * only one of the two does at a time, so messages keep their order.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/irq_poll.h>
#include <linux/preempt.h>

#include "net/rdma_cq.h"

#define DEPTH	(SSI_RDMA_TX_DEPTH + SSI_RDMA_RX_DEPTH + 2)
#define BUDGET	256	/* completions of one softirq */
#define POLLING	0	/* bit of conn->cq_flags */

/* Completions that find nobody polling are reported by the next call. */
#define ARM	(IB_CQ_NEXT_COMP | IB_CQ_REPORT_MISSED_EVENTS)

static int poll_cq(struct ssi_rdma_conn *conn, int budget)
{
	int count;

	if (test_bit(POLLING, &conn->cq_flags) ||
	    test_and_set_bit_lock(POLLING, &conn->cq_flags))
		return 0;
	count = ib_process_cq_direct(conn->cq, budget);
	clear_bit_unlock(POLLING, &conn->cq_flags);
	return count;
}

static int ssi_rdma_cq_softirq(struct irq_poll *iop, int budget)
{
	struct ssi_rdma_conn *conn = container_of(iop, struct ssi_rdma_conn,
						  iop);
	int count = poll_cq(conn, budget);

	if (count >= budget)
		return count;
	irq_poll_complete(iop);
	if (!ssi_service_polls(&conn->source) &&
	    ib_req_notify_cq(conn->cq, ARM) > 0)
		irq_poll_sched(iop);
	return count;
}

static int ssi_rdma_cq_poll(struct ssi_source *source, int budget)
{
	return poll_cq(container_of(source, struct ssi_rdma_conn, source),
		       budget);
}

static void ssi_rdma_cq_kick(struct ssi_source *source)
{
	irq_poll_sched(&container_of(source, struct ssi_rdma_conn, source)->iop);
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
	conn->source.poll = ssi_rdma_cq_poll;
	conn->source.kick = ssi_rdma_cq_kick;
	ssi_service_add(&conn->source);
	irq_poll_init(&conn->iop, BUDGET, ssi_rdma_cq_softirq);
	ib_req_notify_cq(cq, IB_CQ_NEXT_COMP);
	return 0;
}

void ssi_rdma_cq_leave_service(struct ssi_rdma_conn *conn)
{
	ssi_service_remove(&conn->source);
}

void ssi_rdma_cq_free(struct ssi_rdma_conn *conn)
{
	irq_poll_disable(&conn->iop);
	/* The softirq may still be at its end, where it arms the queue. */
	synchronize_rcu();
	ib_destroy_cq(conn->cq);
}
