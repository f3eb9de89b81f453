// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that is read from a checkpoint when it is touched for the first time.
 *
 * DOC: Theory of operation
 *
 * The kernel reports each access to memory that is missing (userfaultfd), also those of KVM
 * and of devices, and lets the thread that made it wait. One thread reads the block of
 * 2 MiB that has the address, checks its hash, and puts it there. So the guest runs at once,
 * whatever size it has. A second thread reads the other blocks meanwhile. When it has
 * come to the end, the memory is like any other, and the files are not needed any more.
 *
 * A page of a block that was read may be missing again, since its memory was given back
 * (memory_discard()). It is zero then.
 *
 * Only for memory of one node. In a region of several nodes each node reads its memory
 * before the guest runs (restore.c): the module has no such faults.
 */
#include "checkpoint_lazy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "checkpoint_memory.h"
#include "log.h"
#include "memory.h"
#include "options.h"
#include "stop.h"

#define DEVICE		"/dev/userfaultfd"

static struct {
	int fd;			/* 0: the memory is not lazy */
	const int *files;
	const json_t **entries[SSI_DSM_MAX_NODES];	/* by block; of each file */
	unsigned int num_files;
	uint64_t num_blocks;
	bool *read;		/* by block; lazy_lock protects it */
	unsigned char *block;	/* lazy_lock protects it */
} lazy;

static pthread_mutex_t lazy_lock = PTHREAD_MUTEX_INITIALIZER;

bool checkpoint_lazy_open(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)memory_host(), memory_size() },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int device = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (device < 0)
		return false;
	lazy.fd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
	close(device);
	if (lazy.fd > 0 && !ioctl(lazy.fd, UFFDIO_API, &api) &&
	    !ioctl(lazy.fd, UFFDIO_REGISTER, &range))
		return true;
	if (lazy.fd > 0)
		close(lazy.fd);
	lazy.fd = 0;
	return false;
}

/* ---- one block ---- */

static uint64_t address_of(uint64_t number)
{
	return (uintptr_t)memory_host() + number * CHECKPOINT_BLOCK;
}

static bool has_entry(uint64_t number)
{
	for (unsigned int i = 0; i < lazy.num_files; i++)
		if (lazy.entries[i][number])
			return true;
	return false;
}

/* Return: false: it is not as it was written. */
static bool gather(uint64_t number)
{
	memset(lazy.block, 0, CHECKPOINT_BLOCK);
	for (unsigned int i = 0; i < lazy.num_files; i++)
		if (lazy.entries[i][number] &&
		    !checkpoint_memory_add(lazy.files[i], lazy.entries[i][number],
					   number, lazy.block))
			return false;
	return true;
}

/*
 * Pages that were put there wake the threads that wait for them. The kernel may take
 * a part, and says at the next page why. Return: 0 or -errno.
 */
static int put(uint64_t number)
{
	uint64_t done = 0;

	while (done < CHECKPOINT_BLOCK) {
		struct uffdio_copy copy = {
			.dst = address_of(number) + done,
			.src = (uintptr_t)lazy.block + done,
			.len = CHECKPOINT_BLOCK - done,
		};

		if (!ioctl(lazy.fd, UFFDIO_COPY, &copy))
			return 0;
		if (errno == EEXIST)
			done += CHECKPOINT_PAGE;
		else if (errno != EAGAIN)
			return -errno;
		else if (copy.copy > 0)
			done += copy.copy;
	}
	return 0;
}

static void put_zeroes(uint64_t address, uint64_t len)
{
	struct uffdio_zeropage zero = { .range = { address, len } };

	while (ioctl(lazy.fd, UFFDIO_ZEROPAGE, &zero) && errno == EAGAIN) {
		if (zero.zeropage > 0) {
			zero.range.start += zero.zeropage;
			zero.range.len -= zero.zeropage;
		}
	}
	/* in vain if it was there already */
	ioctl(lazy.fd, UFFDIO_WAKE, &zero.range);
}

/*
 * lazy_lock held. The threads that wait for a block that cannot be read wait for the end.
 */
static void read_block(uint64_t number)
{
	int err;

	if (lazy.read[number])
		return;
	if (!gather(number)) {
		stop_ask(EXIT_HOST, "The checkpoint is damaged: block %llu of 2 MiB of its memory is not as it was written.",
			 (unsigned long long)number);
		return;
	}
	err = put(number);
	if (err)
		stop_ask(EXIT_HOST, "The guest's memory cannot be read from the checkpoint: %s.",
			 strerror(-err));
	else
		lazy.read[number] = true;
}

/* ---- the threads ---- */

static void handle_fault(uint64_t address)
{
	uint64_t number = (address - address_of(0)) / CHECKPOINT_BLOCK;

	pthread_mutex_lock(&lazy_lock);
	if (number < lazy.num_blocks && has_entry(number) && !lazy.read[number])
		read_block(number);
	else
		put_zeroes(address & ~(uint64_t)(CHECKPOINT_PAGE - 1),
			   CHECKPOINT_PAGE);
	pthread_mutex_unlock(&lazy_lock);
}

static void *serve_faults(void *unused)
{
	struct pollfd polled = { .fd = lazy.fd, .events = POLLIN };
	struct uffd_msg message;

	for (;;) {
		poll(&polled, 1, -1);
		if (read(lazy.fd, &message, sizeof(message)) == sizeof(message) &&
		    message.event == UFFD_EVENT_PAGEFAULT)
			handle_fault(message.arg.pagefault.address);
	}
	return unused;
}

/* The lock is free between two blocks, for faults. */
static void *read_rest(void *unused)
{
	struct uffdio_range range = { address_of(0), memory_size() };

	for (uint64_t i = 0; i < lazy.num_blocks && !stop_asked(); i++) {
		if (!has_entry(i))
			continue;
		pthread_mutex_lock(&lazy_lock);
		read_block(i);
		pthread_mutex_unlock(&lazy_lock);
	}
	if (stop_asked())
		return unused;
	ioctl(lazy.fd, UFFDIO_UNREGISTER, &range);
	log_info("All memory was read; the files of the checkpoint are not needed any more.");
	return unused;
}

/* ---- the start ---- */

static void *need(void *memory)
{
	if (!memory)
		die(EXIT_HOST, "There is no memory for the checkpoint.");
	return memory;
}

static void index_blocks(unsigned int file, const json_t *blocks)
{
	json_t *entry;
	size_t i;

	lazy.entries[file] = need(calloc(lazy.num_blocks, sizeof(json_t *)));
	json_array_foreach(blocks, i, entry) {
		uint64_t number = json_integer_value(json_array_get(entry, 0));

		if (number >= lazy.num_blocks)
			die(EXIT_USAGE, "The checkpoint is damaged: it has memory behind the end of the guest's.");
		lazy.entries[file][number] = entry;
	}
}

static void start_thread(void *(*run)(void *unused))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL))
		die(EXIT_HOST, "The host gives no thread to read the checkpoint.");
	pthread_detach(thread);
}

void checkpoint_lazy_start(const int *fds, json_t *const *blocks,
			   unsigned int num)
{
	lazy.files = fds;
	lazy.num_files = num;
	lazy.num_blocks = memory_size() / CHECKPOINT_BLOCK;
	lazy.read = need(calloc(lazy.num_blocks, sizeof(bool)));
	lazy.block = need(malloc(CHECKPOINT_BLOCK));
	for (unsigned int i = 0; i < num; i++)
		index_blocks(i, blocks[i]);
	start_thread(serve_faults);
	start_thread(read_rest);
}
