// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user's terminal: escape keys, and the output of the guest's consoles.
 *
 * Ctrl-A is the escape, as users of QEMU and kvmtool know it: x quits, h
 * helps, Ctrl-A sends itself.
 *
 * The escape works whether or not the guest reads what is typed: one thread
 * reads the terminal, and another one waits for the guest, a pipe behind.
 */
#include "term.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "tty.h"

#define ESCAPE	1	/* Ctrl-A */

static bool term_reads;
static int term_typed[2];	/* a pipe */
static int term_out = STDOUT_FILENO;
static const struct term_ops *term_ops;

void term_open(const char *spec, bool append, bool console)
{
	const char *path = spec;

	term_reads = console || strcmp(spec, "stdio") == 0;
	if (strcmp(spec, "stdio") == 0)
		return;
	if (strcmp(spec, "null") == 0)
		path = "/dev/null";
	else if (strncmp(spec, "file=", 5) == 0 && spec[5])
		path = spec + 5;
	else
		die(EXIT_USAGE,
		    "--serial %s is not stdio, null or file=PATH.", spec);
	term_out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC |
			(append ? O_APPEND : O_TRUNC), 0644);
	if (term_out < 0)
		die(EXIT_USAGE, "The serial output %s cannot be opened: %s.",
		    path, strerror(errno));
}

/* Return: whether the key goes to the guest. */
static bool take_escape_key(unsigned char key)
{
	switch (key) {
	case ESCAPE:
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

static size_t filter_escapes(unsigned char *data, size_t len)
{
	static bool escaped;
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		if (escaped) {
			escaped = false;
			if (take_escape_key(data[i]))
				data[kept++] = data[i];
		} else if (data[i] == ESCAPE && tty_is_raw()) {
			escaped = true;
		} else {
			data[kept++] = data[i];
		}
	}
	return kept;
}

static void *read_terminal(void *unused)
{
	unsigned char data[256];
	ssize_t len;

	while ((len = read(STDIN_FILENO, data, sizeof(data))) != 0) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			break;
		len = filter_escapes(data, len);
		/* On a terminal, what is typed behind 64 KiB is lost. */
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

static void start_thread(void *(*run)(void *unused))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL))
		die(EXIT_HOST, "The terminal's thread cannot be created.");
	pthread_detach(thread);
}

void term_start(const struct term_ops *ops)
{
	if (!term_reads)
		return;
	term_ops = ops;
	if (pipe2(term_typed, O_CLOEXEC))
		die(EXIT_HOST, "There is no pipe for the terminal: %s.",
		    strerror(errno));
	tty_enter_raw_mode();
	if (tty_is_raw())
		fcntl(term_typed[1], F_SETFL, O_NONBLOCK);
	start_thread(read_terminal);
	start_thread(feed_guest);
}

static void write_all(int fd, const unsigned char *data, size_t len)
{
	while (len) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (done <= 0)
			return;	/* the reader has gone; the guest runs on */
		data += done;
		len -= done;
	}
}

void term_output(const unsigned char *data, size_t len)
{
	write_all(term_out, data, len);
}

void term_print(const unsigned char *data, size_t len)
{
	write_all(STDOUT_FILENO, data, len);
}
