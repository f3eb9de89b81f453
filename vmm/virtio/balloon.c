// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that the guest does not need (virtio 1.2, 5.5): it reports blocks of
 * free pages, and gets them back as soon as the hosts have taken their memory.
 * A balloon that takes more than that is never blown up.
 */
#include "balloon.h"

#include <linux/virtio_balloon.h>

#include "../discard.h"
#include "pci.h"
#include "worker.h"

/*
 * Only queues of features that were accepted count (virtio 1.2, 5.5.2, as all
 * drivers read it): inflating, deflating, and the reports.
 */
#define QUEUE_REPORTS	2
#define NUM_QUEUES	3

static struct {
	struct virtio_device dev;
	struct virtio_balloon_config config;	/* 0: no page is wanted */
	struct worker worker;
} balloon;

/* The buffers are the free memory. */
static void take_report(const struct queue_chain *chain)
{
	const struct iovec *iov = chain->iov + chain->num_out;

	for (unsigned int i = 0; i < chain->num_in; i++)
		discard_memory(iov[i].iov_base, iov[i].iov_len);
}

static int serve(struct queue *queue)
{
	static struct queue_chain chain;
	int err;

	if (!queue->enabled)
		return 0;
	while ((err = queue_pop(queue, &chain)) == 1) {
		if (queue == &balloon.dev.queues[QUEUE_REPORTS])
			take_report(&chain);
		queue_push(queue, chain.head, 0);
	}
	virtio_interrupt(&balloon.dev, queue);
	return err;
}

static bool may_sleep(void)
{
	for (unsigned int i = 0; i < NUM_QUEUES; i++)
		if (balloon.dev.queues[i].enabled &&
		    !queue_may_sleep(&balloon.dev.queues[i]))
			return false;
	return true;
}

static void balloon_run(void *unused)
{
	(void)unused;
	while (!worker_must_stop(&balloon.worker)) {
		for (unsigned int i = 0; i < NUM_QUEUES; i++) {
			if (serve(&balloon.dev.queues[i])) {
				virtio_break(&balloon.dev);
				return;
			}
		}
		if (may_sleep())
			worker_wait(&balloon.worker);
	}
}

static void balloon_start(struct virtio_device *dev)
{
	(void)dev;
	worker_start(&balloon.worker);
}

static void balloon_stop(struct virtio_device *dev)
{
	(void)dev;
	worker_stop(&balloon.worker);
}

static void balloon_notify(struct virtio_device *dev, unsigned int queue)
{
	(void)dev;
	(void)queue;
	worker_kick(&balloon.worker);
}

static const struct virtio_ops balloon_ops = {
	.start = balloon_start, .stop = balloon_stop, .notify = balloon_notify,
};

void balloon_init(uint8_t bus, uint32_t window)
{
	balloon.dev.name = "the balloon";
	balloon.dev.type = VIRTIO_BALLOON;
	balloon.dev.class = PCI_CLASS_OTHER;
	balloon.dev.features = 1ull << VIRTIO_BALLOON_F_REPORTING;
	balloon.dev.num_queues = NUM_QUEUES;
	balloon.dev.config = &balloon.config;
	balloon.dev.config_size = sizeof(balloon.config);
	balloon.dev.ops = &balloon_ops;
	worker_init(&balloon.worker, balloon_run, NULL);
	virtio_pci_add(&balloon.dev, bus, window);
}
