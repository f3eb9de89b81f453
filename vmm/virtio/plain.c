// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtio device that takes one request after the other. */
#include "plain.h"

static struct plain_device *plain_of(struct virtio_device *dev)
{
	return (void *)((char *)dev - offsetof(struct plain_device, dev));
}

static bool wants(const struct plain_device *plain, unsigned int number)
{
	return queue_is_started(&plain->dev.queues[number]) &&
	       (!plain->wants || plain->wants(number));
}

/* Return: 0, or a negative errno if the driver has broken the rules. */
static int serve(struct plain_device *plain, unsigned int number)
{
	static _Thread_local struct queue_chain chain;
	struct queue *queue = &plain->dev.queues[number];
	int err = 0;

	while (wants(plain, number) && (err = queue_pop(queue, &chain)) == 1)
		plain->take(number, queue, &chain);
	if (queue_is_started(queue))
		virtio_interrupt(&plain->dev, queue);
	return err < 0 ? err : 0;
}

static bool may_sleep(struct plain_device *plain)
{
	for (unsigned int i = 0; i < plain->dev.num_queues; i++)
		if (wants(plain, i) && !queue_may_sleep(&plain->dev.queues[i]))
			return false;
	return true;
}

static void plain_run(void *arg)
{
	struct plain_device *plain = arg;

	while (!worker_must_stop(&plain->worker) &&
	       !virtio_is_broken(&plain->dev)) {
		for (unsigned int i = 0; i < plain->dev.num_queues; i++) {
			if (serve(plain, i)) {
				virtio_break(&plain->dev);
				return;
			}
		}
		if (may_sleep(plain))
			worker_wait(&plain->worker);
	}
}

static void plain_start(struct virtio_device *dev)
{
	worker_start(&plain_of(dev)->worker);
}

static void plain_stop(struct virtio_device *dev)
{
	worker_stop(&plain_of(dev)->worker);
}

static void plain_notify(struct virtio_device *dev, unsigned int queue)
{
	(void)queue;
	plain_kick(plain_of(dev));
}

static const struct virtio_ops plain_ops = {
	.start = plain_start, .stop = plain_stop, .notify = plain_notify,
};

void plain_kick(struct plain_device *plain)
{
	worker_kick(&plain->worker);
}

void plain_add(struct plain_device *plain, uint8_t bus, uint32_t window)
{
	plain->dev.ops = &plain_ops;
	worker_init(&plain->worker, &plain->dev.workers, FILTER_PLAIN, plain_run,
		    plain);
	virtio_pci_add(&plain->dev, bus, window);
}
