/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network cards (virtio 1.2, 5.1). */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "../filter.h"

#define NET_HEADER_SIZE	12u	/* in front of every packet, both ways */
#define NET_PACKET_MAX	(NET_HEADER_SIZE + 14 + 4 + 65535u)

struct net;

/**
 * struct net_link - the network that a card is connected to
 * @name: for the log
 * @filter: the system calls that the card's thread needs
 * @features: virtio features that it supports
 * @mtu: largest packet without its Ethernet header; 0: the driver's choice
 * @start: features are negotiated; may be missing
 * @send: a packet of the guest, header in front
 * @watch: add descriptors to wait for, and shorten the time in milliseconds (-1:
 *	for ever); @room: the guest can take a packet. Returns how many there are;
 *	if these are more than @max, it is called again with room for them
 * @handle: they were waited for; calls net_receive()
 *
 * All but for @start are called by the card's thread, while the driver is
 * ready.
 */
struct net_link {
	const char *name;
	enum filter_kind filter;
	uint64_t features;
	uint16_t mtu;
	void (*start)(struct net_link *link, uint64_t features);
	void (*send)(struct net_link *link, const unsigned char *packet,
		     size_t len);
	unsigned int (*watch)(struct net_link *link, struct pollfd *fds,
			      unsigned int max, int *timeout, int room);
	void (*handle)(struct net_link *link, struct net *net,
		       const struct pollfd *fds, unsigned int count);
};

/* A packet for the guest, header in front; dropped if it has no room. */
void net_receive(struct net *net, unsigned char *packet, size_t len);

/* The link is gone for good: the driver sees that the card has no link. */
void net_lose_link(struct net *net);

/* The front part of struct virtio_net_config, which is all that cards have. */
struct net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t max_queue_pairs;
	uint16_t mtu;
};

/* Put a card on the bus of a node. */
void net_init(struct net_link *link, const uint8_t mac[6], uint8_t bus,
	      uint32_t window);

#endif /* VMM_VIRTIO_NET_H */
