// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fake node over TCP: connections, and the bytes on them.
 */
#include "libfaketcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "selftests/unit/tap.h"

#define HEAD	((uint32_t)sizeof(struct ssi_wire))

static void need(bool ok, const char *what)
{
	if (!ok)
		tap_bail("the fake node: %s: %s", what, strerror(errno));
}

static struct sockaddr_in address(const char *text, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	need(text && inet_pton(AF_INET, text, &sin.sin_addr) == 1, "an address");
	return sin;
}

/* Waits for @events or a closed connection. */
static bool wait_for(int fd, short events, uint64_t until)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	int64_t left = (int64_t)(until - now_ms());

	return left > 0 && poll(&pollfd, 1, (int)left) > 0;
}

/* ---- bytes before the first message ---- */

/* 0, -ENOTCONN if the connection ends before, or -ETIMEDOUT. */
static int read_all(int fd, void *data, uint32_t len)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	uint32_t have = 0;
	ssize_t n;

	while (have < len) {
		if (!wait_for(fd, POLLIN, until))
			return -ETIMEDOUT;
		n = recv(fd, (uint8_t *)data + have, len - have, MSG_DONTWAIT);
		if (!n || (n < 0 && errno != EAGAIN))
			return -ENOTCONN;
		have += n > 0 ? (uint32_t)n : 0;
	}
	return 0;
}

static void write_all(int fd, const void *data, uint32_t len)
{
	send(fd, data, len, MSG_NOSIGNAL);
}

/* ---- connections ---- */

static void begin(struct fake *f, int fd)
{
	f->fd = fd;
	f->memory = calloc(1, sizeof(*f->memory));
	need(f->memory, "memory");
	f->arrived = 0;
	f->heard = 0;
	f->taken = 0;
	f->owed = 0;
	f->returned = 0;
	f->have = 0;
	f->broken = false;
}

