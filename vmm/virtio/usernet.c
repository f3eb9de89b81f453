// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A network card without an interface of the host: libslirp terminates the guest's
 * connections and opens ordinary sockets for them. The guest is 10.0.2.15
 * (by DHCP), the host is 10.0.2.2, and a name server is at 10.0.2.3. After
 * usernet_open() only the card's thread calls the library.
 */
#include "usernet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <slirp/libslirp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../lib/number.h"
#include "../log.h"

struct usernet {
	struct net_link link;
	Slirp *slirp;
	struct net *net;	/* while packets may come for it */
	struct pollfd *fds;	/* while they are collected or looked at */
	unsigned int count;
	unsigned int max;
	unsigned char packet[NET_PACKET_MAX];
};

static struct usernet *usernet_of(struct net_link *link)
{
	return (struct usernet *)link;	/* its first field */
}

/* ---- callbacks of the library ----------------------------------------------- */

static ssize_t usernet_packet(const void *data, size_t len, void *opaque)
{
	struct usernet *usernet = opaque;

	if (!usernet->net || len > sizeof(usernet->packet) - NET_HEADER_SIZE)
		return len;
	memset(usernet->packet, 0, NET_HEADER_SIZE);
	memcpy(usernet->packet + NET_HEADER_SIZE, data, len);
	net_receive(usernet->net, usernet->packet, len + NET_HEADER_SIZE);
	return len;
}

static void usernet_error(const char *message, void *opaque)
{
	(void)opaque;
	log_debug("The guest's network: %s.", message);
}

