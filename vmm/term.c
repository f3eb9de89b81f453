// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user's terminal: escape keys, and the output of the guest's consoles.
 *
 * Ctrl-A is the escape, as users of QEMU and kvmtool know it: x quits, h
 * helps, Ctrl-A sends itself.
 *
 * The escape works whether or not the guest reads what is typed: one thread
 * reads the terminal, and another one waits for the guest, a pipe behind.
 *
 * In the background the terminal belongs to the shell, and reads fail. A third
 * thread looks after each SIGCONT whether it belongs to us.
 */
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/escape.h"
#include "log.h"
#include "output.h"
#include "serial_to.h"
#include "stop.h"
#include "tty.h"

static bool term_reads;
static int term_typed[2];	/* a pipe */
static struct output *term_serial, *term_console;
static const struct term_ops *term_ops;
static sem_t term_continued;	/* SIGCONT has come */
static sem_t term_readable;	/* the terminal is ours, and raw */

void term_open(bool console)
{
	term_reads = console || serial_to_is_terminal();
}

void term_start_output(void)
{
	term_serial = output_to(serial_to_fd());
	term_console = output_to(STDOUT_FILENO);
	if (!term_serial || !term_console)
		die(EXIT_HOST, "The host gives no thread for the output.");
	output_set_limit(term_serial, serial_to_limit());
}

/* Return: whether the key goes to the guest. */
static bool take_escape_key(unsigned char key)
{
	switch (key) {
	case ESCAPE_KEY:
		return true;
	case 'x':
		term_ops->quit();
		return false;
	case 'h':
		log_info("Ctrl-A x quits, Ctrl-A h shows this, Ctrl-A Ctrl-A sends Ctrl-A.");
		return false;
	default:
		return false;
	}
}

/* In the background now. Return: false if that is not the reason of the error. */
static bool wait_for_terminal(void)
{
	if (errno != EIO || !isatty(STDIN_FILENO))
		return false;
	while (sem_wait(&term_readable))
		;
	return true;
}

static void *read_terminal(void *unused)
{
	unsigned char data[256];
	ssize_t len;

	while ((len = read(STDIN_FILENO, data, sizeof(data))) != 0) {
		if (len < 0 && (errno == EINTR || wait_for_terminal()))
			continue;
		if (len < 0)
			break;
		len = escape_filter(data, len, tty_is_raw(), take_escape_key);
		/* On a terminal, keys are lost while 64 KiB of them wait. */
		if (len && write(term_typed[1], data, len) < 0)
			continue;
	}
	return unused;
}

static void *feed_guest(void *unused)
{
	unsigned char data[256];
	ssize_t len;

	while ((len = read(term_typed[0], data, sizeof(data))) != 0) {
		if (len > 0)
			term_ops->input(data, len);
		else if (errno != EINTR)
			break;
	}
	return unused;
}

static void *follow_terminal(void *unused)
{
	for (;;) {
		while (sem_wait(&term_continued))
			;
		if (!tty_is_foreground())
			continue;
		tty_enter_raw_mode();
		sem_post(&term_readable);
	}
	return unused;
}

static void continue_terminal(void)
{
	sem_post(&term_continued);
}

static void start_thread(void *(*run)(void *unused))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL))
		die(EXIT_HOST, "The host gives no thread for the terminal.");
	pthread_detach(thread);
}

void term_start(const struct term_ops *ops)
{
	if (!term_reads)
		return;
	term_ops = ops;
	output_set_room(term_console, ops->room);
	if (pipe2(term_typed, O_CLOEXEC))
		die(EXIT_HOST, "The host gives no pipe for the terminal: %s.",
		    strerror(errno));
	if (isatty(STDIN_FILENO))
		fcntl(term_typed[1], F_SETFL, O_NONBLOCK);
	tty_enter_raw_mode();
	sem_init(&term_continued, 0, 0);
	sem_init(&term_readable, 0, 0);
	stop_add_continued(continue_terminal);
	start_thread(read_terminal);
	start_thread(feed_guest);
	start_thread(follow_terminal);
}

void term_output(const unsigned char *data, size_t len)
{
	output_write(term_serial, data, len);
}

void term_print(const unsigned char *data, size_t len)
{
	output_write(term_console, data, len);
}

bool term_has_room(void)
{
	return output_has_room(term_console);
}
