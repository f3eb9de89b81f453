// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the guest's serial port goes: --serial.
 *
 * DOC: Theory of operation
 *
 * The keeper opens it once, so that a pseudoterminal or a socket stays when the guest
 * resets itself; the guest's process inherits it. output.c writes to one descriptor
 * all the time. With a socket this is a socket without another end while there is no
 * client, which drops what is written; a client takes its place by dup3(), so
 * that a write that is under way ends with the client.
 */
#include "serial_to.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "config.h"
#include "listen.h"
#include "log.h"

#define LIMIT_DEFAULT	(64ull << 20)
#define LIMIT_KEY	",limit="
#define LOOK_MS		200	/* for a client that has gone */

static struct {
	bool is_terminal;
	int out;
	int in;			/* of a pseudoterminal */
	int other;		/* its other end, which stays open */
	int listener;
	int none;		/* a socket without another end */
	const char *path;	/* of @listener */
	uint64_t limit;
	size_t (*input)(const unsigned char *data, size_t len, unsigned int ms);
} serial_to = { .out = -1, .in = -1, .other = -1, .listener = -1, .none = -1 };

/* ---- opening ------------------------------------------------------------------ */

/* A limited file is read, too: what it keeps moves to its beginning. */
static void open_file(const char *path, int mode)
{
	serial_to.out = open(path, mode | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (serial_to.out < 0)
		die(EXIT_USAGE, "The serial output %s cannot be opened: %s.",
		    path, strerror(errno));
}

static void open_log(const char *spec)
{
	char *path = strdup(spec), *limit;
	const char *why = NULL;

	if (!path)
		die(EXIT_HOST, "There is no memory for the serial port.");
	serial_to.limit = LIMIT_DEFAULT;
	limit = strstr(path, LIMIT_KEY);
	if (limit) {
		*limit = '\0';
		limit += strlen(LIMIT_KEY);
		why = config_parse_size(limit, &serial_to.limit);
	}
	if (why)
		die(EXIT_USAGE, "The limit of --serial file=%s, \"%s\", %s.",
		    path, limit, why);
	if (!*path)
		die(EXIT_USAGE, "--serial file= needs a path.");
	open_file(path, O_RDWR);
	free(path);
}

/* The other end stays open: reads would fail while no program has it. */
static void open_pty(void)
{
	struct termios raw;
	char name[64];
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || grantpt(fd) || unlockpt(fd) ||
	    ptsname_r(fd, name, sizeof(name)))
		die(EXIT_HOST, "The host gives no pseudoterminal: %s.",
		    strerror(errno));
	serial_to.other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (serial_to.other < 0 || tcgetattr(serial_to.other, &raw))
		die(EXIT_HOST, "The pseudoterminal %s cannot be opened: %s.",
		    name, strerror(errno));
	cfmakeraw(&raw);
	tcsetattr(serial_to.other, TCSANOW, &raw);
	serial_to.in = serial_to.out = fd;
	log_info("The guest's serial port is the terminal %s.", name);
}

static void open_socket(const char *path)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die(EXIT_HOST, "The host gives no socket: %s.", strerror(errno));
	close(pair[1]);
	serial_to.none = pair[0];
	serial_to.out = fcntl(serial_to.none, F_DUPFD_CLOEXEC, 0);
	if (serial_to.out < 0)
		die(EXIT_HOST, "The host gives no descriptor: %s.",
		    strerror(errno));
	serial_to.listener = listen_at("socket of the serial port", path, 0, 1);
	serial_to.path = path;
}

void serial_to_open(const char *spec)
{
	serial_to.is_terminal = !strcmp(spec, "stdio");
	if (serial_to.is_terminal)
		serial_to.out = STDOUT_FILENO;
	else if (!strcmp(spec, "null"))
		open_file("/dev/null", O_WRONLY);
	else if (!strcmp(spec, "pty"))
		open_pty();
	else if (!strncmp(spec, "socket=", 7) && spec[7])
		open_socket(spec + 7);
	else if (!strncmp(spec, "file=", 5))
		open_log(spec + 5);
	else
		die(EXIT_USAGE, "--serial %s is not stdio, null, pty, socket=PATH or file=PATH[,limit=SIZE].",
		    spec);
}

void serial_to_close(void)
{
	const int fds[] = {
		serial_to.is_terminal ? -1 : serial_to.out, serial_to.other,
		serial_to.listener, serial_to.none,
	};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void serial_to_remove(void)
{
	if (serial_to.path)
		unlink(serial_to.path);
	serial_to.path = NULL;
}

bool serial_to_is_terminal(void)
{
	return serial_to.is_terminal;
}

int serial_to_fd(void)
{
	return serial_to.out;
}

uint64_t serial_to_limit(void)
{
	return serial_to.limit;
}

/* ---- reading ------------------------------------------------------------------ */

/* Wait until the other end is closed, for @ms at most; -1: without a limit. */
static bool has_gone(int fd, int ms)
{
	struct pollfd polled = { .fd = fd };	/* errors and ends are always told */

	return poll(&polled, 1, ms) > 0;
}

/* Until there is no more, or the client goes while the guest takes nothing. */
static void feed(int fd)
{
	unsigned char data[256];
	ssize_t len;

	while ((len = read(fd, data, sizeof(data))) != 0) {
		if (len < 0 && errno != EINTR)
			return;
		for (ssize_t done = 0; done < len;) {
			size_t taken = serial_to.input(data + done, len - done,
						       LOOK_MS);

			if (!taken && has_gone(fd, 0))
				return;
			done += taken;
		}
	}
}

static void *read_pty(void *unused)
{
	feed(serial_to.in);
	log_warn("The pseudoterminal of the serial port cannot be read: %s.",
		 strerror(errno));
	return unused;
}

/* One client at a time; the next one waits in the backlog. */
static void *serve_clients(void *unused)
{
	for (;;) {
		int fd = accept4(serial_to.listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			log_warn("The socket %s takes no more clients: %s.",
				 serial_to.path, strerror(errno));
			return unused;
		}
		dup3(fd, serial_to.out, O_CLOEXEC);
		feed(fd);
		/* A client that has closed its own direction only may still read. */
		while (!has_gone(fd, -1))
			;
		/* Without this a write that waits for the client would go on. */
		shutdown(fd, SHUT_RDWR);
		dup3(serial_to.none, serial_to.out, O_CLOEXEC);
		close(fd);
	}
}

void serial_to_start(size_t (*input)(const unsigned char *data, size_t len,
				     unsigned int ms))
{
	pthread_t thread;

	serial_to.input = input;
	if (serial_to.in < 0 && serial_to.listener < 0)
		return;
	if (pthread_create(&thread, NULL, serial_to.in < 0 ? serve_clients :
							     read_pty, NULL))
		die(EXIT_HOST, "The host gives no thread for the serial port.");
	pthread_detach(thread);
}
