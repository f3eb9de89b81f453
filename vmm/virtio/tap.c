// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A network card that is an interface of the host (Linux, Documentation/
 * networking/tuntap.rst). The kernel understands virtio's header, so it calculates
 * the checksums and segments large packets.
 */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../log.h"

#define TUN_DEVICE	"/dev/net/tun"
#define BATCH		64	/* packets, until the guest's get their turn */
#define MTU_MIN		68	/* virtio 1.2, 5.1.4.1 */

struct tap {
	struct net_link link;
	int fd;
	bool gone;	/* the interface was deleted */
	unsigned char packet[NET_PACKET_MAX];
};

static struct tap *tap_of(struct net_link *link)
{
	return (struct tap *)link;	/* its first field */
}

/* What a guest accepts it gets as it is: no checksum, and large segments. */
static unsigned long offload_of(uint64_t features)
{
	unsigned long offload = TUN_F_CSUM;

	if (!(features & 1ull << VIRTIO_NET_F_GUEST_CSUM))
		return 0;	/* segments need it */
	if (features & 1ull << VIRTIO_NET_F_GUEST_TSO4)
		offload |= TUN_F_TSO4;
	if (features & 1ull << VIRTIO_NET_F_GUEST_TSO6)
		offload |= TUN_F_TSO6;
	return offload;
}

void tap_set_offload(int fd, const char *name, uint64_t features)
{
	if (ioctl(fd, TUNSETOFFLOAD, offload_of(features)))
		log_warn("The interface %s cannot leave checksums and segments to the guest: %s.",
			 name, strerror(errno));
}

static void tap_start(struct net_link *link, uint64_t features)
{
	tap_set_offload(tap_of(link)->fd, link->name, features);
}

int tap_use_queue(int fd, bool use)
{
	struct ifreq request = {
		.ifr_flags = use ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE,
	};

	return ioctl(fd, TUNSETQUEUE, &request) ? -errno : 0;
}

uint64_t tap_features(void)
{
	return 1ull << VIRTIO_NET_F_CSUM | 1ull << VIRTIO_NET_F_GUEST_CSUM |
	       1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6 |
	       1ull << VIRTIO_NET_F_HOST_TSO4 | 1ull << VIRTIO_NET_F_HOST_TSO6;
}

static void tap_send(struct net_link *link, const unsigned char *packet,
		     size_t len)
{
	/* A packet that the host refuses is lost, as on any network. */
	if (write(tap_of(link)->fd, packet, len) < 0)
		log_debug("The interface %s does not take a packet: %s.",
			  link->name, strerror(errno));
}

static unsigned int tap_watch(struct net_link *link, struct pollfd *fds,
			      unsigned int max, int *timeout, int room)
{
	(void)timeout;
	if (tap_of(link)->gone)
		return 0;
	if (!max)
		return 1;
	fds[0] = (struct pollfd) {
		.fd = tap_of(link)->fd, .events = room ? POLLIN : 0,
	};
	return 1;
}

static void tap_handle(struct net_link *link, struct net *net,
		       const struct pollfd *fds, unsigned int count)
{
	struct tap *tap = tap_of(link);

	if (!count)
		return;
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) {
		tap->gone = true;
		log_warn("The host's interface %s was deleted; the guest's network card has no link until ssi-vmm is started again.",
			 link->name);
		net_lose_link(net);
		return;
	}
	if (!(fds[0].revents & POLLIN))
		return;
	for (unsigned int i = 0; i < BATCH; i++) {
		ssize_t len = read(tap->fd, tap->packet, sizeof(tap->packet));

		if (len <= (ssize_t)NET_HEADER_SIZE)
			return;
		net_receive(net, tap->packet, len);
	}
}

