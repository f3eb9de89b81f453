/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio 1.x devices as PCI functions (virtio 1.2, 4.1); nothing legacy. */
#ifndef VMM_VIRTIO_PCI_H
#define VMM_VIRTIO_PCI_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../msix.h"
#include "../pci.h"
#include "queue.h"

#define VIRTIO_MAX_QUEUES	16

/* Device types (virtio 1.2, 5). */
#define VIRTIO_NET		1
#define VIRTIO_BLK		2
#define VIRTIO_CONSOLE		3
#define VIRTIO_RNG		4
#define VIRTIO_BALLOON		5

struct virtio_device;

/**
 * struct virtio_ops - what makes a device the one that it is
 * @start: the driver is ready; the enabled queues are started
 * @stop: it is not any more; on return nobody works with queues or memory
 * @notify: the driver has put something into a queue
 *
 * Called with the device lock held, so they do not wait for the guest.
 */
struct virtio_ops {
	void (*start)(struct virtio_device *dev);
	void (*stop)(struct virtio_device *dev);
	void (*notify)(struct virtio_device *dev, unsigned int queue);
};

/**
 * struct virtio_device - a device
 * @name: for the log
 * @type: VIRTIO_*
 * @class: PCI class
 * @features: that it offers, beside those of all devices
 * @num_queues: entries of @queues
 * @config: device configuration, which the driver can only read
 * @config_size: bytes
 * @ops: what it does
 * @fn: its PCI function
 * @msix: one vector for the configuration and one for each queue
 * @driver_features: what the driver has accepted
 * @device_select: which half of the features the driver looks at
 * @driver_select: and which it writes
 * @queue_select: and which queue
 * @config_vector: interrupt of a change of the configuration
 * @status: device status; the device itself sets one bit of it
 * @isr: interrupts since the driver last looked; it need not
 * @started: between @ops' start and stop
 * @queues: the queues
 *
 * The fields before @fn are set by who makes it; the device lock protects the
 * others but for the atomic ones.
 */
struct virtio_device {
	const char *name;
	uint16_t type;
	uint16_t class;
	uint64_t features;
	unsigned int num_queues;
	const void *config;
	size_t config_size;
	const struct virtio_ops *ops;
	struct pci_function fn;
	struct msix msix;
	uint64_t driver_features;
	uint32_t device_select;
	uint32_t driver_select;
	uint16_t queue_select;
	atomic_uint_least16_t config_vector;
	atomic_uint_least8_t status;
	atomic_uint_least8_t isr;
	bool started;
	struct queue queues[VIRTIO_MAX_QUEUES];
};

/**
 * virtio_pci_add() - put a device on the bus of a node; it must stay
 * @dev: the device
 * @bus: number of the node's bus
 * @window: first address of that node's window
 */
void virtio_pci_add(struct virtio_device *dev, uint8_t bus, uint32_t window);

/* Has the driver accepted this feature? */
bool virtio_has(const struct virtio_device *dev, unsigned int feature);

/* Tell the driver of what was pushed, if it wants to hear. Any thread. */
void virtio_interrupt(struct virtio_device *dev, struct queue *queue);

/* The driver did what no driver may; it has to reset the device. Any thread. */
void virtio_break(struct virtio_device *dev);
bool virtio_is_broken(const struct virtio_device *dev);

#endif /* VMM_VIRTIO_PCI_H */
