/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network that gives back what it gets, for programs that test or fuzz virtio
 * devices. Each program that includes this has one.
 */
#ifndef ECHO_LINK_H
#define ECHO_LINK_H

#include <assert.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <string.h>

#include "../../vmm/virtio/net.h"

static unsigned char echo[NET_PACKET_MAX];
static size_t echo_len;

static void echo_send(struct net_link *link, const unsigned char *packet,
		      size_t len)
{
	(void)link;
	assert(len <= sizeof(echo));
	memcpy(echo, packet, len);
	echo_len = len;
}

static unsigned int echo_watch(struct net_link *link, struct pollfd *fds,
			       unsigned int max, int *timeout, int room)
{
	(void)link;
	(void)fds;
	(void)max;
	if (room && echo_len)
		*timeout = 0;
	return 0;
}

static void echo_handle(struct net_link *link, struct net *net,
			const struct pollfd *fds, unsigned int count)
{
	(void)link;
	(void)fds;
	(void)count;
	if (echo_len)
		net_receive(net, echo, echo_len);
	echo_len = 0;
}

static struct net_link echo_link = {
	.name = "the echo", .send = echo_send, .watch = echo_watch,
	.handle = echo_handle, .mtu = 9000,
	.features = 1u << VIRTIO_NET_F_CSUM | 1u << VIRTIO_NET_F_GUEST_CSUM |
		    1u << VIRTIO_NET_F_GUEST_TSO4 |
		    1u << VIRTIO_NET_F_GUEST_TSO6 |
		    1u << VIRTIO_NET_F_HOST_TSO4 | 1u << VIRTIO_NET_F_HOST_TSO6,
};

#endif /* ECHO_LINK_H */
