// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user network's sockets: vmm/virtio/usernet.c with the real libslirp. This
 * program is the card and the client; there is no guest that would answer.
 */
#include "../../vmm/virtio/usernet.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../vmm/log.h"
#include "tap.h"

#define CONNECTIONS	600
#define MAX_FDS		(4 * CONNECTIONS)
#define DEADLINE_S	60

static struct pollfd fds[MAX_FDS];

void net_receive(struct net *net, unsigned char *packet, size_t len)
{
	(void)net;
	(void)packet;
	(void)len;
}

/* As the card's thread does it, once. */
static void run_link(struct net_link *link)
{
	int timeout = 0;
	unsigned int count = link->watch(link, fds, MAX_FDS, &timeout, true);

	poll(fds, count, timeout);
	link->handle(link, NULL, fds, count);
}

/* A port that nobody uses. */
static unsigned int find_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (void *)&at, sizeof(at)) ||
	    getsockname(fd, (void *)&at, &len))
		tap_bail("there is no port");
	close(fd);
	return ntohs(at.sin_port);
}

static void connect_to(unsigned int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(port),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (void *)&at, sizeof(at)))
		tap_bail("no connection");
}

/* Sockets of this process. */
static unsigned int count_sockets(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int sockets = 0;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int type, fd = atoi(entry->d_name);
		socklen_t len = sizeof(type);

		sockets += !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	}
	if (dir)
		closedir(dir);
	return sockets;
}

static void let_many_sockets(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < MAX_FDS)
		tap_skip_all("%llu files are too few here",
			     (unsigned long long)limit.rlim_max);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
	unsigned int port;
	int timeout = 0;
	struct net_link *link;
	char text[64];
	const char *forward = text;

	let_many_sockets();
	tap_plan(2);
	alarm(DEADLINE_S);
	port = find_port();
	snprintf(text, sizeof(text), "tcp:127.0.0.1:%u-:22", port);
	link = usernet_open(&forward, 1);
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		connect_to(port);
		run_link(link);
	}
	/* The listening socket, and both ends of each connection. */
	while (count_sockets() < 1 + 2 * CONNECTIONS)
		run_link(link);
	tap_ok(true, "%u connections are accepted", CONNECTIONS);
	tap_ok(link->watch(link, fds, 0, &timeout, true) == 1,
	       "a descriptor without room for it is asked for");
	fflush(stdout);
	/* The library keeps what it has: nothing looks for leaks. */
	_exit(tap_exit());
}
