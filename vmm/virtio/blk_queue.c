// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of a disk's queue (virtio 1.2, 5.2.6).
 *
 * DOC: Theory of operation
 *
 * Each queue has a thread, and accesses to the image of its own (image_io.c). The
 * thread takes the driver's requests, begins their accesses, and answers them when
 * these are done. A request has a slot, named by the head of its chain. Its data
 * goes directly between the file and the guest's memory.
 *
 * A write is durable once a later flush has been answered (fdatasync()), or at
 * once if the driver has not accepted that there are flushes.
 *
 * A write for which the host has no room is held: it is not answered, and tried
 * again every few seconds (blk.c). To the guest it is a slow write. Other requests
 * go on meanwhile, since a virtio disk has no order between them. A flush that
 * fails is never held: the host's kernel has dropped the data and would
 * report success at the next one. So further flushes fail, too.
 */
#include "blk_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../log.h"
#include "../memory.h"

#define HEADER_SIZE	16

/* ---- answers ---------------------------------------------------------------- */

static void complain(struct blk *blk, int err)
{
	if (!atomic_exchange(&blk->complained, true))
		log_warn("The disk %s fails: %s; this was reported to the guest, and further errors are not logged.",
			 blk->image.path, strerror(err));
}

static void release(struct blk_queue *q, struct blk_request *request)
{
	if (request->held)
		atomic_fetch_sub(&q->blk->held, 1);
	request->held = false;
	request->waits = false;
}

static void finish(struct blk_queue *q, struct blk_request *request,
		   uint8_t status)
{
	*request->status = status;
	request->busy = false;
	release(q, request);
	queue_push(q->queue, request->chain.head, request->written + 1);
}

static uint8_t status_of(struct blk *blk, int err)
{
	if (!err)
		return VIRTIO_BLK_S_OK;
	if (err == -EOPNOTSUPP)
		return VIRTIO_BLK_S_UNSUPP;
	complain(blk, -err);
	return VIRTIO_BLK_S_IOERR;
}

/* ---- what is held ----------------------------------------------------------- */

static bool must_hold(const struct blk *blk, const struct blk_request *request,
		      int err)
{
	if (request->type != VIRTIO_BLK_T_OUT &&
	    request->type != VIRTIO_BLK_T_WRITE_ZEROES)
		return false;
	if (blk->werror == DISK_WERROR_ENOSPC)
		return err == -ENOSPC || err == -EDQUOT;
	return blk->werror == DISK_WERROR_STOP && err && err != -EOPNOTSUPP;
}

static void hold(struct blk_queue *q, struct blk_request *request, int err)
{
	struct blk *blk = q->blk;

	request->waits = true;
	if (request->held)
		return;
	request->held = true;
	if (!atomic_fetch_add(&blk->held, 1))
		log_warn("The disk %s cannot be written: %s; the guest's writes wait, nothing is lost. Make room on the host or repair the storage: ssi-vmm tries again every %u seconds, and at once after kill -CONT %d.",
			 blk->image.path, strerror(-err), DISK_RETRY_S,
			 (int)getpid());
}

/* ---- requests --------------------------------------------------------------- */

static void advance(struct image_access *access, size_t bytes)
{
	while (bytes && access->count) {
		size_t piece = access->iov->iov_len;

		if (piece > bytes)
			piece = bytes;
		access->iov->iov_base = (char *)access->iov->iov_base + piece;
		access->iov->iov_len -= piece;
		bytes -= piece;
		if (!access->iov->iov_len) {
			access->iov++;
			access->count--;
		}
	}
}

static enum image_op op_of(const struct blk *blk,
			   const struct blk_request *request)
{
	switch (request->type) {
	case VIRTIO_BLK_T_IN:
		return IMAGE_READ;
	case VIRTIO_BLK_T_OUT:
		return virtio_has(&blk->dev, VIRTIO_BLK_F_FLUSH) ?
		       IMAGE_WRITE : IMAGE_WRITE_THROUGH;
	case VIRTIO_BLK_T_FLUSH:
		return IMAGE_FLUSH;
	default:
		return IMAGE_DISCARD;
	}
}

