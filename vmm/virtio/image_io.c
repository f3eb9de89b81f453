// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads and writes of a disk's image, for one thread.
 *
 * DOC: Theory of operation
 *
 * Accesses go through an io_uring, many at a time. A write to the eventfd is a
 * completion, too: of a read that is always in the ring.
 *
 * Some hosts do not allow io_uring: containers block it by seccomp, and the
 * administrator by kernel.io_uring_disabled. Then the thread makes each access
 * itself, one after the other, and waits for the eventfd in between.
 */
#include "image_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queue.h"

#define RING_SIZE	512	/* more than a queue has, and the kick */
#define BOUNCE_MAX	(8u << 20)	/* bytes of all copies that are under way */
#define PUNCH_HOLE	(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

/*
 * Accesses in a ring do not pass the filter of system calls (filter.c): without
 * this a ring could open files and connect sockets.
 */
static int limit_ring(struct io_uring *ring)
{
	static const uint8_t ops[] = {
		IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_READ,
		IORING_OP_FSYNC, IORING_OP_FALLOCATE,
	};
	struct io_uring_restriction allowed[sizeof(ops)] = { 0 };

	for (unsigned int i = 0; i < sizeof(ops); i++) {
		allowed[i].opcode = IORING_RESTRICTION_SQE_OP;
		allowed[i].sqe_op = ops[i];
	}
	if (syscall(SYS_io_uring_register, ring->ring_fd,
		    IORING_REGISTER_RESTRICTIONS, allowed, sizeof(ops)) ||
	    syscall(SYS_io_uring_register, ring->ring_fd,
		    IORING_REGISTER_ENABLE_RINGS, NULL, 0))
		return -errno;
	return 0;
}

static int make_ring(struct io_uring *ring)
{
	int err = io_uring_queue_init(RING_SIZE, ring, IORING_SETUP_R_DISABLED);

	if (err)
		return err;
	err = limit_ring(ring);
	if (err)
		io_uring_queue_exit(ring);
	return err;
}

int image_io_init(struct image_io *io)
{
	int err = make_ring(&io->ring);

	io->has_ring = !err;
	io->kick_armed = false;
	io->bounced = 0;
	io->first = NULL;
	io->last = &io->first;
	return err;
}

/* ---- direct accesses --------------------------------------------------------- */

/*
 * The host's storage reads and writes the buffers itself, which must lie at certain
 * addresses, and must not move. Other buffers get a copy that does.
 */
static bool must_bounce(const struct image_io *io,
			const struct image_access *access)
{
	if (!io->align || (access->op != IMAGE_READ && access->op != IMAGE_WRITE &&
			   access->op != IMAGE_WRITE_THROUGH))
		return false;
	if (io->bounces)
		return true;
	for (unsigned int i = 0; i < access->count; i++)
		if ((uintptr_t)access->iov[i].iov_base % io->align ||
		    access->iov[i].iov_len % io->align)
			return true;
	return false;
}

/*
 * The guest chooses how long an access is, and may name the same buffer many times. So
 * copies have a limit. Return: false if there is no memory for this one.
 */
static bool begin_bounce(struct image_io *io, struct image_access *access)
{
	size_t len = queue_iov_len(access->iov, access->count);
	void *copy;

	if (len > BOUNCE_MAX - io->bounced ||
	    posix_memalign(&copy, io->align, len))
		return false;
	if (access->op != IMAGE_READ)
		queue_copy_from(access->iov, access->count, 0, copy, len);
	access->bounce = (struct iovec) { copy, len };
	io->bounced += len;
	return true;
}

static void end_bounce(struct image_io *io, struct image_access *access)
{
	if (!access->bounce.iov_base)
		return;
	if (access->op == IMAGE_READ && access->result > 0)
		queue_copy_to(access->iov, access->count, 0,
			      access->bounce.iov_base, access->result);
	free(access->bounce.iov_base);
	io->bounced -= access->bounce.iov_len;
	access->bounce.iov_base = NULL;
}

static const struct iovec *buffers_of(const struct image_access *access)
{
	return access->bounce.iov_base ? &access->bounce : access->iov;
}

static unsigned int count_of(const struct image_access *access)
{
	return access->bounce.iov_base ? 1 : access->count;
}

/* ---- without a ring --------------------------------------------------------- */

static ssize_t call(const struct image_io *io, const struct image_access *access)
{
	switch (access->op) {
	case IMAGE_READ:
		return preadv2(io->fd, buffers_of(access), count_of(access),
			       access->offset, 0);
	case IMAGE_WRITE:
		return pwritev2(io->fd, buffers_of(access), count_of(access),
				access->offset, 0);
	case IMAGE_WRITE_THROUGH:
		return pwritev2(io->fd, buffers_of(access), count_of(access),
				access->offset, RWF_DSYNC);
	case IMAGE_FLUSH:
		return fdatasync(io->fd);
	case IMAGE_DISCARD:
		return fallocate(io->fd, PUNCH_HOLE, access->offset,
				 access->len);
	}
	errno = EINVAL;
	return -1;
}

