// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a virtio device (virtio 1.2, 2.1 and 3.1).
 *
 * DOC: Theory of operation
 *
 * The driver's registers and the running queues are two things. A write to the
 * registers takes effect at once; the queues are made from them when the driver
 * sets DRIVER_OK, and stay until the device's threads have ended after a reset.
 *
 *   DRIVER_OK              -> started: queues are checked, threads run
 *   bus master bit off     -> threads are told to stop; the queues stay
 *   bus master bit on      -> threads run again, where they were
 *   status = 0             -> registers are cleared, threads are told to stop;
 *                             when the last has ended, the queues are cleared,
 *                             and the device starts if it was set up meanwhile
 *   broken by the driver   -> threads end by themselves, until a reset
 *
 * All of it happens with the device lock held, and nothing waits with it held:
 * settle() compares the state of the threads with the registers. It runs after
 * each change of the registers, and in the last thread that ends.
 *
 * The status reads as it was until a reset is complete (4.1.4.3.1): drivers wait
 * for that. The thread that writes, a CPU's or forward.c's for other nodes' CPUs,
 * waits in its write with the device lock released, since firmware does not look
 * at the status before it uses its memory again. The thread that reads the other
 * nodes' messages never gets here: the balloon's thread waits for it.
 */
#include "life.h"

#include <string.h>

#include "../bus.h"
#include "../log.h"

#define FEATURE_EVENT_IDX	29

#define ISR_QUEUE	1
#define ISR_CONFIG	2

#define MAX_DEVICES	32	/* more than there can be (msix.c) */

/* The device lock protects them. */
static struct virtio_device *life_devices[MAX_DEVICES];
static unsigned int life_count;
static bool life_held;

#define READY		(VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_FEATURES_OK)

bool virtio_has(const struct virtio_device *dev, unsigned int feature)
{
	return dev->accepted & 1ull << feature;
}

/* Interrupt, unless the driver has reset the device: the threads end later. */
static void interrupt(struct virtio_device *dev, uint8_t reason,
		      unsigned int vector)
{
	if (atomic_load(&dev->resetting))
		return;
	atomic_fetch_or(&dev->isr, reason);
	msix_raise(&dev->msix, vector);
}

void virtio_interrupt(struct virtio_device *dev, struct queue *queue)
{
	unsigned int number = queue - dev->queues;

	if (queue_wants_interrupt(queue))
		interrupt(dev, ISR_QUEUE, atomic_load(&dev->vectors[number]));
}

void virtio_interrupt_queue(struct virtio_device *dev, unsigned int number)
{
	interrupt(dev, ISR_QUEUE, atomic_load(&dev->vectors[number]));
}

static void tell_config(struct virtio_device *dev)
{
	interrupt(dev, ISR_CONFIG, atomic_load(&dev->config_vector));
}

/* A driver that reads a field in parts sees by the generation that it must again. */
void virtio_change_config(struct virtio_device *dev, void *field,
			  const void *value, size_t len)
{
	bus_lock();
	memcpy(field, value, len);
	dev->generation++;
	bus_unlock();
	tell_config(dev);
}

void virtio_break(struct virtio_device *dev)
{
	if (atomic_exchange(&dev->broken, true))
		return;
	log_warn("The guest's driver of %s breaks the rules of virtio; the device does nothing until the driver resets it.",
		 dev->name);
	tell_config(dev);
}

bool virtio_is_broken(const struct virtio_device *dev)
{
	return atomic_load(&dev->broken);
}

uint8_t virtio_get_status(const struct virtio_device *dev)
{
	if (atomic_load(&dev->resetting))
		return dev->status ? dev->status : dev->old_status;
	return dev->status |
	       (virtio_is_broken(dev) ? VIRTIO_STATUS_NEEDS_RESET : 0);
}

static void start(struct virtio_device *dev)
{
	dev->accepted = dev->driver_features;
	for (unsigned int i = 0; i < dev->num_queues; i++) {
		const struct queue_setup *setup = &dev->setups[i];

		if (setup->enabled &&
		    queue_start(&dev->queues[i], setup,
				virtio_has(dev, FEATURE_EVENT_IDX))) {
			virtio_break(dev);
			return;
		}
	}
	dev->started = true;
}

static void end_reset(struct virtio_device *dev)
{
	for (unsigned int i = 0; i < dev->num_queues; i++)
		queue_reset(&dev->queues[i]);
	if (dev->ops->reset)
		dev->ops->reset(dev);
	dev->started = false;
	atomic_store(&dev->isr, 0);
	atomic_store(&dev->broken, false);
	atomic_store(&dev->resetting, false);
}

static bool wants_start(const struct virtio_device *dev)
{
	return (dev->status & READY) == READY && !dev->started &&
	       !virtio_is_broken(dev);
}

static bool may_run(const struct virtio_device *dev)
{
	return dev->started && !life_held && !atomic_load(&dev->resetting) &&
	       pci_is_master(&dev->fn);
}

/* Do what the registers ask for, as far as that is possible now. */
static void settle(struct virtio_device *dev)
{
	if (dev->workers.active) {
		if (!may_run(dev))
			dev->ops->stop(dev);
		return;
	}
	if (atomic_load(&dev->resetting))
		end_reset(dev);
	if (wants_start(dev))
		start(dev);
	if (may_run(dev))
		dev->ops->start(dev);
}

static void virtio_threads_ended(struct worker_group *workers)
{
	settle((void *)((char *)workers -
			offsetof(struct virtio_device, workers)));
}

void virtio_settle(struct virtio_device *dev)
{
	settle(dev);
	if (dev->workers.active && !may_run(dev))
		worker_group_wait(&dev->workers);
}

void virtio_reset(struct virtio_device *dev)
{
	if (!atomic_load(&dev->resetting))
		dev->old_status = dev->status;
	dev->status = 0;
	dev->driver_features = 0;
	dev->device_select = 0;
	dev->driver_select = 0;
	dev->queue_select = 0;
	atomic_store(&dev->resetting, true);
	atomic_store(&dev->config_vector, VIRTIO_NO_VECTOR);
	atomic_store(&dev->isr, 0);
	for (unsigned int i = 0; i < dev->num_queues; i++) {
		dev->setups[i] = (struct queue_setup) {
			.size = QUEUE_MAX_SIZE,
		};
		atomic_store(&dev->vectors[i], VIRTIO_NO_VECTOR);
	}
	virtio_settle(dev);
}

void virtio_begin_life(struct virtio_device *dev)
{
	worker_group_init(&dev->workers, virtio_threads_ended);
	virtio_reset(dev);
	if (life_count < MAX_DEVICES)
		life_devices[life_count++] = dev;
}

void virtio_hold(void)
{
	bus_lock();
	life_held = true;
	for (unsigned int i = 0; i < life_count; i++)
		virtio_settle(life_devices[i]);
	bus_unlock();
}

void virtio_release(void)
{
	bus_lock();
	life_held = false;
	for (unsigned int i = 0; i < life_count; i++)
		settle(life_devices[i]);
	bus_unlock();
}

bool virtio_continue(struct virtio_device *dev)
{
	bool started = dev->started;

	if (!started)
		return true;
	dev->started = false;
	start(dev);
	if (!dev->started)
		return false;
	for (unsigned int i = 0; i < dev->num_queues; i++)
		queue_continue(&dev->queues[i], dev->taken[i], dev->done[i]);
	if (dev->ops->restored)
		dev->ops->restored(dev);
	return true;
}