static void submit(struct blk_queue *q, struct blk_request *request)
{
	request->access.op = op_of(q->blk, request);
	q->in_flight++;
	image_io_add(&q->io, &request->access);
}

/*
 * Is a range on the disk? A driver that has learnt the size of the disk's blocks
 * must use whole blocks; the unit of numbers is a sector all the same.
 */
static bool is_inside(const struct blk *blk, uint64_t sector, uint64_t len)
{
	uint32_t block = virtio_has(&blk->dev, VIRTIO_BLK_F_BLK_SIZE) ?
			 blk->image.block_size : IMAGE_SECTOR;
	uint64_t size = atomic_load(&blk->size);

	return len % block == 0 && sector % (block / IMAGE_SECTOR) == 0 &&
	       sector <= size / IMAGE_SECTOR &&
	       len <= size - sector * IMAGE_SECTOR;
}

static void begin_transfer(struct blk_queue *q, struct blk_request *request,
			   uint64_t sector)
{
	bool write = request->type == VIRTIO_BLK_T_OUT;
	struct image_access *access = &request->access;

	access->len = queue_iov_len(access->iov, access->count);
	access->offset = sector * IMAGE_SECTOR;
	if (!access->len || !is_inside(q->blk, sector, access->len) ||
	    (write && q->blk->image.readonly)) {
		finish(q, request, VIRTIO_BLK_S_IOERR);
		return;
	}
	if (!write)
		request->written = access->len;
	submit(q, request);
}

/* Without UNMAP the range must stay allocated; not all files support that. */
static int write_zeroes(struct blk *blk, uint64_t offset, uint64_t len)
{
	static const unsigned char zeroes[64 << 10]
		__attribute__((aligned(4096)));

	if (!fallocate(blk->image.fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		       offset, len))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	while (len) {
		size_t piece = len < sizeof(zeroes) ? len : sizeof(zeroes);
		ssize_t done = pwrite(blk->image.fd, zeroes, piece, offset);

		if (done < 0)
			return -errno;
		offset += done;
		len -= done;
	}
	return 0;
}

static void finish_or_hold(struct blk_queue *q, struct blk_request *request,
			   int err)
{
	if (must_hold(q->blk, request, err))
		hold(q, request, err);
	else
		finish(q, request, status_of(q->blk, err));
}

/* Files that cannot have holes get zeroes. */
static int end_range(struct blk *blk, struct blk_request *request, int res)
{
	struct image_access *access = &request->access;

	if (res == -EOPNOTSUPP && request->type == VIRTIO_BLK_T_WRITE_ZEROES)
		res = write_zeroes(blk, access->offset, access->len);
	if (!res && !virtio_has(&blk->dev, VIRTIO_BLK_F_FLUSH) &&
	    fdatasync(blk->image.fd))
		res = -errno;
	return res;
}

/* A range whose place is known, for the first time or again. */
static void begin_access(struct blk_queue *q, struct blk_request *request)
{
	if (request->keep)
		finish_or_hold(q, request, end_range(q->blk, request,
						     -EOPNOTSUPP));
	else
		submit(q, request);
}

/* One segment a request, as the configuration says. */
static void begin_range(struct blk_queue *q, struct blk_request *request)
{
	struct virtio_blk_discard_write_zeroes range;
	struct image_access *access = &request->access;
	bool discard = request->type == VIRTIO_BLK_T_DISCARD;

	if (queue_iov_len(access->iov, access->count) != sizeof(range) ||
	    q->blk->image.readonly) {
		finish(q, request, VIRTIO_BLK_S_IOERR);
		return;
	}
	queue_copy_from(access->iov, access->count, 0, &range, sizeof(range));
	access->offset = range.sector * IMAGE_SECTOR;
	access->len = (uint64_t)range.num_sectors * IMAGE_SECTOR;
	request->keep = !discard && !range.flags;
	if (!access->len ||
	    access->len > (discard ? BLK_DISCARD_MAX : BLK_ZEROES_MAX) ||
	    !is_inside(q->blk, range.sector, access->len))
		finish(q, request, VIRTIO_BLK_S_IOERR);
	else if (range.flags & (discard ? ~0u :
				~(uint32_t)VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP))
		finish(q, request, VIRTIO_BLK_S_UNSUPP);
	else
		begin_access(q, request);
}

