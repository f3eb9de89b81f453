/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disk images: raw files and block devices of the host. */
#ifndef VMM_VIRTIO_IMAGE_H
#define VMM_VIRTIO_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#define IMAGE_SECTOR	512u

/**
 * struct image - an image that is open
 * @path: its name
 * @readonly: it is open for reading only
 * @direct: accesses go past the host's page cache
 * @fd: the descriptor
 * @size: bytes, when it was opened
 * @block_size: bytes of a logical block of the storage
 * @align: with @direct: what addresses and lengths of buffers must be multiples of
 */
struct image {
	const char *path;
	bool readonly;
	bool direct;
	int fd;
	uint64_t size;
	uint32_t block_size;
	uint32_t align;
};

/*
 * Open an image, whose first three fields are set, and lock it against other users as
 * long as this process lives. @block_size: bytes of a block that the user has given,
 * or 0. Ends the process with a sentence if the image cannot be a disk.
 */
void image_open(struct image *image, uint32_t block_size);

/* From now on wait so long for the lock if another process has it. By default 0. */
void image_wait_for_lock(unsigned int ms);

/* Its size now, in bytes. Return: false if that cannot be told. */
bool image_size(const struct image *image, uint64_t *size);

#endif /* VMM_VIRTIO_IMAGE_H */