/* Why the driver does not attach to an interface: it does not say itself. */
static const char *find_reason(const char *name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (void *)&info };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	strcpy(request.ifr_name, name);
	err = ioctl(fd, SIOCETHTOOL, &request);
	if (fd >= 0)
		close(fd);
	if (err || strcmp(info.driver, "tun"))
		return "is not a tap";
	if (strcmp(info.bus_info, "tap"))
		return "is a tun, not a tap";
	return "was made with multi_queue";
}

static void attach(int fd, const char *name, bool many)
{
	struct ifreq request = {
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
			     (many ? IFF_MULTI_QUEUE : 0),
	};
	int header = NET_HEADER_SIZE;

	strcpy(request.ifr_name, name);
	if (!ioctl(fd, TUNSETIFF, &request) &&
	    !ioctl(fd, TUNSETVNETHDRSZ, &header))
		return;
	if (errno == EPERM)
		die(EXIT_HOST, "You may not use the interface %s; as root: ip tuntap del %s mode tap; ip tuntap add %s mode tap user NAME.",
		    name, name, name);
	if (errno == EBUSY)
		die(EXIT_HOST, "The interface %s is in use by another process.",
		    name);
	if (errno == EINVAL && many)
		die(EXIT_HOST, "The interface %s has one queue, or is not a tap; as root: ip tuntap del %s mode tap; ip tuntap add %s mode tap multi_queue.",
		    name, name, name);
	if (errno == EINVAL)
		die(EXIT_HOST, "The interface %s cannot be used, since it %s; as root: ip tuntap add NAME mode tap makes one that can.",
		    name, find_reason(name));
	die(EXIT_HOST, "The interface %s cannot be used: %s.", name,
	    strerror(errno));
}

/* The MTU of the interface, for the guest; 0 if it is unknown. */
static uint16_t find_mtu(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_mtu = 0 };

	strcpy(request.ifr_name, name);
	if (fd < 0 || ioctl(fd, SIOCGIFMTU, &request))
		request.ifr_mtu = 0;
	if (fd >= 0)
		close(fd);
	return request.ifr_mtu < MTU_MIN || request.ifr_mtu > UINT16_MAX ?
	       0 : request.ifr_mtu;
}

/* Packets that are larger than the interface takes are lost. */
static uint16_t choose_mtu(const struct net_options *options)
{
	uint16_t most = find_mtu(options->tap);

	if (options->mtu > most && most)
		die(EXIT_USAGE, "The MTU of a network card, %u, is larger than that of the interface %s, which is %u; as root: ip link set %s mtu %u.",
		    options->mtu, options->tap, most, options->tap,
		    options->mtu);
	return options->mtu ? options->mtu : most;
}

static int open_queue(const char *name, bool many)
{
	int fd;

	if (strlen(name) >= IFNAMSIZ || !if_nametoindex(name))
		die(EXIT_USAGE, "There is no interface \"%s\"; as root: ip tuntap add NAME mode tap, and bring it up.",
		    name);
	fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		die(EXIT_HOST, "There is no " TUN_DEVICE ": load the module tun.");
	if (fd < 0)
		die(EXIT_HOST, TUN_DEVICE " cannot be opened: %s.",
		    strerror(errno));
	attach(fd, name, many);
	return fd;
}

uint16_t tap_open_queues(const struct net_options *options,
			 int fds[DEVICE_MAX_QUEUES])
{
	bool many = options->queues > 1;
	unsigned int i = 0;

	do
		fds[i] = open_queue(options->tap, many);
	while (++i < options->queues);
	return choose_mtu(options);
}

struct net_link *tap_open(const struct net_options *options)
{
	const char *name = options->tap;
	struct tap *tap = calloc(1, sizeof(*tap));

	if (!tap)
		die(EXIT_HOST, "There is no memory for a network card.");
	tap->fd = open_queue(name, false);
	tap->link = (struct net_link) {
		.name = name,
		.filter = FILTER_TAP,
		.mtu = choose_mtu(options),
		.features = tap_features(),
		.start = tap_start, .send = tap_send, .watch = tap_watch,
		.handle = tap_handle,
	};
	return &tap->link;
}
