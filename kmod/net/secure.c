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

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/netlink.h>
#include <net/sock.h>

#include "net/keys.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/rdma_conn.h"
#include "net/tcp_conn.h"
#include "net/secure.h"

/* The key is copied with each of these lengths. */
static_assert(sizeof_field(struct ssi_stream, key) == SSI_DSM_KEY_LEN);
static_assert(sizeof_field(struct ssi_stream, key) == SSI_KEYS_LEN);

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
	st->probe = SSI_STREAM_PROBE_NOT;
	return ssi_tcp_conn_begin(st, sock);
}

static bool begin_socket(struct ssi_stream *st)
{
	struct ssi_node *node = st->link.peer->node;
	struct socket *next;
	bool began;

	mutex_lock(&node->accept_lock);
	next = st->next;
	WRITE_ONCE(st->next, NULL);
	WRITE_ONCE(st->wants_next, false);
	began = next && !st->closing && !ssi_tcp_conn_begin(st, next);
	mutex_unlock(&node->accept_lock);
	if (next && !began)
		ssi_tcp_conn_release(next);
	return began;
}

static bool is_open(const struct ssi_stream *st)
{
	return READ_ONCE(st->link.transport) == SSI_DSM_TRANSPORT_AUTO;
}

static bool must_try_tcp(const struct ssi_stream *st)
{
	return is_open(st) && READ_ONCE(st->probe) == SSI_STREAM_PROBE_FAILED;
}

static bool try_rdma(struct ssi_stream *st)
{
	if (is_open(st))
		st->probe = SSI_STREAM_PROBE_FAILED;	/* if it comes here again */
	return ssi_rdma_carrier.connect(st);
}

/* With auto one attempt over rdma, then one over tcp, as without security (auto.c). */
static void rdma_failed(struct ssi_stream *st)
{
	const struct ssi_peer *peer = st->link.peer;

	ssi_stream_set_key(st, NULL);
	pr_info("node %u of cluster %s tries tcp with tls for its link to node %u, since rdma failed: %s\n",
		peer->node->id, peer->node->cluster, peer->id, st->reason);
}

/* User space connects, and calls when it has something. Ask again until then. */
static bool ssi_secure_connect(struct ssi_stream *st)
{
	if (begin_socket(st))
		return true;
	if (READ_ONCE(st->has_key) && !must_try_tcp(st))
		return try_rdma(st);
	if (READ_ONCE(st->has_key))
		rdma_failed(st);
	ssi_link_want(&st->link);
	return false;
}

u32 ssi_secure_wants(const struct ssi_peer *peer)
{
	const struct ssi_stream *st = ssi_stream(peer->link);

	if (must_try_tcp(st))
		return SSI_DSM_TRANSPORT_TCP;
	return READ_ONCE(st->link.transport);
}

static const struct ssi_carrier secure_carrier = {
	.connect = ssi_secure_connect,
};

/*
 * A key that waits is for an attempt that the other side has given up: it asks for tcp
 * now. With the key, the request of that attempt could be repeated at any time.
 */
static int take(struct ssi_peer *peer, struct socket *sock,
		struct netlink_ext_ack *extack)
{
	int ret = check_socket(peer->node, sock, extack);

	if (ret)
		return ret;
	ret = use(peer, sock, extack);
	if (ret)
		ssi_tcp_conn_unclaim(sock);
	else
		ssi_stream_set_key(ssi_stream(peer->link), NULL);
	return ret;
}

static int check_node(const struct ssi_node *node,
		      struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&ssi_nodes_lock);
	if (node->security)
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
	if (!peer->node->tcp_listener)
		return refuse_socket(extack, -EINVAL,
				     "the node takes keys and no sockets, because its transport is rdma");
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

/* The node's accept_lock is held. */
static int use_key(struct ssi_stream *st, const u8 *key,
		   struct netlink_ext_ack *extack)
{
	if (st->closing)
		return refuse_socket(extack, -ESHUTDOWN, "the link is being closed");
	if (st->active && ssi_stream_may_renew(st)) {
		ssi_stream_set_key(st, key);
		ssi_stream_interrupt(&st->link, "its keys are replaced");
		return 0;
	}
	if (st->active && !ssi_stream_may_begin(st))
		return refuse_socket(extack, -EISCONN,
				     "the link needs no connection");
	ssi_stream_set_key(st, key);
	if (st->active)
		mod_delayed_work(ssi_conn_wq, &st->work, 0);
	return 0;
}

int ssi_secure_take_key(struct ssi_peer *peer, const u8 *key,
			struct netlink_ext_ack *extack)
{
	int ret = check_node(peer->node, extack);

	if (ret)
		return ret;
	if (!peer->node->rdma_listener)
		return refuse_socket(extack, -EINVAL,
				     "the node takes sockets and no keys, because it does not use rdma");
	mutex_lock(&peer->node->accept_lock);
	ret = use_key(ssi_stream(peer->link), key, extack);
	mutex_unlock(&peer->node->accept_lock);
	return ret;
}

int ssi_secure_report(struct ssi_peer *peer, const char *reason,
		      struct netlink_ext_ack *extack)
{
	struct ssi_stream *st = ssi_stream(peer->link);
	int ret = check_node(peer->node, extack);

	if (ret)
		return ret;
	WRITE_ONCE(st->probe, SSI_STREAM_PROBE_NOT);
	ssi_stream_report(st, reason);
	return 0;
}

static struct ssi_link *ssi_secure_open(struct ssi_peer *peer)
{
	return ssi_stream_open(peer, &secure_carrier);
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

static int ssi_secure_listen(struct ssi_node *node)
{
	int ret = 0;

	if (node->transport != SSI_DSM_TRANSPORT_TCP)
		ret = ssi_rdma_ops.listen(node);
	if (node->transport == SSI_DSM_TRANSPORT_RDMA)
		return ret;
	if (ret) {
		node->transport = SSI_DSM_TRANSPORT_TCP;
		pr_info("node %u of cluster %s uses tcp with tls: its address has no RDMA device (error %d)\n",
			node->id, node->cluster, ret);
	}
	ret = ssi_tcp_listen_new(node);
	if (ret)
		ssi_rdma_ops.unlisten(node);
	return ret;
}

static void ssi_secure_unlisten(struct ssi_node *node)
{
	ssi_tcp_listen_stop(node);
	ssi_rdma_ops.unlisten(node);
}

const struct ssi_transport_ops ssi_secure_ops = {
	.name = "tls",
	.listen = ssi_secure_listen,
	.unlisten = ssi_secure_unlisten,
	.open = ssi_secure_open,
	.close = ssi_secure_close,
	.interrupt = ssi_stream_interrupt,
	.send = ssi_stream_send,
	.queued = ssi_stream_queued,
};
