/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks (virtio 1.2, 5.2): the parts that blk.c and blk_queue.c share. */
#ifndef VMM_VIRTIO_BLK_QUEUE_H
#define VMM_VIRTIO_BLK_QUEUE_H

#include <linux/virtio_blk.h>
#include <stdatomic.h>

#include "../device_options.h"
#include "image.h"
#include "image_io.h"
#include "pci.h"
#include "worker.h"

#define BLK_MAX_QUEUES	4
#define BLK_DISCARD_MAX	(1u << 30)	/* bytes at once */
#define BLK_ZEROES_MAX	(8u << 20)	/* which may have to be written */

struct blk;

/**
 * struct blk_request - a request that is being worked on
 * @access: to the image
 * @chain: its buffers; @chain.iov is used up from the front
 * @status: where the answer goes
 * @type: VIRTIO_BLK_T_*
 * @keep: zeroes: the range must stay allocated
 * @written: bytes that the guest gets
 * @busy: it is being worked on
 * @held: it has failed at least once and is tried again until it succeeds
 * @waits: it is held, and has no access under way
 */
struct blk_request {
	struct image_access access;
	struct queue_chain chain;
	uint8_t *status;
	uint32_t type;
	bool keep;
	uint32_t written;
	bool busy;
	bool held;
	bool waits;
};

/**
 * struct blk_queue - a queue and its thread
 * @blk: the disk
 * @queue: of the device
 * @worker: the thread
 * @io: what the thread waits for
 * @in_flight: accesses in @io
 * @retry: the thread is to try again what is held
 * @requests: by head
 */
struct blk_queue {
	struct blk *blk;
	struct queue *queue;
	struct worker worker;
	struct image_io io;
	unsigned int in_flight;
	atomic_bool retry;
	struct blk_request requests[QUEUE_MAX_SIZE];
};

/**
 * struct blk - a disk
 * @dev: the virtio device
 * @config: its configuration
 * @image: the file or block device
 * @size: bytes that the guest sees
 * @werror: what happens when a write fails
 * @serial: its serial number; NULL: the file's name
 * @writes_through: it offers no flushes
 * @held: requests of all queues that are held
 * @complained: an error was logged
 * @has_lost_data: a flush has failed
 * @seen_size: size of the image at the last look (blk_look()), as what follows
 * @is_shrunk: the image was shorter than the guest sees it
 * @has_waited: there were requests that are held
 * @queues: of @dev
 */
struct blk {
	struct virtio_device dev;
	struct virtio_blk_config config;
	struct image image;
	atomic_uint_least64_t size;
	enum disk_werror werror;
	const char *serial;
	bool writes_through;
	atomic_uint held;
	atomic_bool complained;
	atomic_bool has_lost_data;
	uint64_t seen_size;
	bool is_shrunk;
	bool has_waited;
	struct blk_queue *queues[BLK_MAX_QUEUES];
};

/* Prepare a queue. Ends the process with a sentence on errors. */
struct blk_queue *blk_queue_make(struct blk *blk, unsigned int index);

/* The driver has reset the device; the thread does not run. */
void blk_queue_reset(struct blk_queue *q);

/* Have the thread try again what is held. From any thread. */
void blk_queue_retry(struct blk_queue *q);

#endif /* VMM_VIRTIO_BLK_QUEUE_H */
