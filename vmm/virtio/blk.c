// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Disks: files and block devices of the host (virtio 1.2, 5.2). The requests are
 * in blk_queue.c.
 *
 * One thread looks after all disks every few seconds. An image that has grown is a
 * larger disk for the guest, too. One that was made shorter is not a smaller disk: a
 * guest that has data there would lose it without a word. Writes that wait for
 * room are tried again; SIGCONT does that at once.
 */
#include "blk.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../deadline.h"
#include "../log.h"
#include "../stop.h"
#include "blk_queue.h"

#define SEG_MAX		(QUEUE_MAX_SIZE / 2 - 2)
#define GRANULE		4096u

static struct blk *blk_disks[DEVICE_MAX_DISKS];
static unsigned int blk_count;
static sem_t blk_continued;	/* SIGCONT has come */

static struct blk *blk_of(struct virtio_device *dev)
{
	return (void *)((char *)dev - offsetof(struct blk, dev));
}

static void blk_start(struct virtio_device *dev)
{
	struct blk *blk = blk_of(dev);

	for (unsigned int i = 0; i < dev->num_queues; i++)
		if (queue_is_started(blk->queues[i]->queue))
			worker_start(&blk->queues[i]->worker);
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

static void blk_reset(struct virtio_device *dev)
{
	struct blk *blk = blk_of(dev);

	for (unsigned int i = 0; i < dev->num_queues; i++)
		blk_queue_reset(blk->queues[i]);
}

static const struct virtio_ops blk_ops = {
	.start = blk_start, .stop = blk_stop, .notify = blk_notify,
	.reset = blk_reset,
};

/* ---- looking after it ------------------------------------------------------- */

/* A size counts when it is the same at two looks: somebody may still be copying. */
static void take_size(struct blk *blk)
{
	uint64_t told = atomic_load(&blk->size), before = blk->seen_size;
	uint64_t size, capacity;

	if (!image_size(&blk->image, &size))
		return;
	size -= size % blk->image.block_size;
	blk->seen_size = size;
	if (size != before || size <= told)
		return;
	atomic_store(&blk->size, size);
	capacity = size / IMAGE_SECTOR;
	virtio_change_config(&blk->dev, &blk->config.capacity, &capacity,
			     sizeof(capacity));
	log_info("The disk %s has grown from %llu to %llu bytes; the guest was told.",
		 blk->image.path, (unsigned long long)told,
		 (unsigned long long)size);
}

static void tell_shrunk(struct blk *blk)
{
	bool shrunk = blk->seen_size < atomic_load(&blk->size);

	if (shrunk && !blk->is_shrunk)
		log_warn("The disk %s was made shorter, to %llu bytes. The guest still sees %llu bytes, and its reads behind the end fail; truncate -s %llu makes the file as long as it was, but what was cut off is lost.",
			 blk->image.path, (unsigned long long)blk->seen_size,
			 (unsigned long long)blk->size,
			 (unsigned long long)blk->size);
	blk->is_shrunk = shrunk;
}

static void tell_room(struct blk *blk)
{
	bool waits = atomic_load(&blk->held);

	if (blk->has_waited && !waits)
		log_info("The disk %s can be written again.", blk->image.path);
	blk->has_waited = waits;
}

void blk_look(struct blk *blk)
{
	take_size(blk);
	tell_shrunk(blk);
	tell_room(blk);
	for (unsigned int i = 0; blk->has_waited && i < blk->dev.num_queues; i++)
		blk_queue_retry(blk->queues[i]);
}

bool blk_has_held(struct blk *blk)
{
	return atomic_load(&blk->held);
}

bool blk_mark(struct blk *blk, struct blk_mark *mark)
{
	struct stat st;

	if ((!blk->image.readonly && fdatasync(blk->image.fd)) ||
	    fstat(blk->image.fd, &st) || !image_size(&blk->image, &mark->size))
		return false;
	mark->mtime = S_ISREG(st.st_mode) ? st.st_mtim.tv_sec * 1000000000ull +
					    st.st_mtim.tv_nsec : 0;
	return true;
}

static void *watch_disks(void *unused)
{
	for (;;) {
		struct timespec until = deadline_in(DISK_RETRY_S * 1000);

		sem_clockwait(&blk_continued, CLOCK_MONOTONIC, &until);
		for (unsigned int i = 0; i < blk_count; i++)
			blk_look(blk_disks[i]);
	}
	return unused;
}

static void blk_continue(void)
{
	sem_post(&blk_continued);
}

void blk_watch(void)
{
	pthread_t thread;

	if (!blk_count)
		return;
	sem_init(&blk_continued, 0, 0);
	if (pthread_create(&thread, NULL, watch_disks, NULL))
		die(EXIT_HOST, "The host gives no thread for the disks.");
	pthread_detach(thread);
	stop_add_continued(blk_continue);
}

/* ---- the device ------------------------------------------------------------- */

struct blk *blk_open(const struct disk_options *options)
{
	struct blk *blk = calloc(1, sizeof(*blk));

	if (!blk)
		die(EXIT_HOST, "There is no memory for the disk %s.",
		    options->file);
	blk->image.path = options->file;
	blk->image.readonly = options->readonly;
	blk->image.direct = options->cache == DISK_NONE ||
			    options->cache == DISK_DIRECTSYNC;
	image_open(&blk->image, options->block_size);
	atomic_store(&blk->size, blk->image.size);
	blk->seen_size = blk->image.size;
	blk->werror = options->werror;
	blk->serial = options->serial;
	blk->writes_through = options->cache == DISK_WRITETHROUGH ||
			      options->cache == DISK_DIRECTSYNC;
	return blk;
}

static uint32_t granule_of(const struct blk *blk)
{
	return blk->image.block_size > GRANULE ? blk->image.block_size :
						 GRANULE;
}

static void make_config(struct blk *blk)
{
	struct virtio_blk_config *config = &blk->config;

	config->capacity = blk->image.size / IMAGE_SECTOR;
	config->seg_max = SEG_MAX;
	config->blk_size = blk->image.block_size;
	config->num_queues = blk->dev.num_queues;
	config->max_discard_sectors = BLK_DISCARD_MAX / IMAGE_SECTOR;
	config->max_discard_seg = 1;
	config->discard_sector_alignment = granule_of(blk) / IMAGE_SECTOR;
	config->max_write_zeroes_sectors = BLK_ZEROES_MAX / IMAGE_SECTOR;
	config->max_write_zeroes_seg = 1;
	config->write_zeroes_may_unmap = 1;
}

void blk_init(struct blk *blk, unsigned int queues, uint8_t bus,
	      uint32_t window)
{
	struct virtio_device *dev = &blk->dev;

	dev->name = blk->image.path;
	dev->type = VIRTIO_BLK;
	dev->class = PCI_CLASS_SCSI;	/* as drivers and firmware expect */
	dev->features = 1ull << VIRTIO_BLK_F_SEG_MAX |
			1ull << VIRTIO_BLK_F_BLK_SIZE | 1ull << VIRTIO_BLK_F_MQ;
	/* Without flushes each write is durable when it is done: blk_queue.c. */
	if (!blk->writes_through)
		dev->features |= 1ull << VIRTIO_BLK_F_FLUSH;
	if (blk->image.readonly)
		dev->features |= 1ull << VIRTIO_BLK_F_RO;
	else
		dev->features |= 1ull << VIRTIO_BLK_F_DISCARD |
				 1ull << VIRTIO_BLK_F_WRITE_ZEROES;
	dev->num_queues = queues < BLK_MAX_QUEUES ? queues : BLK_MAX_QUEUES;
	dev->config = &blk->config;
	dev->config_size = sizeof(blk->config);
	dev->ops = &blk_ops;
	make_config(blk);
	for (unsigned int i = 0; i < dev->num_queues; i++)
		blk->queues[i] = blk_queue_make(blk, i);
	virtio_pci_add(dev, bus, window);
	blk_disks[blk_count++] = blk;
}
