/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes of a disk's image, for one thread. */
#ifndef VMM_VIRTIO_IMAGE_IO_H
#define VMM_VIRTIO_IMAGE_IO_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define IMAGE_PIECE	(256u << 10)	/* bytes; of an access that is too long to copy */

enum image_op {
	IMAGE_READ,
	IMAGE_WRITE,
	IMAGE_WRITE_THROUGH,	/* on stable storage when it is done */
	IMAGE_FLUSH,
	IMAGE_DISCARD,
};

/**
 * struct image_access - one access to the image
 * @op: what to do
 * @iov: buffers of a read or a write
 * @count: how many
 * @offset: place in the image
 * @len: bytes of IMAGE_DISCARD
 * @result: when it is done: bytes, 0, or -errno
 * @bounce: memory that stands for the buffers, or nothing
 * @next: of those that are done
 */
struct image_access {
	enum image_op op;
	struct iovec *iov;
	unsigned int count;
	uint64_t offset;
	uint64_t len;
	int result;
	struct iovec bounce;
	struct image_access *next;
};

/**
 * struct image_io - the accesses of one thread
 * @fd: the image
 * @align: buffers are at multiples of so many bytes; 0: anywhere
 * @bounces: with @align: no buffer may be used as it is
 * @piece: with @align: IMAGE_PIECE bytes at such an address
 * @kick_fd: an eventfd that ends image_io_wait()
 * @has_ring: accesses go through @ring; otherwise each is done at once
 * @ring: io_uring
 * @kick: buffer for reads of @kick_fd
 * @kick_armed: such a read is in @ring
 * @bounced: bytes of all copies that are under way
 * @first: accesses that are done without the ring
 * @last: where the next one is put
 */
struct image_io {
	int fd;
	uint32_t align;
	bool bounces;
	void *piece;
	int kick_fd;
	bool has_ring;
	struct io_uring ring;
	uint64_t kick;
	bool kick_armed;
	size_t bounced;
	struct image_access *first;
	struct image_access **last;
};

/*
 * Prepare; the fields before @has_ring are set. Return: 0, or -errno if the host does not let
 * this process use io_uring. Accesses are possible all the same.
 */
int image_io_init(struct image_io *io);

/*
 * Begin an access; with a ring at the next image_io_submit() or image_io_wait(). It may
 * end with fewer bytes than it has: add the rest again.
 */
void image_io_add(struct image_io *io, struct image_access *access);
void image_io_submit(struct image_io *io);

/* Wait until an access is done or the eventfd was written. */
void image_io_wait(struct image_io *io);

/* An access that is done, or NULL. */
struct image_access *image_io_done(struct image_io *io);

#endif /* VMM_VIRTIO_IMAGE_IO_H */