static int64_t usernet_clock(void *opaque)
{
	struct timespec now;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* Timers are for IPv6, which is off. */
static void *usernet_timer_new(SlirpTimerCb callback, void *arg, void *opaque)
{
	(void)callback;
	(void)arg;
	return opaque;
}

static void usernet_timer_free(void *timer, void *opaque)
{
	(void)timer;
	(void)opaque;
}

static void usernet_timer_mod(void *timer, int64_t when, void *opaque)
{
	(void)timer;
	(void)when;
	(void)opaque;
}

/* The sockets of the library are collected anew each time. */
static void usernet_add_fd(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

static void usernet_remove_fd(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

static void usernet_notify(void *opaque)
{
	(void)opaque;
}

static const SlirpCb usernet_callbacks = {
	.send_packet = usernet_packet,
	.guest_error = usernet_error,
	.clock_get_ns = usernet_clock,
	.timer_new = usernet_timer_new,
	.timer_free = usernet_timer_free,
	.timer_mod = usernet_timer_mod,
	.register_poll_fd = usernet_add_fd,
	.unregister_poll_fd = usernet_remove_fd,
	.notify = usernet_notify,
};

static const struct {
	int slirp;
	short poll;
} poll_events[] = {
	{ SLIRP_POLL_IN, POLLIN }, { SLIRP_POLL_OUT, POLLOUT },
	{ SLIRP_POLL_PRI, POLLPRI }, { SLIRP_POLL_ERR, POLLERR },
	{ SLIRP_POLL_HUP, POLLHUP },
};

#define NUM_EVENTS	(sizeof(poll_events) / sizeof(poll_events[0]))

static int usernet_add_poll(int fd, int events, void *opaque)
{
	struct usernet *usernet = opaque;
	short wanted = 0;

	if (usernet->count >= usernet->max) {
		usernet->count++;
		return -1;	/* it is asked for again, with more room */
	}
	for (unsigned int i = 0; i < NUM_EVENTS; i++)
		if (events & poll_events[i].slirp)
			wanted |= poll_events[i].poll;
	usernet->fds[usernet->count] = (struct pollfd) {
		.fd = fd, .events = wanted,
	};
	return usernet->count++;
}

static int usernet_revents(int index, void *opaque)
{
	const struct usernet *usernet = opaque;
	int found = 0;

	if (index < 0 || (unsigned int)index >= usernet->count)
		return 0;
	for (unsigned int i = 0; i < NUM_EVENTS; i++)
		if (usernet->fds[index].revents & poll_events[i].poll)
			found |= poll_events[i].slirp;
	return found;
}

/* ---- the link --------------------------------------------------------------- */

static void usernet_send(struct net_link *link, const unsigned char *packet,
			 size_t len)
{
	slirp_input(usernet_of(link)->slirp, packet + NET_HEADER_SIZE,
		    len - NET_HEADER_SIZE);
}

static unsigned int usernet_watch(struct net_link *link, struct pollfd *fds,
				  unsigned int max, int *timeout, int room)
{
	struct usernet *usernet = usernet_of(link);
	uint32_t wait = *timeout < 0 ? UINT32_MAX : (uint32_t)*timeout;

	(void)room;
	usernet->fds = fds;
	usernet->count = 0;
	usernet->max = max;
	slirp_pollfds_fill(usernet->slirp, &wait, usernet_add_poll, usernet);
	*timeout = wait == UINT32_MAX ? -1 : (int)wait;
	return usernet->count;
}

static void usernet_handle(struct net_link *link, struct net *net,
			   const struct pollfd *fds, unsigned int count)
{
	struct usernet *usernet = usernet_of(link);

	(void)fds;		/* those of usernet_watch() */
	usernet->count = count;
	usernet->net = net;
	slirp_pollfds_poll(usernet->slirp, false, usernet_revents, usernet);
}

/* ---- set up ----------------------------------------------------------------- */

/*
 * A restricted network has the guest's address and its name server's only in DHCP:
 * the library drops what goes anywhere else than to a forwarded port's connection.
 */
static Slirp *make_slirp(struct usernet *usernet,
			 const struct net_options *options)
{
	SlirpConfig config = {
		.version = 1, .in_enabled = true,
		.restricted = options->restricted,
		.if_mtu = options->mtu, .if_mru = options->mtu,
	};

	inet_aton("10.0.2.0", &config.vnetwork);
	inet_aton("255.255.255.0", &config.vnetmask);
	inet_aton("10.0.2.2", &config.vhost);
	inet_aton("10.0.2.15", &config.vdhcp_start);
	inet_aton("10.0.2.3", &config.vnameserver);
	return slirp_new(&config, &usernet_callbacks, usernet);
}

static void refuse_forward(const char *text, unsigned int port)
{
	const char *advice = "";

	if (errno == EACCES)
		advice = "; ports below net.ipv4.ip_unprivileged_port_start are for root: take a higher one";
	else if (errno == EADDRINUSE)
		advice = "; take another port";
	else if (errno == EADDRNOTAVAIL)
		advice = "; take an address of this host";
	die(EXIT_HOST, "Port %u of this host cannot be forwarded to the guest (hostfwd=%s): %s%s.",
	    port, text, strerror(errno), advice);
}

/**
 * struct forward - a port of the host that leads to the guest
 * @udp: else TCP
 * @host: address of the host; INADDR_ANY: all of them
 * @from: port of the host
 * @to: port of the guest
 */
struct forward {
	bool udp;
	struct in_addr host;
	uint64_t from;
	uint64_t to;
};

static bool is_port(uint64_t port)
{
	return port && port <= UINT16_MAX;
}

/* tcp:[ADDRESS]:PORT-:PORT, or udp */
static bool parse_forward(const char *text, struct forward *forward)
{
	char address[INET_ADDRSTRLEN] = "";
	size_t len;

	forward->udp = !strncmp(text, "udp:", 4);
	if (!forward->udp && strncmp(text, "tcp:", 4))
		return false;
	text += 4;
	len = strcspn(text, ":");
	if (len >= sizeof(address) || text[len] != ':')
		return false;
	memcpy(address, text, len);
	forward->host.s_addr = INADDR_ANY;
	if (len && inet_pton(AF_INET, address, &forward->host) != 1)
		return false;
	text = number_read(text + len + 1, &forward->from);
	return text && !strncmp(text, "-:", 2) && is_port(forward->from) &&
	       number_parse(text + 2, UINT16_MAX, &forward->to) &&
	       is_port(forward->to);
}

static void add_forward(Slirp *slirp, const char *text)
{
	struct forward forward;
	struct in_addr guest;

	inet_aton("10.0.2.15", &guest);
	if (!parse_forward(text, &forward))
		die(EXIT_USAGE, "hostfwd=%s is not tcp:[ADDRESS]:PORT-:PORT, or udp, as in tcp:127.0.0.1:2222-:22.",
		    text);
	if (slirp_add_hostfwd(slirp, forward.udp, forward.host, forward.from,
			      guest, forward.to))
		refuse_forward(text, forward.from);
}

struct net_link *usernet_open(const struct net_options *options)
{
	struct usernet *usernet = calloc(1, sizeof(*usernet));

	if (usernet)
		usernet->slirp = make_slirp(usernet, options);
	if (!usernet || !usernet->slirp)
		die(EXIT_HOST, "There is no memory for a network card.");
	for (unsigned int i = 0; i < options->num_forwards; i++)
		add_forward(usernet->slirp, options->forwards[i]);
	usernet->link = (struct net_link) {
		.name = "the user network",
		.filter = FILTER_USERNET,
		.mtu = options->mtu,
		.send = usernet_send, .watch = usernet_watch,
		.handle = usernet_handle,
	};
	return &usernet->link;
}