static void prepare(int fd)
{
	const struct linger at_once = { .l_onoff = 1 };
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* RST: the port is free for the next connection. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static int connect_from(struct fake *f, uint16_t port)
{
	struct sockaddr_in from = address(f->addr, port);
	struct sockaddr_in to = address(f->peer_addr, SSI_DSM_PORT);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	need(fd >= 0, "socket");
	prepare(fd);
	if (!bind(fd, (struct sockaddr *)&from, sizeof(from)) &&
	    !connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	need(errno == EADDRINUSE || errno == EADDRNOTAVAIL, "connect");
	close(fd);
	return -1;
}

void fake_tcp_connect_mute(struct fake *f)
{
	int fd;

	do {
		fd = connect_from(f, f->ephemeral ? 0 : fake_next_port());
	} while (fd < 0);
	begin(f, fd);
}

/* Connects, and sends a hello of full length. */
static void ask(struct fake *f, const void *hello, uint8_t len)
{
	struct ssi_wire_hello padded = { };

	fake_tcp_connect_mute(f);
	memcpy(&padded, hello, len);
	write_all(f->fd, &padded, sizeof(padded));
}

static int hear_answer(struct fake *f)
{
	struct ssi_wire_answer answer = { };
	int ret = read_all(f->fd, &answer, sizeof(answer));

	if (ret)
		return ret == -ENOTCONN ? -ECONNREFUSED : ret;
	if (le32toh(answer.magic) != SSI_WIRE_MAGIC)
		return -EPROTO;
	f->hello = answer.hello;
	return (int)le32toh(answer.refusal);
}

int fake_tcp_connect(struct fake *f, const void *hello, uint8_t len)
{
	const struct ssi_wire_confirm confirm = { htole32(SSI_WIRE_MAGIC), 0 };
	int ret;

	ask(f, hello, len);
	ret = hear_answer(f);
	if (ret)
		fake_tcp_hang_up(f);
	else
		write_all(f->fd, &confirm, sizeof(confirm));
	return ret;
}

void fake_tcp_connect_half(struct fake *f)
{
	struct ssi_wire_hello hello = fake_hello(f);

	ask(f, &hello, sizeof(hello));
	need(!hear_answer(f), "the module does not answer");
}

void fake_tcp_listen(struct fake *f)
{
	struct sockaddr_in at = address(f->addr, SSI_DSM_PORT);

	f->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(f->listen_fd >= 0, "socket");
	prepare(f->listen_fd);
	need(!bind(f->listen_fd, (struct sockaddr *)&at, sizeof(at)) &&
	     !listen(f->listen_fd, 8), "listen");
}

/* A hello; the module may have given up connections that wait here. */
int fake_tcp_asked(struct fake *f)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	socklen_t len = sizeof(f->asker);
	int fd, ret;

	do {
		if (!wait_for(f->listen_fd, POLLIN, until))
			return -ETIMEDOUT;
		fd = accept(f->listen_fd, (struct sockaddr *)&f->asker, &len);
		need(fd >= 0, "accept");
		prepare(fd);
		begin(f, fd);
		ret = read_all(fd, &f->hello, sizeof(f->hello));
		if (ret)
			fake_tcp_hang_up(f);
	} while (ret == -ENOTCONN);
	return ret;
}

int fake_tcp_accept(struct fake *f, const struct ssi_wire_hello *hello)
{
	const struct ssi_wire_answer answer = {
		htole32(SSI_WIRE_MAGIC), 0, *hello,
	};
	struct ssi_wire_confirm confirm;

	write_all(f->fd, &answer, sizeof(answer));
	return read_all(f->fd, &confirm, sizeof(confirm));
}

/* @data begins like struct ssi_wire_answer. */
void fake_tcp_reject(struct fake *f, const void *data, uint8_t len)
{
	struct ssi_wire_answer answer = { };
	uint8_t end;

	if (len) {
		memcpy(&answer, data, len);
		write_all(f->fd, &answer, sizeof(answer));
		/* The module closes the connection when it has read that. */
		read_all(f->fd, &end, sizeof(end));
	}
	fake_tcp_hang_up(f);
}

void fake_tcp_interrupt(struct fake *f)
{
	need(!shutdown(f->fd, SHUT_WR), "shutdown");
}

void fake_tcp_hang_up(struct fake *f)
{
	if (!f->memory)
		return;
	close(f->fd);
	free(f->memory);
	f->memory = NULL;
}

/* ---- messages ---- */

/* How many bytes of the message that is arriving are still missing. */
static uint32_t missing(const struct fake *f, const uint8_t *in)
{
	struct ssi_wire wire;

	if (f->have < HEAD)
		return HEAD - f->have;
	memcpy(&wire, in, HEAD);
	if (le32toh(wire.len) > PAGE)
		tap_bail("the module sent a message that is longer than a page");
	return HEAD + le32toh(wire.len) - f->have;
}

/* The message in the inbox has its header at its end, as over verbs. */
static void put_in_box(struct fake *f, uint32_t slot)
{
	uint8_t *in = f->memory->in[slot];
	uint8_t head[HEAD];

	memcpy(head, in, HEAD);
	memmove(in, in + HEAD, f->have - HEAD);
	memcpy(in + f->have - HEAD, head, HEAD);
	f->inbox[f->arrived++ % FAKE_SLOTS] = slot;
	f->bytes[slot] = f->have;
	f->headerless[slot].is = false;
	f->have = 0;
}

void fake_tcp_take(struct fake *f)
{
	uint32_t slot, left;
	ssize_t n;

	while (!f->broken && f->arrived - f->heard < FAKE_SLOTS) {
		slot = f->arrived % FAKE_SLOTS;
		left = missing(f, f->memory->in[slot]);
		if (!left) {
			put_in_box(f, slot);
			continue;
		}
		n = recv(f->fd, f->memory->in[slot] + f->have, left,
			 MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			f->broken = true;
		else
			f->have += (uint32_t)n;
	}
}

int fake_tcp_await(struct fake *f, uint64_t until)
{
	if (!wait_for(f->fd, POLLIN, until))
		return -ETIMEDOUT;
	fake_tcp_take(f);
	return 0;
}

int fake_tcp_send(struct fake *f, const void *data, uint32_t len)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	uint32_t done = 0;
	ssize_t n;

	while (done < len) {
		n = send(f->fd, (const uint8_t *)data + done, len - done,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return -ENOTCONN;
		done += n > 0 ? (uint32_t)n : 0;
		fake_tcp_take(f);
		if (n < 0 && !wait_for(f->fd, POLLOUT, until))
			return -ETIMEDOUT;
	}
	return 0;
}
