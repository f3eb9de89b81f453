// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Split virtqueues (virtio 1.2, 2.7).
 *
 * DOC: Theory of operation
 *
 * The rings and all that they point to are guest memory, which the guest may
 * change at any moment. So each field is read once, into a local variable, and
 * that is checked and used; every address goes through memory_at() with its
 * length. The rings are looked up once, when the queue is started: where RAM
 * is does not change. A chain ends after as many descriptors as the queue has,
 * so a loop ends, too. The caller gets an error, and its device is then broken
 * until the driver resets it.
 *
 * avail->idx is read before the entries that it announces (pairs with the
 * driver's barrier between writing an entry and idx), used->idx is written
 * after them. For the suppression of kicks and interrupts each side writes its own
 * field, then reads the other side's: both have a full barrier in between.
 */
#include "queue.h"

#include <errno.h>
#include <string.h>

#include "../memory.h"

#define DESC_NEXT	1
#define DESC_WRITE	2
#define DESC_INDIRECT	4

#define AVAIL_NO_INTERRUPT	1
#define USED_NO_NOTIFY		1

struct queue_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct queue_avail {
	uint16_t flags;
	atomic_uint_least16_t idx;
	uint16_t ring[];	/* and used_event behind it */
};

struct queue_used_elem {
	uint32_t id;
	uint32_t len;
};

struct queue_used {
	uint16_t flags;
	atomic_uint_least16_t idx;
	struct queue_used_elem ring[];	/* and avail_event behind it */
};

_Static_assert(sizeof(struct queue_desc) == 16, "virtio 1.2, 2.7.5");
_Static_assert(sizeof(struct queue_used_elem) == 8, "virtio 1.2, 2.7.8");

/* A field of guest memory: read or written once, as it is. */
#define READ_GUEST(field)	__atomic_load_n(&(field), __ATOMIC_RELAXED)
#define WRITE_GUEST(field, value) \
	__atomic_store_n(&(field), value, __ATOMIC_RELAXED)

void queue_reset(struct queue *queue)
{
	memset(queue, 0, sizeof(*queue));
}

static void *find(uint64_t gpa, uint64_t len, uint64_t align)
{
	return gpa % align ? NULL : memory_at(gpa, len);
}

int queue_start(struct queue *queue, const struct queue_setup *setup,
		bool event_idx)
{
	unsigned int size = setup->size;
	struct queue_used *used;

	if (!size || size > QUEUE_MAX_SIZE || (size & (size - 1)))
		return -EINVAL;
	/* Both rings end with the other side's event. */
	queue->desc = find(setup->desc, size * sizeof(*queue->desc), 16);
	queue->avail = find(setup->avail, sizeof(*queue->avail) +
			    (size + 1) * sizeof(queue->avail->ring[0]), 2);
	used = find(setup->used, sizeof(*used) +
		    size * sizeof(used->ring[0]) + sizeof(uint16_t), 4);
	queue->size = size;
	queue->event_idx = event_idx;
	queue->used = queue->desc && queue->avail ? used : NULL;
	return queue->used ? 0 : -EINVAL;
}

bool queue_is_started(const struct queue *queue)
{
	return queue->used;
}

static uint16_t *used_event(const struct queue *queue)
{
	return &queue->avail->ring[queue->size];
}

static uint16_t *avail_event(const struct queue *queue)
{
	return (uint16_t *)&queue->used->ring[queue->size];
}

/* An indirect table may be at any address: it is copied as bytes. */
static struct queue_desc read_desc(const void *table, unsigned int index)
{
	struct queue_desc desc;

	memcpy(&desc, (const char *)table + index * sizeof(desc), sizeof(desc));
	/* The compiler must not read it again after it was checked. */
	__asm__ volatile("" : "+m" (desc));
	return desc;
}

/* Buffers that we write follow those that we read (2.7.4.2). */
static int add_buffer(struct queue_chain *chain, const struct queue_desc *desc)
{
	unsigned int count = chain->num_out + chain->num_in;
	void *base = memory_at(desc->addr, desc->len);
	bool write = desc->flags & DESC_WRITE;

	if (!base || !desc->len || count == QUEUE_MAX_SIZE ||
	    (!write && chain->num_in))
		return -EPROTO;
	if (write)
		chain->num_in++;
	else
		chain->num_out++;
	chain->iov[count].iov_base = base;
	chain->iov[count].iov_len = desc->len;
	return 0;
}

/* Follow the chain that begins at @index of a table with @size entries. */
static int walk(const void *table, unsigned int size,
		unsigned int index, struct queue_chain *chain)
{
	struct queue_desc desc;

	for (unsigned int i = 0; i < size; i++) {
		if (index >= size)
			return -EPROTO;
		desc = read_desc(table, index);
		if ((desc.flags & DESC_INDIRECT) || add_buffer(chain, &desc))
			return -EPROTO;
		if (!(desc.flags & DESC_NEXT))
			return 0;
		index = desc.next;
	}
	return -EPROTO;
}

/* A descriptor may stand for a table of its own: alone, and not nested. */
static int walk_indirect(const struct queue_desc *desc,
			 struct queue_chain *chain)
{
	const void *table = memory_at(desc->addr, desc->len);
	unsigned int size = desc->len / sizeof(*desc);

	if (!table || desc->len % sizeof(*desc) || !size ||
	    size > QUEUE_MAX_SIZE || (desc->flags & DESC_NEXT))
		return -EPROTO;
	return walk(table, size, 0, chain);
}

int queue_pop(struct queue *queue, struct queue_chain *chain)
{
	uint16_t idx = atomic_load_explicit(&queue->avail->idx,
					    memory_order_acquire);
	uint16_t waiting = idx - queue->next_avail;
	struct queue_desc first;
	uint16_t head;

	if (!waiting)
		return 0;
	if (waiting > queue->size)
		return -EPROTO;
	head = READ_GUEST(queue->avail->ring[queue->next_avail % queue->size]);
	if (head >= queue->size)
		return -EPROTO;
	queue->next_avail++;
	chain->head = head;
	chain->num_out = 0;
	chain->num_in = 0;
	first = read_desc(queue->desc, head);
	if (first.flags & DESC_INDIRECT)
		return walk_indirect(&first, chain) ? -EPROTO : 1;
	return walk(queue->desc, queue->size, head, chain) ? -EPROTO : 1;
}

void queue_unpop(struct queue *queue, unsigned int count)
{
	queue->next_avail -= count;
}

void queue_push_all(struct queue *queue, const struct queue_result *results,
		    unsigned int count)
{
	struct queue_used_elem *elem;

	for (unsigned int i = 0; i < count; i++) {
		elem = &queue->used->ring[queue->next_used++ % queue->size];
		WRITE_GUEST(elem->id, results[i].head);
		WRITE_GUEST(elem->len, results[i].written);
	}
	atomic_store_explicit(&queue->used->idx, queue->next_used,
			      memory_order_release);
}

void queue_push(struct queue *queue, uint16_t head, uint32_t written)
{
	const struct queue_result result = { head, written };

	queue_push_all(queue, &result, 1);
}

uint16_t queue_taken(const struct queue *queue)
{
	return queue->next_avail;
}

uint16_t queue_done(const struct queue *queue)
{
	return atomic_load(&queue->used->idx);
}

void queue_continue(struct queue *queue, uint16_t taken, uint16_t done)
{
	queue->next_avail = taken;
	queue->next_used = done;
	queue->told_used = done;
}

bool queue_wants_interrupt(struct queue *queue)
{
	uint16_t told = queue->told_used, now = queue->next_used, event;

	if (told == now)
		return false;
	queue->told_used = now;
	atomic_thread_fence(memory_order_seq_cst);
	if (!queue->event_idx)
		return !(READ_GUEST(queue->avail->flags) & AVAIL_NO_INTERRUPT);
	/* Was the entry that it waits for among those that are new? (2.7.7) */
	event = READ_GUEST(*used_event(queue));
	return (uint16_t)(now - event - 1) < (uint16_t)(now - told);
}

bool queue_may_sleep(struct queue *queue)
{
	if (queue->event_idx)
		WRITE_GUEST(*avail_event(queue), queue->next_avail);
	else
		WRITE_GUEST(queue->used->flags, 0);
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load(&queue->avail->idx) == queue->next_avail;
}

void queue_need_no_kicks(struct queue *queue)
{
	/* With events, the old one stays behind and is as good. */
	if (!queue->event_idx)
		WRITE_GUEST(queue->used->flags, USED_NO_NOTIFY);
}

size_t queue_iov_len(const struct iovec *iov, unsigned int count)
{
	size_t len = 0;

	for (unsigned int i = 0; i < count; i++)
		len += iov[i].iov_len;
	return len;
}

/* Call @copy for the pieces of iov that are from @offset on; up to @len. */
static size_t for_pieces(const struct iovec *iov, unsigned int count,
			 size_t offset, unsigned char *data, size_t len,
			 void (*copy)(void *guest, void *data, size_t len))
{
	size_t done = 0;

	for (unsigned int i = 0; i < count && done < len; i++) {
		size_t piece = iov[i].iov_len;

		if (offset >= piece) {
			offset -= piece;
			continue;
		}
		piece -= offset;
		if (piece > len - done)
			piece = len - done;
		copy((char *)iov[i].iov_base + offset, data + done, piece);
		done += piece;
		offset = 0;
	}
	return done;
}

static void copy_from_guest(void *guest, void *data, size_t len)
{
	memcpy(data, guest, len);
}

static void copy_to_guest(void *guest, void *data, size_t len)
{
	memcpy(guest, data, len);
}

size_t queue_copy_from(const struct iovec *iov, unsigned int count,
		       size_t offset, void *data, size_t len)
{
	return for_pieces(iov, count, offset, data, len, copy_from_guest);
}

size_t queue_copy_to(const struct iovec *iov, unsigned int count,
		     size_t offset, const void *data, size_t len)
{
	return for_pieces(iov, count, offset, (unsigned char *)data, len,
			  copy_to_guest);
}
