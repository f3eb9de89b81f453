/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio device that takes one request after the other. */
#ifndef VMM_VIRTIO_PLAIN_H
#define VMM_VIRTIO_PLAIN_H

#include "pci.h"
#include "worker.h"

/**
 * struct plain_device - a device with one thread for all its queues
 * @dev: its virtio side; @dev.ops is plain_add()'s
 * @take: serve a request of @dev.queues[@number], and push its chain
 * @wants: can requests of that queue be served now? They stay in the queue if
 *	not; may be missing: they always can
 * @worker: the thread, which calls both
 */
struct plain_device {
	struct virtio_device dev;
	void (*take)(unsigned int number, struct queue *queue,
		     const struct queue_chain *chain);
	bool (*wants)(unsigned int number);
	struct worker worker;
};

/* As virtio_pci_add(). */
void plain_add(struct plain_device *plain, uint8_t bus, uint32_t window);

/* The result of @wants may have changed; any thread. */
void plain_kick(struct plain_device *plain);

#endif /* VMM_VIRTIO_PLAIN_H */
