// SPDX-License-Identifier: GPL-2.0-or-later
/* Random numbers of the host (virtio 1.2, 5.4). */
#include "rng.h"

#include <sys/random.h>

#include "plain.h"

#define REQUEST_MAX	4096u	/* a driver gets less than it asks for */

static void rng_take(unsigned int number, struct queue *queue,
		     const struct queue_chain *chain)
{
	unsigned char bytes[REQUEST_MAX];
	size_t len = queue_iov_len(chain->iov + chain->num_out, chain->num_in);
	ssize_t got;

	(void)number;
	if (len > sizeof(bytes))
		len = sizeof(bytes);
	got = getrandom(bytes, len, 0);
	if (got > 0)
		queue_copy_to(chain->iov + chain->num_out, chain->num_in, 0,
			      bytes, got);
	queue_push(queue, chain->head, got > 0 ? got : 0);
}

void rng_init(uint8_t bus, uint32_t window)
{
	static struct plain_device rng = {
		.dev = {
			.name = "the random number generator",
			.type = VIRTIO_RNG,
			.class = PCI_CLASS_OTHER,
			.num_queues = 1,
		},
		.take = rng_take,
	};

	plain_add(&rng, bus, window);
}
