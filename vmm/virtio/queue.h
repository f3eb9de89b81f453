/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Split virtqueues (virtio 1.2, 2.7): the guest's requests and our answers. */
#ifndef VMM_VIRTIO_QUEUE_H
#define VMM_VIRTIO_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define QUEUE_MAX_SIZE		256

struct queue_desc;
struct queue_avail;
struct queue_used;

/**
 * struct queue_setup - the registers of a queue, as the driver has written them
 * @size: number of descriptors, to be a power of two
 * @enabled: the driver uses the queue
 * @desc: guest address of the descriptors
 * @avail: of the ring that the driver fills
 * @used: of the ring that we fill
 */
struct queue_setup {
	uint16_t size;
	bool enabled;
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
};

/**
 * struct queue - one virtqueue, from queue_start() until queue_reset()
 * @size: number of descriptors, a power of two
 * @event_idx: both sides suppress kicks and interrupts by index (2.7.7, 2.7.10)
 * @desc: where the descriptors are here
 * @avail: where the driver's ring is
 * @used: where our ring is; NULL unless the queue is started
 * @next_avail: the entry that we take next
 * @next_used: the entry that we fill next
 * @told_used: @next_used when we last decided about an interrupt
 *
 * One thread works with a queue that was started.
 */
struct queue {
	uint16_t size;
	bool event_idx;
	const struct queue_desc *desc;
	struct queue_avail *avail;
	struct queue_used *used;
	uint16_t next_avail;
	uint16_t next_used;
	uint16_t told_used;
};

/**
 * struct queue_chain - the buffers of one request
 * @head: names it to queue_push()
 * @num_out: how many buffers we read
 * @num_in: how many we write; they follow those that we read
 * @iov: where the buffers are here
 */
struct queue_chain {
	uint16_t head;
	unsigned int num_out;
	unsigned int num_in;
	struct iovec iov[QUEUE_MAX_SIZE];
};

/* As it is after a reset. */
void queue_reset(struct queue *queue);

/*
 * Begin to work with the rings where the driver says that they are. Return:
 * 0, or -EINVAL if that is not memory, or not aligned as it must be.
 */
int queue_start(struct queue *queue, const struct queue_setup *setup,
		bool event_idx);

/* Has queue_start() succeeded since the reset? The other functions need that. */
bool queue_is_started(const struct queue *queue);

/**
 * queue_pop() - take the next request
 * @queue: the queue
 * @chain: out
 *
 * Return: 1, 0 if there is none, or -EPROTO if the request is malformed; the device
 * must then ask for a reset.
 */
int queue_pop(struct queue *queue, struct queue_chain *chain);

/*
 * Give the last @count requests that queue_pop() has returned back to the queue: it
 * returns them again.
 */
void queue_unpop(struct queue *queue, unsigned int count);

/**
 * struct queue_result - a request that is done
 * @head: of its chain
 * @written: bytes of its buffers that are new
 */
struct queue_result {
	uint16_t head;
	uint32_t written;
};

/* Several requests are done; the driver sees all of them at once. */
void queue_push_all(struct queue *queue, const struct queue_result *results,
		    unsigned int count);

/* A request is done, and @written bytes of its buffers are new. */
void queue_push(struct queue *queue, uint16_t head, uint32_t written);

/*
 * Where the queue is: the numbers of the requests that are taken, and of those that are
 * done, as the guest sees them.
 */
uint16_t queue_taken(const struct queue *queue);
uint16_t queue_done(const struct queue *queue);

/* Go on there, after queue_start(). */
void queue_continue(struct queue *queue, uint16_t taken, uint16_t done);

/* Is an interrupt due for the requests pushed since the last call? */
bool queue_wants_interrupt(struct queue *queue);

/*
 * Before waiting: ask for kicks. Return: false if a request has come already, so
 * that the caller must not wait.
 */
bool queue_may_sleep(struct queue *queue);

/* While busy: kicks are not needed. */
void queue_need_no_kicks(struct queue *queue);

/* Bytes of buffers, and copies to and from them. Return: bytes copied. */
size_t queue_iov_len(const struct iovec *iov, unsigned int count);
size_t queue_copy_from(const struct iovec *iov, unsigned int count,
		       size_t offset, void *data, size_t len);
size_t queue_copy_to(const struct iovec *iov, unsigned int count,
		     size_t offset, const void *data, size_t len);

#endif /* VMM_VIRTIO_QUEUE_H */
