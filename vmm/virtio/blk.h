/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks: files and block devices of the host (virtio 1.2, 5.2). */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>

struct blk;

/**
 * blk_open() - open an image and lock it against other users
 * @path: a raw image or a block device
 * @readonly: the guest may not write
 *
 * Ends the process with a sentence if the image cannot be a disk.
 */
struct blk *blk_open(const char *path, bool readonly);

/* Put the disk on the bus of a node; @queues: how many CPUs may use it. */
void blk_init(struct blk *blk, unsigned int queues, uint8_t bus,
	      uint32_t window);

#endif /* VMM_VIRTIO_BLK_H */
