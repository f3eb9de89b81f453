/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peers: the other nodes of a local node's cluster, and whether they live.
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

/* A sign of life this often, and none in the beats of so long is a loss. */
#define SSI_PEER_PING_MS	500
#define SSI_PEER_LOST_MS	3000

/* Regions that a peer may have announced at a time. */
#define SSI_PEER_REGIONS_MAX	1024

/**
 * struct ssi_peer - another node, as one local node sees it
 * @node: the local node; the peer holds a reference
 * @id: the other node's id
 * @addr: where it listens, or AF_UNSPEC for loop
 * @delay_us: loop only: every message takes this long
 * @link: the connection; set once before the peer is visible
 * @beat: sends pings and looks at link->last_rx
 * @heard: link->last_rx at the last beat; only @beat uses it and @silent
 * @silent: beats in a row that have heard nothing
 * @announced: region id -> map hash (xa_value) that the peer told us
 * @nr_announced: how many; only its link's messages change it, one at a time
 */
struct ssi_peer {
	struct ssi_node *node;
	u32 id;
	struct sockaddr_storage addr;
	u32 delay_us;
	struct ssi_link *link;
	struct delayed_work beat;
	unsigned long heard;
	u32 silent;
	struct xarray announced;
	u32 nr_announced;
};

/* ssi_config_lock held, may sleep. */
struct ssi_peer *ssi_peer_new(struct ssi_node *node, u32 id,
			      const struct sockaddr_storage *addr, u32 delay_us,
			      struct netlink_ext_ack *extack);
void ssi_peer_delete(struct ssi_peer *peer);

/*
 * The hello of a node that wants to connect to @node: SSI_REFUSED_NOT and
 * the peer's link in @link, or why not. Where it comes from is the transport's to
 * check. Process context. The link stays valid while the caller runs as part of
 * the listener (unlisten waits for it).
 */
enum ssi_refusal ssi_peer_accept(struct ssi_node *node,
				 const struct ssi_wire_hello *hello,
				 struct ssi_link **link);

/*
 * Send to node @dst of the cluster; BH disabled or process context. Consumes
 * the reference to @page. @defer_ns as in struct ssi_transport_ops. -ENOTCONN
 * if there is no link or it is down.
 */
int ssi_peer_send(struct ssi_node *node, u32 dst, const struct ssi_msg *msg,
		  struct page *page, u64 defer_ns);

#endif /* _SSI_PEER_H */
