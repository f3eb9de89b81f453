// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that user space makes for nodes with the security tls.
 */

/**
 * DOC: Theory of operation
 *
 * Such a node has no listening socket and connects to nothing. User space does
 * both, and the TLS handshake over each connection: kernel 6.1 cannot, and keys and
 * certificates need code that does not belong in a kernel. It gives the keys to
 * kernel TLS and the socket to PEER_CONNECT. From then on the module alone uses the
 * socket. The hellos are the same as without security. They go over the encrypted
 * connection, and the id in the hello must be that of the node whose certificate
 * user space has verified.
 *
 * A link that needs a connection says so by an event, every RETRY_MS until it has
 * one. So an event that is lost, a daemon that starts late, and a handshake that
 * fails need nothing else.
 *
 * A key is good for some number of records only (RFC 8446, 5.5: 2^24.5 with AES-GCM).
 * Kernel TLS of 6.1 cannot change the keys of a connection. So after so many messages
 * the side that connects asks for another connection while it has one. When that
 * comes, the old one ends, and the link continues over the new one as after any
 * interruption, but at once.
 *
 * Nothing falls back: a socket without keys for both directions is refused.
 */

#include <linux/file.h>
#include <linux/netlink.h>
#include <net/sock.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/tcp_conn.h"
#include "net/secure.h"

static int refuse_socket(struct netlink_ext_ack *extack, int error,
			 const char *why)
{
	extack->_msg = why;
	return error;
}

static bool has_keys(struct socket *sock)
{
	bool secured;

	lock_sock(sock->sk);
	secured = ssi_tcp_conn_is_secured(sock);
	release_sock(sock->sk);
	return secured;
}

/* Claims the socket if all is well. */
static int check_socket(const struct ssi_node *node, struct socket *sock,
			struct netlink_ext_ack *extack)
{
	const struct sock *sk = sock->sk;

	if (!net_eq(sock_net(sk), node->net))
		return refuse_socket(extack, -EINVAL,
				     "the socket is of another network namespace");
	if ((sk->sk_family != AF_INET && sk->sk_family != AF_INET6) ||
	    sk->sk_type != SOCK_STREAM || sk->sk_protocol != IPPROTO_TCP)
		return refuse_socket(extack, -EINVAL,
				     "the socket is not one of TCP");
	if (READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
		return refuse_socket(extack, -ENOTCONN,
				     "the socket is not connected");
	if (!has_keys(sock))
		return refuse_socket(extack, -EINVAL,
				     "the socket has no keys of TLS 1.3 for both directions");
	if (!ssi_tcp_conn_claim(sock))
		return refuse_socket(extack, -EBUSY,
				     "the socket is in use in the kernel");
	return 0;
}

/* The socket is claimed. */
static int use(struct ssi_peer *peer, struct socket *sock,
	       struct netlink_ext_ack *extack)
{
	struct ssi_stream *st = ssi_stream(peer->link);

	if (!st->active)
		return ssi_tcp_listen_take(peer->node, peer->id, sock);
	if (ssi_stream_may_renew(st)) {
		WRITE_ONCE(st->next, sock);
		ssi_stream_interrupt(&st->link, "its keys are replaced");
		return 0;
	}
	if (!ssi_stream_may_begin(st))
		return refuse_socket(extack, -EISCONN,
				     "the link needs no connection");
	return ssi_tcp_conn_begin(st, sock);
}

static int take(struct ssi_peer *peer, struct socket *sock,
		struct netlink_ext_ack *extack)
{
	int ret = check_socket(peer->node, sock, extack);

	if (ret)
		return ret;
	ret = use(peer, sock, extack);
	if (ret)
		ssi_tcp_conn_unclaim(sock);
	return ret;
}

static int check_node(const struct ssi_node *node,
		      struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&ssi_nodes_lock);
	if (node->security == SSI_DSM_SECURITY_TLS)
		return 0;
	return refuse_socket(extack, -EINVAL,
			     "the node makes its connections itself, because its security is none");
}

int ssi_secure_take(struct ssi_peer *peer, int fd, struct netlink_ext_ack *extack)
{
	struct socket *sock;
	int ret;

	ret = check_node(peer->node, extack);
	if (ret)
		return ret;
	sock = sockfd_lookup(fd, &ret);
	if (!sock)
		return refuse_socket(extack, ret,
				     "there is no socket with that file descriptor");
	mutex_lock(&peer->node->accept_lock);
	ret = take(peer, sock, extack);
	mutex_unlock(&peer->node->accept_lock);
	if (ret)
		sockfd_put(sock);
	return ret;
}

int ssi_secure_report(struct ssi_peer *peer, const char *reason,
		      struct netlink_ext_ack *extack)
{
	int ret = check_node(peer->node, extack);

	if (!ret)
		ssi_stream_report(ssi_stream(peer->link), reason);
	return ret;
}

static struct ssi_link *ssi_secure_open(struct ssi_peer *peer)
{
	return ssi_stream_open(peer, &ssi_secure_carrier);
}

static void ssi_secure_close(struct ssi_link *link)
{
	struct ssi_stream *st = ssi_stream(link);
	struct ssi_node *node = link->peer->node;
	struct socket *next;

	mutex_lock(&node->accept_lock);
	WRITE_ONCE(st->closing, true);
	next = st->next;
	WRITE_ONCE(st->next, NULL);
	mutex_unlock(&node->accept_lock);
	if (next)
		ssi_tcp_conn_release(next);
	ssi_stream_close(link);
}

const struct ssi_transport_ops ssi_secure_ops = {
	.name = "tls",
	.listen = ssi_tcp_listen_new,
	.unlisten = ssi_tcp_listen_stop,
	.open = ssi_secure_open,
	.close = ssi_secure_close,
	.interrupt = ssi_stream_interrupt,
	.send = ssi_stream_send,
};
