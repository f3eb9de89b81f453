// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's second console, on the user's terminal (virtio 1.2, 5.3). */
#include "console.h"

#include <linux/virtio_console.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../state.h"
#include "../term.h"
#include "plain.h"

#define CLASS_OTHER_COMMUNICATION	0x0780
#define INPUT_SIZE	4096u
#define QUEUE_RX	0
#define QUEUE_TX	1
#define NUM_QUEUES	2

/**
 * struct console - the device, of which there is one
 * @plain: its virtio side
 * @config: the configuration that the driver reads: the terminal's size
 * @lock: protects what follows
 * @room: signalled when there is room for input again
 * @input: characters that the guest has not taken yet, a ring
 * @first: the first of them
 * @count: how many
 */
static struct {
	struct plain_device plain;
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

static void print(const struct queue_chain *chain)
{
	for (unsigned int i = 0; i < chain->num_out; i++)
		term_print(chain->iov[i].iov_base, chain->iov[i].iov_len);
}

static void console_take(unsigned int number, struct queue *queue,
			 const struct queue_chain *chain)
{
	size_t given = 0;

	if (number == QUEUE_RX)
		given = give_input(chain);
	else
		print(chain);
	queue_push(queue, chain->head, given);
}

/* Input is there to be taken, or output can be written. */
static bool console_wants(unsigned int number)
{
	return number == QUEUE_RX ? has_input() : term_has_room();
}

void console_room(void)
{
	plain_kick(&console.plain);
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
		plain_kick(&console.plain);
	}
}

/* The size at the start: the guest does not see later changes. */
static void describe_size(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return;
	console.config.cols = size.ws_col;
	console.config.rows = size.ws_row;
	console.plain.dev.features = 1ull << VIRTIO_CONSOLE_F_SIZE;
}

static bool console_restored(void *unused)
{
	(void)unused;
	return console.first < INPUT_SIZE && console.count <= INPUT_SIZE;
}

static const struct state_field console_fields[] = {
	STATE_FIELD(console, input), STATE_FIELD(console, first),
	STATE_FIELD(console, count),
};

void console_init(uint8_t bus, uint32_t window)
{
	static struct state_part state = {
		.name = "console", .version = 1, STATE_FIELDS(console_fields),
		.restored = console_restored,
	};
	struct virtio_device *dev = &console.plain.dev;

	dev->name = "the console";
	dev->type = VIRTIO_CONSOLE;
	dev->class = CLASS_OTHER_COMMUNICATION;
	dev->num_queues = NUM_QUEUES;
	dev->config = &console.config;
	dev->config_size = sizeof(console.config);
	describe_size();
	console.plain.take = console_take;
	console.plain.wants = console_wants;
	plain_add(&console.plain, bus, window);
	state_add(&state);
}
