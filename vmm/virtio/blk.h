/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks: files and block devices of the host (virtio 1.2, 5.2). */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>

#include "../device_options.h"

struct blk;

/*
 * Open an image and lock it against other users. Ends the process with a sentence
 * if the image cannot be a disk.
 */
struct blk *blk_open(const struct disk_options *options);

/* Put the disk on the bus of a node; @queues: how many CPUs may use it. */
void blk_init(struct blk *blk, unsigned int queues, uint8_t bus,
	      uint32_t window);

/* Look after all disks that were put on a bus, from now on. */
void blk_watch(void);

/**
 * struct blk_mark - the contents of an image at a moment
 * @size: bytes
 * @mtime: when it was last written, in nanoseconds since 1970; of a block device 0
 */
struct blk_mark {
	uint64_t size;
	uint64_t mtime;
};

/* Flush the image, and tell what it is now. Return: false: an error of the host. */
bool blk_mark(struct blk *blk, struct blk_mark *mark);

/* Are there writes that wait for the host? */
bool blk_has_held(struct blk *blk);

/* Look after a disk once: has its image grown, are there writes that wait? */
void blk_look(struct blk *blk);

#endif /* VMM_VIRTIO_BLK_H */
