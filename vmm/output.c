// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output of the guest's consoles and of the log: nothing that writes waits.
 *
 * DOC: Theory of operation
 *
 * The reader of standard output may be slow, or may have stopped: a pager, an ssh
 * connection that stalls, a journal that is full. A device writes while it
 * holds the device lock, for which all CPUs of the guest, and those of other
 * nodes, would have to wait. So writing means copying into a buffer of fixed
 * size, and each output has a thread that takes the data from there to the
 * file. Only this thread waits for the reader, and it holds no lock meanwhile.
 *
 * If the buffer is full, new data is dropped and counted, and a line with the
 * count takes its place when there is room again. Sources that can wait, such as
 * a virtio console, are asked to from a much lower level on, so that only those
 * that cannot lose anything.
 *
 * The descriptors are not made non-blocking: other processes share their open
 * files. Where another process has done so, the thread waits by poll().
 *
 * A file on a full disk takes nothing. What does not fit is lost, and a line with the
 * number of bytes takes its place when there is room again.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounded.h"
#include "deadline.h"
#include "exit.h"

#define MAX_OUTPUTS	3		/* stderr, stdout, a file */
#define BUFFER_SIZE	(1u << 20)
#define ROOM_LEVEL	(64u << 10)	/* from here on there is no room */
#define PIECE_MAX	4096u		/* of one write */
#define NOTICE_MAX	100u
#define FLUSH_MS	1000

/**
 * struct output - one file and its buffer
 * @fd: its descriptor
 * @lock: protects what follows
 * @filled: signalled when @count is not 0 any more
 * @drained: signalled when @count is 0
 * @buffer: a ring
 * @first: the first byte in it
 * @count: bytes in it
 * @dropped: bytes that did not fit, since the last notice
 * @limit: bytes that the file may have; 0: any number
 * @size: with @limit: bytes that it has; of the thread only
 * @lost: bytes that the file did not take, since the last line about it; of the thread only
 * @room: called when @count falls below ROOM_LEVEL, if @asked; may be NULL
 * @asked: a source was told that there is no room
 */
struct output {
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	pthread_cond_t drained;
	unsigned char buffer[BUFFER_SIZE];
	size_t first;
	size_t count;
	uint64_t dropped;
	uint64_t limit;
	uint64_t size;
	uint64_t lost;
	void (*room)(void);
	bool asked;
};

static struct output outputs[MAX_OUTPUTS];
static unsigned int output_count;
static bool output_started;

void output_claim_descriptors(void)
{
	int fd;

	/* open() returns the lowest free number. */
	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			_exit(EXIT_HOST);	/* stderr may not exist */
	} while (fd <= STDERR_FILENO);
	close(fd);
}

/* Return: bytes written, or 0 if the file takes none: @errno, or its reader has gone. */
static size_t write_some(int fd, const void *data, size_t len)
{
	struct pollfd poller = { .fd = fd, .events = POLLOUT };
	ssize_t done;

	for (;;) {
		errno = 0;
		done = write(fd, data, len);
		if (done > 0)
			return done;
		if (done < 0 && errno == EAGAIN)
			poll(&poller, 1, -1);
		else if (done == 0 || errno != EINTR)
			return 0;
	}
}

static void write_all(int fd, const unsigned char *data, size_t len)
{
	while (len) {
		size_t done = write_some(fd, data, len);

		if (!done)
			return;
		data += done;
		len -= done;
	}
}

/* The lock is held, and it fits. */
static void append(struct output *out, const unsigned char *data, size_t len)
{
	size_t at = (out->first + out->count) % BUFFER_SIZE;
	size_t part = len < BUFFER_SIZE - at ? len : BUFFER_SIZE - at;

	memcpy(out->buffer + at, data, part);
	memcpy(out->buffer, data + part, len - part);
	out->count += len;
	pthread_cond_signal(&out->filled);
}

/* The lock is held. Return: there was room for it, or there is none to write. */
static bool append_notice(struct output *out)
{
	char text[NOTICE_MAX];
	int len;

	if (!out->dropped)
		return true;
	if (BUFFER_SIZE - out->count < NOTICE_MAX)
		return false;
	len = snprintf(text, sizeof(text),
		       "\nssi-vmm: %llu bytes of output were dropped here: the reader is too slow.\n",
		       (unsigned long long)out->dropped);
	append(out, (unsigned char *)text, len);
	out->dropped = 0;
	return true;
}

void output_write(struct output *out, const void *data, size_t len)
{
	if (!output_started) {
		write_all(out->fd, data, len);
		return;
	}
	pthread_mutex_lock(&out->lock);
	if (append_notice(out) && len <= BUFFER_SIZE - out->count)
		append(out, data, len);
	else
		out->dropped += len;
	pthread_mutex_unlock(&out->lock);
}

void output_write_error(const void *data, size_t len)
{
	if (output_started)
		output_write(&outputs[0], data, len);
	else
		write_all(STDERR_FILENO, data, len);
}

