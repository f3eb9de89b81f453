// SPDX-License-Identifier: GPL-2.0-or-later
/* Random numbers of the host (virtio 1.2, 5.4). */
#include "rng.h"

#include <sys/random.h>

#include "pci.h"
#include "worker.h"

#define REQUEST_MAX	4096u	/* a driver gets less than it asks for */

static struct {
	struct virtio_device dev;
	struct worker worker;
} rng;

static void answer(struct queue *queue, const struct queue_chain *chain)
{
	unsigned char bytes[REQUEST_MAX];
	size_t len = queue_iov_len(chain->iov + chain->num_out, chain->num_in);
	ssize_t got;

	if (len > sizeof(bytes))
		len = sizeof(bytes);
	got = getrandom(bytes, len, 0);
	if (got > 0)
		queue_copy_to(chain->iov + chain->num_out, chain->num_in, 0,
			      bytes, got);
	queue_push(queue, chain->head, got > 0 ? got : 0);
}

static void rng_run(void *unused)
{
	static struct queue_chain chain;
	struct queue *queue = &rng.dev.queues[0];
	int err;

	(void)unused;
	while (!worker_must_stop(&rng.worker)) {
		while ((err = queue_pop(queue, &chain)) == 1)
			answer(queue, &chain);
		virtio_interrupt(&rng.dev, queue);
		if (err) {
			virtio_break(&rng.dev);
			return;
		}
		if (queue_may_sleep(queue))
			worker_wait(&rng.worker);
	}
}

static void rng_start(struct virtio_device *dev)
{
	if (dev->queues[0].enabled)
		worker_start(&rng.worker);
}

static void rng_stop(struct virtio_device *dev)
{
	(void)dev;
	worker_stop(&rng.worker);
}

static void rng_notify(struct virtio_device *dev, unsigned int queue)
{
	(void)dev;
	(void)queue;
	worker_kick(&rng.worker);
}

static const struct virtio_ops rng_ops = {
	.start = rng_start, .stop = rng_stop, .notify = rng_notify,
};

void rng_init(uint8_t bus, uint32_t window)
{
	rng.dev.name = "the random number generator";
	rng.dev.type = VIRTIO_RNG;
	rng.dev.class = PCI_CLASS_OTHER;
	rng.dev.num_queues = 1;
	rng.dev.ops = &rng_ops;
	worker_init(&rng.worker, rng_run, NULL);
	virtio_pci_add(&rng.dev, bus, window);
}