static void begin_flush(struct blk_queue *q, struct blk_request *request)
{
	request->access.len = 0;
	if (atomic_load(&q->blk->has_lost_data))
		finish(q, request, VIRTIO_BLK_S_IOERR);
	else
		submit(q, request);
}

static void tell_id(struct blk_queue *q, struct blk_request *request)
{
	const char *path = q->blk->image.path, *name = strrchr(path, '/');
	char id[VIRTIO_BLK_ID_BYTES] = "";

	name = q->blk->serial ?: name ? name + 1 : path;
	memcpy(id, name, strnlen(name, sizeof(id)));
	request->written = queue_copy_to(request->access.iov,
					 request->access.count, 0, id,
					 sizeof(id));
	finish(q, request, VIRTIO_BLK_S_OK);
}

/*
 * The header is at the front of the buffers that we read, the status is the last
 * byte of those that we write, and the data is the rest of the ones or the others.
 * Return: false if a part is missing.
 */
static bool parse(struct blk_request *request, uint64_t *sector)
{
	struct queue_chain *chain = &request->chain;
	struct iovec *last = &chain->iov[chain->num_out + chain->num_in - 1];
	struct image_access *access = &request->access;
	struct virtio_blk_outhdr header;

	if (!chain->num_in ||
	    queue_copy_from(chain->iov, chain->num_out, 0, &header,
			    HEADER_SIZE) != HEADER_SIZE)
		return false;
	request->type = header.type;
	request->keep = false;
	request->written = 0;
	*sector = header.sector;
	last->iov_len--;
	request->status = (uint8_t *)last->iov_base + last->iov_len;
	access->iov = chain->iov;
	access->count = chain->num_out;
	advance(access, HEADER_SIZE);
	if (header.type == VIRTIO_BLK_T_IN ||
	    header.type == VIRTIO_BLK_T_GET_ID) {
		access->iov = chain->iov + chain->num_out;
		access->count = chain->num_in;
	}
	return true;
}

static void begin(struct blk_queue *q, struct blk_request *request,
		  uint64_t sector)
{
	switch (request->type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		begin_transfer(q, request, sector);
		break;
	case VIRTIO_BLK_T_FLUSH:
		begin_flush(q, request);
		break;
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		begin_range(q, request);
		break;
	case VIRTIO_BLK_T_GET_ID:
		tell_id(q, request);
		break;
	default:
		finish(q, request, VIRTIO_BLK_S_UNSUPP);
	}
}

/* Return: 0, or -EPROTO. */
static int take_requests(struct blk_queue *q)
{
	struct queue_chain chain;
	uint64_t sector;
	int err;

	while ((err = queue_pop(q->queue, &chain)) == 1) {
		struct blk_request *request = &q->requests[chain.head];

		if (request->busy)
			return -EPROTO;
		request->chain.head = chain.head;
		request->chain.num_out = chain.num_out;
		request->chain.num_in = chain.num_in;
		memcpy(request->chain.iov, chain.iov,
		       (chain.num_out + chain.num_in) * sizeof(chain.iov[0]));
		if (!parse(request, &sector))
			return -EPROTO;
		request->busy = true;
		begin(q, request, sector);
	}
	return err;
}

static void retry_held(struct blk_queue *q)
{
	if (!atomic_exchange(&q->retry, false))
		return;
	for (unsigned int i = 0; i < QUEUE_MAX_SIZE; i++) {
		struct blk_request *request = &q->requests[i];

		if (!request->waits)
			continue;
		request->waits = false;
		begin_access(q, request);
	}
}