bool output_has_room(struct output *out)
{
	bool has_room;

	pthread_mutex_lock(&out->lock);
	has_room = out->count < ROOM_LEVEL;
	out->asked |= !has_room;
	pthread_mutex_unlock(&out->lock);
	return has_room;
}

void output_set_limit(struct output *out, uint64_t limit)
{
	off_t size = lseek(out->fd, 0, SEEK_CUR);

	pthread_mutex_lock(&out->lock);
	out->limit = size < 0 ? 0 : limit;	/* a pipe has no size */
	out->size = size < 0 ? 0 : size;
	pthread_mutex_unlock(&out->lock);
}

void output_set_room(struct output *out, void (*room)(void))
{
	pthread_mutex_lock(&out->lock);
	out->room = room;
	pthread_mutex_unlock(&out->lock);
}

/* With the lock held: what can be written at once, of the first bytes. */
static size_t piece_of(const struct output *out)
{
	size_t len = out->count < PIECE_MAX ? out->count : PIECE_MAX;

	return len < BUFFER_SIZE - out->first ? len : BUFFER_SIZE - out->first;
}

/* By the thread, without the lock. */
static void keep_limit(struct output *out, size_t added)
{
	if (!out->limit)
		return;
	out->size += added;
	if (out->size >= out->limit)
		out->size = bounded_shorten(out->fd, out->size);
}

static bool has_no_room(void)
{
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
}

/* By the thread, without the lock. Return: the file has taken all of the line. */
static bool tell_lost(struct output *out)
{
	char text[NOTICE_MAX];
	size_t len = snprintf(text, sizeof(text),
			      "\nssi-vmm: %llu bytes of output were lost here: the file had no room.\n",
			      (unsigned long long)out->lost);
	size_t done = write_some(out->fd, text, len);

	keep_limit(out, done);
	if (done == len)
		out->lost = 0;
	return done == len;
}

/* By the thread, without the lock. Return: bytes that are written or lost. */
static size_t write_or_lose(struct output *out, const unsigned char *data, size_t len)
{
	size_t done = !out->lost || tell_lost(out) ? write_some(out->fd, data, len) : 0;
	bool loses = !done && (out->lost || has_no_room());	/* before errno changes */

	keep_limit(out, done);
	if (done)
		return done;
	if (loses)
		out->lost += len;
	return len;	/* or the reader has gone; the guest runs on */
}

/* The lock is held, but not while the file is written to. */
static void write_piece(struct output *out)
{
	size_t len = piece_of(out), done;
	bool calls;

	pthread_mutex_unlock(&out->lock);
	done = write_or_lose(out, out->buffer + out->first, len);
	pthread_mutex_lock(&out->lock);
	out->first = (out->first + done) % BUFFER_SIZE;
	out->count -= done;
	if (!out->count)
		append_notice(out);
	if (!out->count)
		pthread_cond_broadcast(&out->drained);
	calls = out->room && out->asked && out->count < ROOM_LEVEL;
	out->asked &= !calls;
	pthread_mutex_unlock(&out->lock);
	if (calls)
		out->room();
	pthread_mutex_lock(&out->lock);
}

static void *write_output(void *arg)
{
	struct output *out = arg;

	pthread_mutex_lock(&out->lock);
	for (;;) {
		while (!out->count)
			pthread_cond_wait(&out->filled, &out->lock);
		write_piece(out);
	}
	return NULL;
}

/* All signals are blocked: none stops it, not even one for its terminal. */
static bool start_thread(struct output *out)
{
	sigset_t all, old;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, NULL, write_output, out);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		pthread_detach(thread);
	return !err;
}

static bool is_same_file(int a, int b)
{
	struct stat stat_a, stat_b;

	return !fstat(a, &stat_a) && !fstat(b, &stat_b) &&
	       stat_a.st_dev == stat_b.st_dev && stat_a.st_ino == stat_b.st_ino;
}

struct output *output_to(int fd)
{
	struct output *out;

	for (unsigned int i = 0; i < output_count; i++)
		if (is_same_file(outputs[i].fd, fd))
			return &outputs[i];
	if (output_count == MAX_OUTPUTS)
		return NULL;
	out = &outputs[output_count];
	out->fd = fd;
	pthread_mutex_init(&out->lock, NULL);
	pthread_cond_init(&out->filled, NULL);
	pthread_cond_init(&out->drained, NULL);
	if (!start_thread(out))
		return NULL;
	output_count++;
	return out;
}

bool output_start(void)
{
	output_started = output_to(STDERR_FILENO);
	return output_started;
}

void output_flush(void)
{
	struct timespec until = deadline_in(FLUSH_MS);

	for (unsigned int i = 0; i < output_count; i++) {
		struct output *out = &outputs[i];
		int err = 0;

		pthread_mutex_lock(&out->lock);
		while (out->count && !err)
			err = pthread_cond_clockwait(&out->drained, &out->lock,
						     CLOCK_MONOTONIC, &until);
		pthread_mutex_unlock(&out->lock);
	}
}
