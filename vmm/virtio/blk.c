// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disks: files and block devices of the host (virtio 1.2, 5.2).
 *
 * DOC: Theory of operation
 *
 * Each queue has a thread and an io_uring of its own. The thread takes the driver's
 * requests, submits them to the ring, and answers them when they complete. A kick
 * by the driver is a completion, too: of a read of the worker's eventfd. A
 * request in flight has a slot, named by the head of its chain. Its data goes
 * directly between the file and the guest's memory.
 *
 * A write is durable once a later flush has been answered (fdatasync()), or at
 * once if the driver has not accepted that there are flushes.
 *
 * The image is locked as long as this process lives, so that no other ssi-vmm and
 * no other program that uses locks writes to it.
 */
#include "blk.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/fs.h>
#include <linux/virtio_blk.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../log.h"
#include "image.h"
#include "pci.h"
#include "worker.h"

#define SECTOR		512u
#define MAX_QUEUES	4
#define RING_SIZE	512	/* all requests, and the kick */
#define HEADER_SIZE	16
#define SEG_MAX		(QUEUE_MAX_SIZE / 2 - 2)
#define DISCARD_MAX	(1u << 30)	/* bytes at once */
#define ZEROES_MAX	(8u << 20)	/* which may have to be written */
#define GRANULE		4096u

/**
 * struct blk_request - a request that is being worked on
 * @chain: its buffers; @chain.iov is used up from the front
 * @iov: the rest of the data
 * @count: entries of @iov
 * @status: where the answer goes
 * @type: VIRTIO_BLK_T_*
 * @offset: place of the rest in the image
 * @len: bytes of the rest
 * @written: bytes that the guest gets
 * @busy: it is being worked on
 */
struct blk_request {
	struct queue_chain chain;
	struct iovec *iov;
	unsigned int count;
	uint8_t *status;
	uint32_t type;
	uint64_t offset;
	uint64_t len;
	uint32_t written;
	bool busy;
};

/**
 * struct blk_queue - a queue and its thread
 * @blk: the disk
 * @queue: of the device
 * @worker: the thread
 * @ring: the requests that the thread waits for
 * @kick: buffer for reads of the worker's eventfd
 * @kick_armed: such a read is in @ring
 * @in_flight: requests in @ring
 * @requests: by head
 */
struct blk_queue {
	struct blk *blk;
	struct queue *queue;
	struct worker worker;
	struct io_uring ring;
	uint64_t kick;
	bool kick_armed;
	unsigned int in_flight;
	struct blk_request requests[QUEUE_MAX_SIZE];
};

struct blk {
	struct virtio_device dev;
	struct virtio_blk_config config;
	const char *path;
	int fd;
	bool readonly;
	uint64_t size;
	uint32_t block_size;	/* bytes that the storage reads or writes at least */
	atomic_bool complained;
	struct blk_queue *queues[MAX_QUEUES];
};

/* ---- answers ---------------------------------------------------------------- */

static void complain(struct blk *blk, int err)
{
	if (!atomic_exchange(&blk->complained, true))
		log_warn("The disk %s fails: %s; this was reported to the guest, and further errors are not logged.",
			 blk->path, strerror(err));
}

static void finish(struct blk_queue *q, struct blk_request *request,
		   uint8_t status)
{
	*request->status = status;
	request->busy = false;
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

/* ---- requests --------------------------------------------------------------- */

static void advance(struct blk_request *request, size_t bytes)
{
	while (bytes && request->count) {
		size_t piece = request->iov->iov_len;

		if (piece > bytes)
			piece = bytes;
		request->iov->iov_base = (char *)request->iov->iov_base + piece;
		request->iov->iov_len -= piece;
		bytes -= piece;
		if (!request->iov->iov_len) {
			request->iov++;
			request->count--;
		}
	}
}

static struct io_uring_sqe *get_sqe(struct blk_queue *q)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&q->ring);

	if (!sqe) {	/* the ring is full of requests not yet submitted */
		io_uring_submit(&q->ring);
		sqe = io_uring_get_sqe(&q->ring);
	}
	return sqe;
}