/* ---- completions ------------------------------------------------------------ */

static int end_transfer(int res)
{
	if (!res)
		return -EIO;	/* the image has become shorter */
	return res > 0 ? 0 : res;
}

static int end_flush(struct blk *blk, int res)
{
	if (res)
		atomic_store(&blk->has_lost_data, true);
	return res;
}

static void complete(struct blk_queue *q, struct blk_request *request)
{
	struct image_access *access = &request->access;
	bool transfer = request->type == VIRTIO_BLK_T_IN ||
			request->type == VIRTIO_BLK_T_OUT;
	int res = access->result;

	q->in_flight--;
	if (res == -EAGAIN || res == -EINTR) {
		submit(q, request);
		return;
	}
	if (transfer && res > 0 && (uint64_t)res < access->len) {
		advance(access, res);
		access->offset += res;
		access->len -= res;
		submit(q, request);
		return;
	}
	if (transfer)
		res = end_transfer(res);
	else if (request->type == VIRTIO_BLK_T_FLUSH)
		res = end_flush(q->blk, res);
	else
		res = end_range(q->blk, request, res);
	finish_or_hold(q, request, res);
}

static void reap(struct blk_queue *q)
{
	struct image_access *access;

	while ((access = image_io_done(&q->io)))
		complete(q, (struct blk_request *)access);	/* its first field */
}

static void drain(struct blk_queue *q)
{
	while (q->in_flight) {
		image_io_wait(&q->io);
		reap(q);
	}
}

static void blk_run(void *arg)
{
	struct blk_queue *q = arg;
	int err = 0;

	/* A driver that breaks the rules in one queue stops all queues. */
	while (!worker_must_stop(&q->worker) &&
	       !virtio_is_broken(&q->blk->dev)) {
		retry_held(q);
		err = take_requests(q);
		virtio_interrupt(&q->blk->dev, q->queue);
		if (err)
			break;
		image_io_submit(&q->io);
		if (queue_may_sleep(q->queue)) {
			image_io_wait(&q->io);
			queue_need_no_kicks(q->queue);
		}
		reap(q);
	}
	if (err)
		virtio_break(&q->blk->dev);
	drain(q);
	virtio_interrupt(&q->blk->dev, q->queue);
}

/* ---- the queue -------------------------------------------------------------- */

void blk_queue_retry(struct blk_queue *q)
{
	atomic_store(&q->retry, true);
	worker_kick(&q->worker);
}

void blk_queue_reset(struct blk_queue *q)
{
	for (unsigned int i = 0; i < QUEUE_MAX_SIZE; i++) {
		release(q, &q->requests[i]);
		q->requests[i].busy = false;
	}
}

static void tell_no_ring(int err)
{
	static atomic_bool is_told;

	if (!atomic_exchange(&is_told, true))
		log_info("The host does not let ssi-vmm use io_uring (%s): disks work, but each of their queues makes one access at a time.",
			 strerror(-err));
}

struct blk_queue *blk_queue_make(struct blk *blk, unsigned int index)
{
	struct blk_queue *q = calloc(1, sizeof(*q));
	int err;

	if (!q)
		die(EXIT_HOST, "There is no memory for the disk %s.",
		    blk->image.path);
	q->blk = blk;
	q->queue = &blk->dev.queues[index];
	worker_init(&q->worker, &blk->dev.workers, FILTER_DISK, blk_run,
		    q);
	q->io.fd = blk->image.fd;
	q->io.kick_fd = q->worker.kick_fd;
	q->io.align = blk->image.align;
	q->io.bounces = blk->image.direct && memory_may_move();
	if (q->io.align &&
	    posix_memalign(&q->io.piece, q->io.align, IMAGE_PIECE))
		die(EXIT_HOST, "There is no memory for the disk %s.",
		    blk->image.path);
	err = image_io_init(&q->io);
	if (err)
		tell_no_ring(err);
	return q;
}