static void put_done(struct image_io *io, struct image_access *access,
		     int result)
{
	access->result = result;
	access->next = NULL;
	*io->last = access;
	io->last = &access->next;
}

static void do_now(struct image_io *io, struct image_access *access)
{
	ssize_t done = call(io, access);

	put_done(io, access, done < 0 ? -errno : done);
}

/* Without memory for all of it: move its first bytes; the caller adds the rest again. */
static void do_piece(struct image_io *io, struct image_access *access)
{
	size_t len = queue_iov_len(access->iov, access->count);
	struct iovec buffer = { io->piece, len < IMAGE_PIECE ? len : IMAGE_PIECE };
	struct image_access piece = {
		.op = access->op, .iov = &buffer, .count = 1,
		.offset = access->offset,
	};
	ssize_t done;

	if (access->op != IMAGE_READ)
		queue_copy_from(access->iov, access->count, 0, io->piece,
				buffer.iov_len);
	done = call(io, &piece);
	if (done > 0 && access->op == IMAGE_READ)
		queue_copy_to(access->iov, access->count, 0, io->piece, done);
	put_done(io, access, done < 0 ? -errno : done);
}

static struct image_access *take_done(struct image_io *io)
{
	struct image_access *access = io->first;

	if (!access)
		return NULL;
	io->first = access->next;
	if (!io->first)
		io->last = &io->first;
	return access;
}

/* ---- with a ring ------------------------------------------------------------ */

static struct io_uring_sqe *get_sqe(struct image_io *io)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&io->ring);

	if (!sqe) {	/* the ring is full of accesses not yet submitted */
		io_uring_submit(&io->ring);
		sqe = io_uring_get_sqe(&io->ring);
	}
	return sqe;
}

static void put_in_ring(struct image_io *io, struct image_access *access)
{
	struct io_uring_sqe *sqe = get_sqe(io);

	switch (access->op) {
	case IMAGE_READ:
		io_uring_prep_readv(sqe, io->fd, buffers_of(access),
				    count_of(access), access->offset);
		break;
	case IMAGE_WRITE:
	case IMAGE_WRITE_THROUGH:
		io_uring_prep_writev(sqe, io->fd, buffers_of(access),
				     count_of(access), access->offset);
		if (access->op == IMAGE_WRITE_THROUGH)
			sqe->rw_flags = RWF_DSYNC;
		break;
	case IMAGE_FLUSH:
		io_uring_prep_fsync(sqe, io->fd, IORING_FSYNC_DATASYNC);
		break;
	case IMAGE_DISCARD:
		io_uring_prep_fallocate(sqe, io->fd, PUNCH_HOLE,
					access->offset, access->len);
		break;
	}
	io_uring_sqe_set_data(sqe, access);
}

static void arm_kick(struct image_io *io)
{
	struct io_uring_sqe *sqe;

	if (io->kick_armed)
		return;
	sqe = get_sqe(io);
	io_uring_prep_read(sqe, io->kick_fd, &io->kick, sizeof(io->kick), 0);
	io_uring_sqe_set_data(sqe, NULL);
	io->kick_armed = true;
}

static struct image_access *take_completion(struct image_io *io)
{
	struct image_access *access;
	struct io_uring_cqe *cqe;

	while (io_uring_peek_cqe(&io->ring, &cqe) == 0) {
		access = io_uring_cqe_get_data(cqe);
		if (access)
			access->result = cqe->res;
		else
			io->kick_armed = false;
		io_uring_cqe_seen(&io->ring, cqe);
		if (access)
			return access;
	}
	return NULL;
}

/* ---- both ------------------------------------------------------------------- */

void image_io_add(struct image_io *io, struct image_access *access)
{
	access->bounce = (struct iovec) { 0 };
	if (must_bounce(io, access) && !begin_bounce(io, access))
		do_piece(io, access);
	else if (io->has_ring)
		put_in_ring(io, access);
	else
		do_now(io, access);
}

void image_io_submit(struct image_io *io)
{
	if (io->has_ring)
		io_uring_submit(&io->ring);
}

void image_io_wait(struct image_io *io)
{
	if (io->first)
		return;
	if (io->has_ring) {
		arm_kick(io);
		io_uring_submit_and_wait(&io->ring, 1);
	} else if (read(io->kick_fd, &io->kick,
				      sizeof(io->kick)) < 0) {
		return;		/* interrupted: the caller looks again */
	}
}

struct image_access *image_io_done(struct image_io *io)
{
	struct image_access *access = take_done(io);

	if (!access && io->has_ring)
		access = take_completion(io);
	if (access)
		end_bounce(io, access);
	return access;
}