static void submit(struct blk_queue *q, struct blk_request *request)
{
	struct blk *blk = q->blk;
	struct io_uring_sqe *sqe = get_sqe(q);

	if (request->type == VIRTIO_BLK_T_IN) {
		io_uring_prep_readv(sqe, blk->fd, request->iov, request->count,
				    request->offset);
	} else if (request->type == VIRTIO_BLK_T_OUT) {
		io_uring_prep_writev(sqe, blk->fd, request->iov,
				     request->count, request->offset);
		if (!virtio_has(&blk->dev, VIRTIO_BLK_F_FLUSH))
			sqe->rw_flags = RWF_DSYNC;
	} else if (request->type == VIRTIO_BLK_T_FLUSH) {
		io_uring_prep_fsync(sqe, blk->fd, IORING_FSYNC_DATASYNC);
	} else {
		io_uring_prep_fallocate(sqe, blk->fd, FALLOC_FL_PUNCH_HOLE |
					FALLOC_FL_KEEP_SIZE, request->offset,
					request->len);
	}
	io_uring_sqe_set_data(sqe, request);
	q->in_flight++;
}

static bool is_inside(const struct blk *blk, uint64_t sector, uint64_t len)
{
	return len % SECTOR == 0 && sector <= blk->size / SECTOR &&
	       len <= blk->size - sector * SECTOR;
}

static void begin_transfer(struct blk_queue *q, struct blk_request *request,
			   uint64_t sector)
{
	bool write = request->type == VIRTIO_BLK_T_OUT;

	request->len = queue_iov_len(request->iov, request->count);
	request->offset = sector * SECTOR;
	if (!request->len || !is_inside(q->blk, sector, request->len) ||
	    (write && q->blk->readonly)) {
		finish(q, request, VIRTIO_BLK_S_IOERR);
		return;
	}
	if (!write)
		request->written = request->len;
	submit(q, request);
}

/* Without UNMAP the range must stay allocated; not all files support that. */
static int write_zeroes(struct blk *blk, uint64_t offset, uint64_t len)
{
	static const unsigned char zeroes[64 << 10];

	if (!fallocate(blk->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
		       offset, len))
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	while (len) {
		size_t piece = len < sizeof(zeroes) ? len : sizeof(zeroes);
		ssize_t done = pwrite(blk->fd, zeroes, piece, offset);

		if (done < 0)
			return -errno;
		offset += done;
		len -= done;
	}
	return 0;
}

/* One segment a request, as the configuration says. */
static void begin_range(struct blk_queue *q, struct blk_request *request)
{
	struct virtio_blk_discard_write_zeroes range;
	struct blk *blk = q->blk;
	bool discard = request->type == VIRTIO_BLK_T_DISCARD;

	if (queue_iov_len(request->iov, request->count) != sizeof(range) ||
	    blk->readonly) {
		finish(q, request, VIRTIO_BLK_S_IOERR);
		return;
	}
	queue_copy_from(request->iov, request->count, 0, &range,
			sizeof(range));
	request->offset = range.sector * SECTOR;
	request->len = (uint64_t)range.num_sectors * SECTOR;
	if (!request->len || request->len > (discard ? DISCARD_MAX : ZEROES_MAX) ||
	    !is_inside(blk, range.sector, request->len))
		finish(q, request, VIRTIO_BLK_S_IOERR);
	else if (range.flags & (discard ? ~0u :
				~(uint32_t)VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP))
		finish(q, request, VIRTIO_BLK_S_UNSUPP);
	else if (discard || range.flags)
		submit(q, request);
	else
		finish(q, request,
		       status_of(blk, write_zeroes(blk, request->offset,
						   request->len)));
}

