/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections that user space makes for nodes with the security tls.
 */
#ifndef _SSI_SECURE_H
#define _SSI_SECURE_H

#include <linux/types.h>

struct netlink_ext_ack;
struct ssi_peer;

/**
 * ssi_secure_take() - take a connection to a peer from user space
 * @peer: the peer; the handshake has proved that it is at the other end
 * @fd: descriptor of the socket, of the calling task; it may be closed after this
 * @extack: receives the error sentence
 *
 * Context: May sleep, ssi_nodes_lock held.
 * Return: 0 or a negative errno.
 */
int ssi_secure_take(struct ssi_peer *peer, int fd, struct netlink_ext_ack *extack);

/**
 * ssi_secure_take_key() - take the key of a handshake from user space
 * @peer: the peer; the handshake has proved that it has the same key
 * @key: SSI_STREAM_KEY_LEN bytes
 * @extack: receives the error sentence
 *
 * The side that connects makes an RDMA connection then.
 *
 * Context: May sleep, ssi_nodes_lock held.
 * Return: 0 or a negative errno.
 */
int ssi_secure_take_key(struct ssi_peer *peer, const u8 *key,
			struct netlink_ext_ack *extack);

/**
 * ssi_secure_wants() - what the link of a peer needs to connect
 * @peer: the peer, of a node with security
 *
 * Context: Any context.
 * Return: SSI_DSM_TRANSPORT_TCP: a connection; RDMA: a key; AUTO: either.
 */
u32 ssi_secure_wants(const struct ssi_peer *peer);

/**
 * ssi_secure_report() - user space says why it has no connection to a peer
 * @peer: the peer
 * @reason: one sentence
 * @extack: receives the error sentence
 *
 * Context: May sleep, ssi_nodes_lock held.
 * Return: 0 or a negative errno.
 */
int ssi_secure_report(struct ssi_peer *peer, const char *reason,
		      struct netlink_ext_ack *extack);

#endif /* _SSI_SECURE_H */
