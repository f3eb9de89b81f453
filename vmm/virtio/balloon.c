// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that the guest does not need (virtio 1.2, 5.5): the guest reports blocks
 * of free pages, the hosts take the memory behind them, and the device returns the
 * blocks. The device never asks for more memory (it never inflates).
 */
#include "balloon.h"

#include <linux/virtio_balloon.h>

#include "../discard.h"
#include "plain.h"

/*
 * Only queues of accepted features have numbers (virtio 1.2, 5.5.2, as all
 * drivers read it): inflating, deflating, and the reports.
 */
#define QUEUE_REPORTS	2
#define NUM_QUEUES	3

static struct plain_device balloon;

/*
 * The buffers of a report are the free memory. Each costs a round trip to the
 * other nodes, and none has to go: a reset does not wait for them all.
 */
static void balloon_take(unsigned int number, struct queue *queue,
			 const struct queue_chain *chain)
{
	const struct iovec *iov = chain->iov + chain->num_out;

	if (number == QUEUE_REPORTS)
		for (unsigned int i = 0; i < chain->num_in &&
		     !worker_must_stop(&balloon.worker); i++)
			discard_memory(iov[i].iov_base, iov[i].iov_len);
	queue_push(queue, chain->head, 0);
}

void balloon_init(uint8_t bus, uint32_t window)
{
	static const struct virtio_balloon_config no_page_is_wanted;
	struct virtio_device *dev = &balloon.dev;

	dev->name = "the balloon";
	dev->type = VIRTIO_BALLOON;
	dev->class = PCI_CLASS_OTHER;
	dev->features = 1ull << VIRTIO_BALLOON_F_REPORTING;
	dev->num_queues = NUM_QUEUES;
	dev->config = &no_page_is_wanted;
	dev->config_size = sizeof(no_page_is_wanted);
	balloon.take = balloon_take;
	plain_add(&balloon, bus, window);
}