static void tell_id(struct blk_queue *q, struct blk_request *request)
{
	char id[VIRTIO_BLK_ID_BYTES] = "";
	const char *name = strrchr(q->blk->path, '/');

	memcpy(id, name ? name + 1 : q->blk->path,
	       strnlen(name ? name + 1 : q->blk->path, sizeof(id)));
	request->written = queue_copy_to(request->iov, request->count, 0, id,
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
	struct virtio_blk_outhdr header;

	if (!chain->num_in ||
	    queue_copy_from(chain->iov, chain->num_out, 0, &header,
			    HEADER_SIZE) != HEADER_SIZE)
		return false;
	request->type = header.type;
	request->written = 0;
	*sector = header.sector;
	last->iov_len--;
	request->status = (uint8_t *)last->iov_base + last->iov_len;
	request->iov = chain->iov;
	request->count = chain->num_out;
	advance(request, HEADER_SIZE);
	if (header.type == VIRTIO_BLK_T_IN ||
	    header.type == VIRTIO_BLK_T_GET_ID) {
		request->iov = chain->iov + chain->num_out;
		request->count = chain->num_in;
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
		request->len = 0;
		submit(q, request);
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

/* ---- completions ------------------------------------------------------------ */

/* Files that cannot have holes get zeroes. */
static int end_range(struct blk *blk, struct blk_request *request, int res)
{
	if (res == -EOPNOTSUPP && request->type == VIRTIO_BLK_T_WRITE_ZEROES)
		res = write_zeroes(blk, request->offset, request->len);
	if (!res && !virtio_has(&blk->dev, VIRTIO_BLK_F_FLUSH) &&
	    fdatasync(blk->fd))
		res = -errno;
	return res;
}

static void complete(struct blk_queue *q, struct blk_request *request, int res)
{
	bool transfer = request->type == VIRTIO_BLK_T_IN ||
			request->type == VIRTIO_BLK_T_OUT;

	q->in_flight--;
	if (res == -EAGAIN || res == -EINTR) {
		submit(q, request);
		return;
	}
	if (transfer && res > 0 && (uint64_t)res < request->len) {
		advance(request, res);
		request->offset += res;
		request->len -= res;
		submit(q, request);
		return;
	}
	if (transfer && !res)
		res = -EIO;	/* the image has become shorter */
	else if (transfer && res > 0)
		res = 0;
	else if (request->type != VIRTIO_BLK_T_FLUSH)
		res = end_range(q->blk, request, res);
	finish(q, request, status_of(q->blk, res));
}

static void reap(struct blk_queue *q)
{
	struct io_uring_cqe *cqe;

	while (io_uring_peek_cqe(&q->ring, &cqe) == 0) {
		struct blk_request *request = io_uring_cqe_get_data(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(&q->ring, cqe);
		if (request)
			complete(q, request, res);
		else
			q->kick_armed = false;
	}
}

static void arm_kick(struct blk_queue *q)
{
	struct io_uring_sqe *sqe;

	if (q->kick_armed)
		return;
	sqe = get_sqe(q);
	io_uring_prep_read(sqe, q->worker.kick_fd, &q->kick, sizeof(q->kick),
			   0);
	io_uring_sqe_set_data(sqe, NULL);
	q->kick_armed = true;
}

static void drain(struct blk_queue *q)
{
	while (q->in_flight) {
		io_uring_submit_and_wait(&q->ring, 1);
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
		arm_kick(q);
		err = take_requests(q);
		virtio_interrupt(&q->blk->dev, q->queue);
		if (err)
			break;
		io_uring_submit(&q->ring);
		if (queue_may_sleep(q->queue)) {
			io_uring_submit_and_wait(&q->ring, 1);
			queue_need_no_kicks(q->queue);
		}
		reap(q);
	}
	if (err)
		virtio_break(&q->blk->dev);
	drain(q);
	virtio_interrupt(&q->blk->dev, q->queue);
}

/* ---- the device ------------------------------------------------------------- */

static struct blk *blk_of(struct virtio_device *dev)
{
	return (void *)((char *)dev - offsetof(struct blk, dev));
}

static void blk_start(struct virtio_device *dev)
{
	struct blk *blk = blk_of(dev);

	for (unsigned int i = 0; i < dev->num_queues; i++) {
		struct blk_queue *q = blk->queues[i];

		for (unsigned int r = 0; r < QUEUE_MAX_SIZE; r++)
			q->requests[r].busy = false;
		if (queue_is_started(q->queue))
			worker_start(&q->worker);
	}
}

static void blk_stop(struct virtio_device *dev)
{
	struct blk *blk = blk_of(dev);

	for (unsigned int i = 0; i < dev->num_queues; i++)
		worker_stop(&blk->queues[i]->worker);
}

static void blk_notify(struct virtio_device *dev, unsigned int queue)
{
	worker_kick(&blk_of(dev)->queues[queue]->worker);
}

static const struct virtio_ops blk_ops = {
	.start = blk_start, .stop = blk_stop, .notify = blk_notify,
};

static uint64_t find_size(const char *path, int fd)
{
	struct stat st;
	uint64_t size;

	if (fstat(fd, &st))
		die(EXIT_USAGE, "The disk %s cannot be inspected: %s.", path,
		    strerror(errno));
	size = st.st_size;
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, &size))
		die(EXIT_USAGE, "The size of the disk %s cannot be read: %s.",
		    path, strerror(errno));
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		die(EXIT_USAGE, "The disk %s is neither a file nor a block device.",
		    path);
	if (!size)
		die(EXIT_USAGE, "The disk %s is empty; truncate -s SIZE gives it one.",
		    path);
	if (size % SECTOR)
		die(EXIT_USAGE, "The disk %s has %llu bytes, which is not a multiple of 512.",
		    path, (unsigned long long)size);
	return size;
}

/* Partition tables count in blocks of a block device; files have none. */
static uint32_t find_block_size(int fd)
{
	unsigned int size;

	return ioctl(fd, BLKSSZGET, &size) || size < SECTOR ? SECTOR : size;
}

static void lock_image(const struct blk *blk)
{
	struct flock lock = {
		.l_type = blk->readonly ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};

	if (!fcntl(blk->fd, F_OFD_SETLK, &lock))
		return;
	if (errno == EAGAIN || errno == EACCES)
		die(EXIT_USAGE, "The disk %s is in use by another process; a second guest would destroy it.",
		    blk->path);
	die(EXIT_HOST, "The disk %s cannot be locked: %s.", blk->path,
	    strerror(errno));
}

struct blk *blk_open(const char *path, bool readonly)
{
	struct blk *blk = calloc(1, sizeof(*blk));

	if (!blk)
		die(EXIT_HOST, "There is no memory for the disk %s.", path);
	blk->path = path;
	blk->readonly = readonly;
	blk->fd = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (blk->fd < 0 && !readonly && (errno == EACCES || errno == EROFS))
		die(EXIT_USAGE, "The disk %s cannot be opened for writing: %s; add readonly to let the guest read it.",
		    path, strerror(errno));
	if (blk->fd < 0)
		die(EXIT_USAGE, "The disk %s cannot be opened: %s.", path,
		    strerror(errno));
	blk->size = find_size(path, blk->fd);
	blk->block_size = find_block_size(blk->fd);
	lock_image(blk);
	image_check_raw(path, blk->fd);
	return blk;
}

static struct blk_queue *make_queue(struct blk *blk, unsigned int index)
{
	struct blk_queue *q = calloc(1, sizeof(*q));
	int err;

	if (!q)
		die(EXIT_HOST, "There is no memory for the disk %s.",
		    blk->path);
	err = io_uring_queue_init(RING_SIZE, &q->ring, 0);
	if (err)
		die(EXIT_HOST, "An io_uring for the disk %s could not be set up: %s.",
		    blk->path, strerror(-err));
	q->blk = blk;
	q->queue = &blk->dev.queues[index];
	worker_init(&q->worker, &blk->dev.workers, blk_run, q);
	return q;
}

static void make_config(struct blk *blk)
{
	struct virtio_blk_config *config = &blk->config;

	config->capacity = blk->size / SECTOR;
	config->seg_max = SEG_MAX;
	config->blk_size = blk->block_size;
	config->num_queues = blk->dev.num_queues;
	config->max_discard_sectors = DISCARD_MAX / SECTOR;
	config->max_discard_seg = 1;
	config->discard_sector_alignment = GRANULE / SECTOR;
	config->max_write_zeroes_sectors = ZEROES_MAX / SECTOR;
	config->max_write_zeroes_seg = 1;
	config->write_zeroes_may_unmap = 1;
}

void blk_init(struct blk *blk, unsigned int queues, uint8_t bus,
	      uint32_t window)
{
	struct virtio_device *dev = &blk->dev;

	dev->name = blk->path;
	dev->type = VIRTIO_BLK;
	dev->class = PCI_CLASS_SCSI;	/* as drivers and firmware expect */
	dev->features = 1ull << VIRTIO_BLK_F_SEG_MAX |
			1ull << VIRTIO_BLK_F_BLK_SIZE |
			1ull << VIRTIO_BLK_F_FLUSH | 1ull << VIRTIO_BLK_F_MQ;
	if (blk->readonly)
		dev->features |= 1ull << VIRTIO_BLK_F_RO;
	else
		dev->features |= 1ull << VIRTIO_BLK_F_DISCARD |
				 1ull << VIRTIO_BLK_F_WRITE_ZEROES;
	dev->num_queues = queues < MAX_QUEUES ? queues : MAX_QUEUES;
	dev->config = &blk->config;
	dev->config_size = sizeof(blk->config);
	dev->ops = &blk_ops;
	make_config(blk);
	for (unsigned int i = 0; i < dev->num_queues; i++)
		blk->queues[i] = make_queue(blk, i);
	virtio_pci_add(dev, bus, window);
}
