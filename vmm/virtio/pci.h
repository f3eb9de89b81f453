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
#include "worker.h"

#define VIRTIO_MAX_QUEUES	16
#define VIRTIO_NO_VECTOR	0xffff
#define VIRTIO_FIELDS		20	/* of the state in a checkpoint */

/* Device types (virtio 1.2, 5). */
#define VIRTIO_NET		1
#define VIRTIO_BLK		2
#define VIRTIO_CONSOLE		3
#define VIRTIO_RNG		4
#define VIRTIO_BALLOON		5

struct virtio_device;

/**
 * struct virtio_ops - the functions of one kind of device
 * @start: start the workers of the queues that are started: the driver is
 *	ready, or the device may go on where it was
 * @stop: tell all workers to stop; those that do not run stay as they are
 * @notify: the driver has put something into a queue, which is started
 * @reset: the driver has reset the device, whose workers have ended; may be missing
 * @placed: the driver may have moved the addresses of notifications, or the vectors of
 *	queues; may be missing
 * @save: bring @taken up to date, while no worker runs; may be missing
 * @restored: @taken is what a checkpoint has, before the workers run; may be missing
 *
 * Called with the device lock held, so they wait for nothing.
 */
struct virtio_ops {
	void (*start)(struct virtio_device *dev);
	void (*stop)(struct virtio_device *dev);
	void (*notify)(struct virtio_device *dev, unsigned int queue);
	void (*reset)(struct virtio_device *dev);
	void (*placed)(struct virtio_device *dev);
	void (*save)(struct virtio_device *dev);
	void (*restored)(struct virtio_device *dev);
};

/**
 * struct virtio_device - a device
 * @name: for the log
 * @type: VIRTIO_*
 * @class: PCI class
 * @features: that it offers, beside those of all devices
 * @num_queues: entries of @queues
 * @config: device configuration, which the driver can only read; changed by
 *	virtio_change_config()
 * @config_size: bytes
 * @ops: its functions
 * @fn: its PCI function
 * @msix: one vector for the configuration and one for each queue
 * @access_capability: where the window into the BARs is in configuration space
 * @driver_features: features that the driver has accepted so far
 * @device_select: which half of the features the driver looks at
 * @driver_select: and which it writes
 * @queue_select: and which queue
 * @generation: counts changes of @config (4.1.4.3)
 * @status: device status, but for what the device itself sets
 * @old_status: the status before the reset that is under way
 * @setups: registers of each queue
 * @config_vector: interrupt of a change of the configuration
 * @vectors: interrupts of the queues
 * @isr: interrupts since the driver last read it; it need not
 * @broken: the driver has broken the rules since the last reset
 * @resetting: the driver has reset the device, whose threads have not ended yet
 * @started: @queues are those that the driver has asked for at DRIVER_OK
 * @accepted: features of the device that is started
 * @workers: its threads
 * @queues: the queues; those that were started are the threads'
 * @taken: of each queue, for a checkpoint
 * @done: the same
 * @state_name: of @state
 * @state: what a checkpoint has of the device, beside its configuration space
 * @fields: of @state
 *
 * The maker of the device sets the fields before @fn. The device lock protects the
 * others but for the atomic ones. @accepted does not change while threads run.
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
	unsigned int access_capability;
	uint64_t driver_features;
	uint32_t device_select;
	uint32_t driver_select;
	uint16_t queue_select;
	uint8_t generation;
	uint8_t status;
	uint8_t old_status;
	struct queue_setup setups[VIRTIO_MAX_QUEUES];
	atomic_uint_least16_t config_vector;
	atomic_uint_least16_t vectors[VIRTIO_MAX_QUEUES];
	atomic_uint_least8_t isr;
	atomic_bool broken;
	atomic_bool resetting;
	bool started;
	uint64_t accepted;
	struct worker_group workers;
	struct queue queues[VIRTIO_MAX_QUEUES];
	uint16_t taken[VIRTIO_MAX_QUEUES];
	uint16_t done[VIRTIO_MAX_QUEUES];
	char state_name[STATE_NAME_MAX];
	struct state_part state;
	struct state_field fields[VIRTIO_FIELDS];
};

/**
 * virtio_pci_add() - put a device on the bus of a node; it must stay
 * @dev: the device
 * @bus: number of the node's bus
 * @window: first address of that node's window
 */
void virtio_pci_add(struct virtio_device *dev, uint8_t bus, uint32_t window);

/*
 * The guest's address for notifications of a queue; 0: there is none now. With the device
 * lock held.
 */
uint64_t virtio_notify_address(const struct virtio_device *dev, unsigned int queue);

/* Has the driver of the started device accepted this feature? Any thread. */
bool virtio_has(const struct virtio_device *dev, unsigned int feature);

/* Interrupt for the pushed requests, if the driver asks for that. Any thread. */
void virtio_interrupt(struct virtio_device *dev, struct queue *queue);

/* Interrupt for a queue of which somebody else knows that the driver asks for it. */
void virtio_interrupt_queue(struct virtio_device *dev, unsigned int number);

/*
 * Change @len bytes of the device's configuration, at @field in @dev->config, and
 * tell the driver. Any thread, without the device lock.
 */
void virtio_change_config(struct virtio_device *dev, void *field,
			  const void *value, size_t len);

/* The driver broke the rules and has to reset the device. Any thread. */
void virtio_break(struct virtio_device *dev);
bool virtio_is_broken(const struct virtio_device *dev);

#endif /* VMM_VIRTIO_PCI_H */
