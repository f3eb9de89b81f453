/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peers: the other nodes of a local node's cluster, and the check that they are
 * alive.
 */
#ifndef _SSI_PEER_H
#define _SSI_PEER_H

#include <linux/netlink.h>
#include <linux/socket.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include "protocol/wire.h"

struct ssi_link;
struct ssi_node;
struct ssi_rx;

/*
 * A ping is sent this often. If no message arrives in so many consecutive beats
 * that they add up to SSI_PEER_LOST_MS, the connection is given up.
 */
#define SSI_PEER_PING_MS	500
#define SSI_PEER_LOST_MS	3000

/* Default and limit of @grace_ms. */
#define SSI_PEER_GRACE_MS	10000
#define SSI_PEER_GRACE_MAX_MS	3600000

/**
 * struct ssi_peer_config - the configuration of a new peer
 * @id: the other node's id
 * @addr: address of its listener; AF_UNSPEC for loop
 * @delay_us: loop only: delay of each message in microseconds
 * @grace_ms: not for loop: time in milliseconds until an interrupted link is
 *	lost, 0: at once
 */
struct ssi_peer_config {
	u32 id;
	const struct sockaddr_storage *addr;
	u32 delay_us;
	u32 grace_ms;
};

/* Limit of the regions of a peer whose lives are known at a time. */
#define SSI_PEER_REGIONS_MAX	1024

/**
 * struct ssi_peer - another node, as one local node sees it
 * @node: the local node; the peer holds a reference
 * @id: the other node's id
 * @addr: address of its listener, or AF_UNSPEC for loop
 * @delay_us: loop only: delay of each message in microseconds
 * @grace_ms: not for loop: time in milliseconds until an interrupted link is
 *	lost
 * @rx_pool: messages received from it
 * @link: the connection; set once, before other code can find the peer
 * @beat: work that sends pings and checks link->last_rx
 * @heard: link->last_rx at the last beat; only @beat uses this and the next two
 * @counted: time in jiffies of the last beat that counted
 * @silent: number of consecutive beats in which no message arrived
 * @met: the link has been UP; only the link's work @changed uses it
 * @lives: region id -> life (xa_value) of the peer's instance, as far as the
 *	peer has announced it and has not left it; see member.c
 * @nr_lives: number of entries in @lives; only messages of the link change it,
 *	one message at a time
 */
struct ssi_peer {
	struct ssi_node *node;
	u32 id;
	struct sockaddr_storage addr;
	u32 delay_us;
	u32 grace_ms;
	struct ssi_rx_pool *rx_pool;
	struct ssi_link *link;
	struct delayed_work beat;
	unsigned long heard;
	unsigned long counted;
	u32 silent;
	bool met;
	struct xarray lives;
	u32 nr_lives;
};

/* Kernel-doc is in peer.c. Context: ssi_config_lock held, may sleep. */
struct ssi_peer *ssi_peer_new(struct ssi_node *node,
			      const struct ssi_peer_config *config,
			      struct netlink_ext_ack *extack);

/**
 * ssi_peer_delete() - close the link of a peer and free the peer
 * @peer: the peer
 *
 * Regions with this member must be lost already.
 *
 * Context: ssi_config_lock held, may sleep.
 */
void ssi_peer_delete(struct ssi_peer *peer);

/**
 * ssi_peer_accept() - find the peer that sent a hello
 * @node: the node that it wants to connect to
 * @hello: the hello, not validated
 * @link: result: the link of the peer
 *
 * The transport must check the address that the hello comes from. @link stays
 * valid while the caller runs as part of the listener, because unlisten waits
 * for it.
 *
 * Context: Process context.
 * Return: SSI_REFUSED_NOT, or the reason of the refusal.
 */
enum ssi_refusal ssi_peer_accept(struct ssi_node *node,
				 const struct ssi_wire_hello *hello,
				 struct ssi_link **link);

/**
 * ssi_peer_send() - send a message to a node of the cluster
 * @node: the local node
 * @dst: id of the other node
 * @msg: the message; src and dst are filled in here
 * @page: the payload of msg->len bytes, or NULL; its reference is consumed,
 *	also on error
 * @defer_ns: as in struct ssi_transport_ops
 *
 * Context: BH disabled or process context.
 * Return: 0, or -ENOTCONN if there is no link, or it is neither UP nor
 *	INTERRUPTED.
 */
int ssi_peer_send(struct ssi_node *node, u32 dst, const struct ssi_msg *msg,
		  struct page *page, u64 defer_ns);

#endif /* _SSI_PEER_H */
