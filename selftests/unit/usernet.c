// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The user network's sockets: vmm/virtio/usernet.c with the real libslirp. This
 * program is the card and the client; there is no guest that would answer.
 */
#include "../../vmm/virtio/usernet.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
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

/* ---- what the guest reaches -------------------------------------------------- */

#define PACKET_SIZE	(NET_HEADER_SIZE + 14 + 20 + 8 + 4)

static uint16_t checksum(const unsigned char *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += data[i] << 8 | data[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* A datagram of the guest for 10.0.2.2, which is this host's 127.0.0.1. */
static void make_datagram(unsigned char packet[PACKET_SIZE], unsigned int port)
{
	static const unsigned char ip[20] = {
		0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0,
		10, 0, 2, 15, 10, 0, 2, 2,
	};
	unsigned char *at = packet + NET_HEADER_SIZE;
	uint16_t sum = checksum(ip, sizeof(ip));

	memset(packet, 0, PACKET_SIZE);
	memcpy(at, "\x52\x55\x0a\x00\x02\x02\x52\x54\x00\x12\x34\x56\x08", 13);
	at += 14;
	memcpy(at, ip, sizeof(ip));
	at[10] = sum >> 8;
	at[11] = sum;
	at += sizeof(ip);
	memcpy(at, "\x10\x00", 2);
	at[2] = port >> 8;
	at[3] = port;
	at[5] = 12;
	memcpy(at + 8, "ping", 4);
}

/* Does a datagram of the guest get to a socket of this host? The library sends at once. */
static bool reaches_host(const struct net_options *options)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct net_link *link = usernet_open(options);
	unsigned char packet[PACKET_SIZE];
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char text[8];
	bool came;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (void *)&at, sizeof(at)) ||
	    getsockname(fd, (void *)&at, &len))
		tap_bail("there is no port");
	make_datagram(packet, ntohs(at.sin_port));
	link->send(link, packet, sizeof(packet));
	came = recv(fd, text, sizeof(text), MSG_DONTWAIT) == 4;
	close(fd);
	return came;
}

static void test_reach(void)
{
	const struct net_options free = { 0 }, restricted = { .restricted = true };
	const struct net_options small = { .mtu = 1280 };

	tap_ok(reaches_host(&free), "the guest reaches the host");
	tap_ok(!reaches_host(&restricted), "not from a restricted network");
	tap_ok(!usernet_open(&free)->mtu && usernet_open(&small)->mtu == 1280,
	       "a card has the MTU that was given");
}

int main(void)
{
	unsigned int port, before;
	int timeout = 0;
	struct net_link *link;
	char text[64];
	struct net_options options = {
		.forwards = { text }, .num_forwards = 1, .restricted = true,
	};

	let_many_sockets();
	tap_plan(5);
	test_reach();
	alarm(DEADLINE_S);
	port = find_port();
	snprintf(text, sizeof(text), "tcp:127.0.0.1:%u-:22", port);
	link = usernet_open(&options);
	before = count_sockets();
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		connect_to(port);
		run_link(link);
	}
	/* Both ends of each connection. */
	while (count_sockets() < before + 2 * CONNECTIONS)
		run_link(link);
	tap_ok(true, "%u connections to a restricted network are accepted", CONNECTIONS);
	tap_ok(link->watch(link, fds, 0, &timeout, true) == 1,
	       "a descriptor without room for it is asked for");
	fflush(stdout);
	/* The library keeps what it has: nothing looks for leaks. */
	_exit(tap_exit());
}
