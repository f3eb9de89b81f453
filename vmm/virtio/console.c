// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's second console, on the user's terminal (virtio 1.2, 5.3). */
#include "console.h"

#include <linux/virtio_console.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../term.h"
#include "pci.h"
#include "worker.h"

#define CLASS_OTHER_COMMUNICATION	0x0780
#define INPUT_SIZE	4096u
#define QUEUE_RX	0
#define QUEUE_TX	1
#define NUM_QUEUES	2

/**
 * struct console - the device, of which there is one
 * @dev: its virtio side
 * @worker: moves characters in both directions
 * @config: what the driver reads: how large the terminal is
 * @lock: protects what follows
 * @room: signalled when there is room for input again
 * @input: characters that the guest has not taken yet, a ring
 * @first: the first of them
 * @count: how many
 */
static struct {
	struct virtio_device dev;
	struct worker worker;
	struct virtio_console_config config;
	pthread_mutex_t lock;
	pthread_cond_t room;
	unsigned char input[INPUT_SIZE];
	unsigned int first;
	unsigned int count;
} console = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.room = PTHREAD_COND_INITIALIZER,
};

static int transmit(struct queue *queue)
{
	static struct queue_chain chain;
	int err;

	while ((err = queue_pop(queue, &chain)) == 1) {
		for (unsigned int i = 0; i < chain.num_out; i++)
			term_print(chain.iov[i].iov_base,
				   chain.iov[i].iov_len);
		queue_push(queue, chain.head, 0);
	}
	return err;
}

static bool has_input(void)
{
	bool has;

	pthread_mutex_lock(&console.lock);
	has = console.count;
	pthread_mutex_unlock(&console.lock);
	return has;
}

/* Return: bytes put into the buffers of the chain. */
static size_t give_input(const struct queue_chain *chain)
{
	const struct iovec *iov = chain->iov + chain->num_out;
	size_t given = 0;

	pthread_mutex_lock(&console.lock);
	while (console.count &&
	       queue_copy_to(iov, chain->num_in, given,
			     &console.input[console.first], 1) == 1) {
		console.first = (console.first + 1) % INPUT_SIZE;
		console.count--;
		given++;
	}
	pthread_cond_signal(&console.room);
	pthread_mutex_unlock(&console.lock);
	return given;
}

static int receive(struct queue *queue)
{
	static struct queue_chain chain;
	int err;

	while (has_input()) {
		err = queue_pop(queue, &chain);
		if (err != 1)
			return err;
		queue_push(queue, chain.head, give_input(&chain));
	}
	return 0;
}

/* Buffers for input matter only if there is some. */
static bool may_sleep(struct queue *rx, struct queue *tx)
{
	return (!tx->enabled || queue_may_sleep(tx)) &&
	       (!rx->enabled || !has_input() || queue_may_sleep(rx));
}

static void console_run(void *unused)
{
	struct queue *rx = &console.dev.queues[QUEUE_RX];
	struct queue *tx = &console.dev.queues[QUEUE_TX];

	(void)unused;
	while (!worker_must_stop(&console.worker)) {
		int err = (tx->enabled ? transmit(tx) : 0) |
			  (rx->enabled ? receive(rx) : 0);

		if (tx->enabled)
			virtio_interrupt(&console.dev, tx);
		if (rx->enabled)
			virtio_interrupt(&console.dev, rx);
		if (err) {
			virtio_break(&console.dev);
			return;
		}
		if (may_sleep(rx, tx))
			worker_wait(&console.worker);
	}
}

void console_input(const unsigned char *data, size_t len)
{
	while (len) {
		pthread_mutex_lock(&console.lock);
		while (console.count == INPUT_SIZE)
			pthread_cond_wait(&console.room, &console.lock);
		while (len && console.count < INPUT_SIZE) {
			console.input[(console.first + console.count++) %
				      INPUT_SIZE] = *data++;
			len--;
		}
		pthread_mutex_unlock(&console.lock);
		worker_kick(&console.worker);
	}
}

static void console_start(struct virtio_device *dev)
{
	(void)dev;
	worker_start(&console.worker);
}

static void console_stop(struct virtio_device *dev)
{
	(void)dev;
	worker_stop(&console.worker);
}

static void console_notify(struct virtio_device *dev, unsigned int queue)
{
	(void)dev;
	(void)queue;
	worker_kick(&console.worker);
}

static const struct virtio_ops console_ops = {
	.start = console_start, .stop = console_stop, .notify = console_notify,
};

/* What it is now: the guest is not told when it changes. */
static void describe_size(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return;
	console.config.cols = size.ws_col;
	console.config.rows = size.ws_row;
	console.dev.features = 1ull << VIRTIO_CONSOLE_F_SIZE;
}

void console_init(uint8_t bus, uint32_t window)
{
	console.dev.name = "the console";
	console.dev.type = VIRTIO_CONSOLE;
	console.dev.class = CLASS_OTHER_COMMUNICATION;
	console.dev.num_queues = NUM_QUEUES;
	console.dev.config = &console.config;
	console.dev.config_size = sizeof(console.config);
	console.dev.ops = &console_ops;
	describe_size();
	worker_init(&console.worker, console_run, NULL);
	virtio_pci_add(&console.dev, bus, window);
}
