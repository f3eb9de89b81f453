// SPDX-License-Identifier: GPL-2.0-or-later
/* A TCP connection between two processes, from the second of our addresses. */
#include "libtcp.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libbench.h"
#include "libverbs.h"

#define TCP_PORT	7600

static struct sockaddr_in address(const char *host, uint16_t port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	bench_must(inet_pton(AF_INET, host, &addr.sin_addr) == 1, host);
	return addr;
}

static void send_at_once(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static int bound_socket(const char *host, uint16_t port)
{
	struct sockaddr_in addr = address(host, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;

	bench_must(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	bench_must(!bind(fd, (void *)&addr, sizeof(addr)), "bind");
	return fd;
}

int tcp_serve_one(int ready)
{
	int listener = bound_socket(verbs_server_addr(), TCP_PORT), fd;

	bench_must(!listen(listener, 1), "listen");
	bench_must(write(ready, "", 1) == 1, "telling that it listens");
	fd = accept(listener, NULL, NULL);
	bench_must(fd >= 0, "accept");
	close(listener);
	send_at_once(fd);
	return fd;
}

int tcp_to_server(void)
{
	struct sockaddr_in addr = address(verbs_server_addr(), TCP_PORT);
	int fd = bound_socket(verbs_client_addr(), 0);

	bench_must(!connect(fd, (void *)&addr, sizeof(addr)), "connect");
	send_at_once(fd);
	return fd;
}
