/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a virtio device, as its PCI function controls it. */
#ifndef VMM_VIRTIO_LIFE_H
#define VMM_VIRTIO_LIFE_H

#include "pci.h"

/* Bits of the device status (virtio 1.2, 2.1). */
#define VIRTIO_STATUS_DRIVER_OK		0x04
#define VIRTIO_STATUS_FEATURES_OK	0x08
#define VIRTIO_STATUS_NEEDS_RESET	0x40

/* Before the guest can reach it. */
void virtio_begin_life(struct virtio_device *dev);

/* The status as the driver reads it. With the device lock held, as all below. */
uint8_t virtio_get_status(const struct virtio_device *dev);

/*
 * The status or the bus master bit has changed: start or stop the threads. Waits
 * until they have ended, with the device lock released.
 */
void virtio_settle(struct virtio_device *dev);

/*
 * Hold all devices: their threads have ended when this returns, and start again with
 * virtio_release(). Requests that were taken are done. Takes the device lock.
 */
void virtio_hold(void);
void virtio_release(void);

/*
 * Let a device go on where its registers say, which were restored, once it is released.
 * Return: whether its queues are where queues can be.
 */
bool virtio_continue(struct virtio_device *dev);

/* The driver has written 0 to the status; waits as virtio_settle(). */
void virtio_reset(struct virtio_device *dev);

#endif /* VMM_VIRTIO_LIFE_H */
