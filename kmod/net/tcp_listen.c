// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tcp transport: the listener of a node, and requests that arrive there.
 */

/**
 * DOC: Theory of operation
 *
 * A request is a connection that a listener has accepted, until its hello has
 * arrived. The address that it comes from decides first: a request from an address
 * that no peer has, or from a port that any user may use, is refused without
 * reading its hello. A listener keeps DOOR_MAX requests of each host, each for
 * DOOR_MS at most, and closes all others at once. All that other hosts can make the
 * module keep is that, and no host can use up what is there for another one.
 *
 * The hello is read by a work that does not wait: the callback of the socket queues
 * it. The node's accept_lock is held while requests enter and leave listener->doors
 * and while a hello is judged. Whatever takes a request out of the list, frees it.
 *
 * A node with security has no listening socket. Its requests come from user space,
 * which has proved what node each is from.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/tcp_conn.h"

#define BACKLOG		32
#define DOOR_MAX	16
#define DOOR_MS		2000
#define ANY_NODE	SSI_DSM_MAX_NODES

/**
 * struct ssi_tcp_listener - accepts connections for one node
 * @node: the node
 * @sock: the listening socket, or NULL
 * @data_ready: the callback of @sock before ours
 * @accept: work that accepts connections
 * @doors: struct ssi_tcp_door; protected by node->accept_lock
 */
struct ssi_tcp_listener {
	struct ssi_node *node;
	struct socket *sock;
	void (*data_ready)(struct sock *sk);
	struct work_struct accept;
	struct list_head doors;
};

/**
 * struct ssi_tcp_door - a request whose hello has not arrived yet
 * @list: entry of listener->doors
 * @listener: the listener
 * @sock: the socket
 * @peer: the node that the request is from for certain, or ANY_NODE
 * @data_ready: the callback of @sock before ours
 * @from: the address of the other side
 * @deadline: time in jiffies when the request is closed
 * @work: reads the hello
 * @have: bytes of @hello that have arrived
 * @hello: the hello
 */
struct ssi_tcp_door {
	struct list_head list;
	struct ssi_tcp_listener *listener;
	struct socket *sock;
	u32 peer;
	void (*data_ready)(struct sock *sk);
	struct sockaddr_storage from;
	unsigned long deadline;
	struct delayed_work work;
	u32 have;
	struct ssi_wire_hello hello;
};

/* ---- requests ---- */

static void ssi_tcp_door_ready(struct sock *sk)
{
	struct ssi_tcp_door *door;

	read_lock_bh(&sk->sk_callback_lock);
	door = sk->sk_user_data;
	/* As in tcp_conn.c: is it still this callback? */
	if (door && sk->sk_data_ready == ssi_tcp_door_ready) {
		door->data_ready(sk);
		mod_delayed_work(ssi_conn_wq, &door->work, 0);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void set_callback(struct socket *sock, void (*data_ready)(struct sock *sk),
			 void *data)
{
	struct sock *sk = sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = data_ready;
	sk->sk_user_data = data;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void refuse(struct ssi_node *node, struct socket *sock,
		   const struct sockaddr_storage *from, int refusal)
{
	struct ssi_wire_answer answer = {
		.magic = cpu_to_le32(SSI_WIRE_MAGIC),
		.refusal = cpu_to_le32(refusal),
	};

	if (refusal < 0)
		return;
	pr_warn_ratelimited("node %u of cluster %s refused %pISpc and told it: %s\n",
			    node->id, node->cluster, from,
			    ssi_wire_refusal_text(refusal));
	ssi_tcp_conn_say(sock, &answer, sizeof(answer));
}

static void leave_list(struct ssi_tcp_door *door)
{
	list_del_init(&door->list);
}

static void free_door(struct ssi_tcp_door *door)
{
	if (door->sock)
		ssi_tcp_conn_release(door->sock);
	kfree(door);
}

/* The callback of the door does nothing after this. */
static void end_callback(struct ssi_tcp_door *door)
{
	set_callback(door->sock, door->data_ready,
		     ssi_tcp_conn_idle_data(door->sock));
}

static enum ssi_refusal find_link(const struct ssi_tcp_door *door,
				  struct ssi_link **link)
{
	if (door->peer != ANY_NODE && door->hello.src != door->peer)
		return SSI_REFUSED_SRC;
	return ssi_peer_accept(door->listener->node, &door->hello, link);
}

/*
 * The hello is complete. @door->sock is NULL after if a connection has it. Return: 0, a
 * refusal, or a negative errno: not now.
 */
static int judge(struct ssi_tcp_door *door)
{
	struct ssi_node *node = door->listener->node;
	struct ssi_stream *st;
	struct ssi_link *link;
	int ret;

	end_callback(door);
	ret = find_link(door, &link);
	if (ret == SSI_REFUSED_NOT) {
		st = ssi_stream(link);
		ret = ssi_stream_request(st, &door->hello,
					 door->peer == ANY_NODE ? &door->from :
								  NULL) ?:
		      ssi_tcp_conn_accept(st, door->sock, &door->hello);
	}
	if (ret)
		refuse(node, door->sock, &door->from, ret);
	else
		door->sock = NULL;
	return ret;
}

/*
 * The connection before this one has to end first, which takes a moment. Another
 * handshake would take longer.
 */
static bool comes_again(struct ssi_tcp_door *door, int ret)
{
	if (ret != -EAGAIN || door->peer == ANY_NODE ||
	    time_after_eq(jiffies, door->deadline))
		return false;
	queue_delayed_work(ssi_conn_wq, &door->work, 1);
	return true;
}

static void ssi_tcp_door_work(struct work_struct *work)
{
	struct ssi_tcp_door *door = container_of(to_delayed_work(work),
						 struct ssi_tcp_door, work);
	struct ssi_node *node = door->listener->node;
	int ret = ssi_tcp_conn_hear(door->sock, &door->hello,
				    sizeof(door->hello), &door->have);
	unsigned long now = jiffies;
	bool ours;

	if (!ret && time_before(now, door->deadline)) {
		queue_delayed_work(ssi_conn_wq, &door->work,
				   door->deadline - now);
		return;
	}
	mutex_lock(&node->accept_lock);
	ours = !list_empty(&door->list);
	if (ours && ret > 0)
		ours = !comes_again(door, judge(door));
	else if (ours)
		end_callback(door);
	if (ours)
		leave_list(door);
	mutex_unlock(&node->accept_lock);
	if (!ours)
		return;
	/* The callback may have queued the work before it was taken away. */
	cancel_delayed_work(&door->work);
	free_door(door);
}

/* What the peers of a node allow of an address. */
static enum ssi_refusal check_origin(const struct ssi_node *node,
				     const struct sockaddr_storage *from)
{
	enum ssi_refusal refusal = SSI_REFUSED_ADDR;
	u32 id;

	for (id = 0; id < SSI_DSM_MAX_NODES; id++) {
		const struct ssi_peer *peer = READ_ONCE(node->peers[id]);

		if (!peer)
			continue;
		refusal = ssi_stream_origin(peer, from);
		if (refusal != SSI_REFUSED_ADDR)
			return refusal;
	}
	return refusal;
}

static int open_door(struct ssi_tcp_listener *listener, struct socket *sock,
		     const struct sockaddr_storage *from, u32 peer)
{
	struct ssi_tcp_door *door = kzalloc(sizeof(*door), GFP_KERNEL);

	if (!door)
		return -ENOMEM;
	door->listener = listener;
	door->sock = sock;
	door->peer = peer;
	door->data_ready = sock->sk->sk_data_ready;
	door->from = *from;
	door->deadline = jiffies + msecs_to_jiffies(DOOR_MS);
	INIT_DELAYED_WORK(&door->work, ssi_tcp_door_work);
	list_add_tail(&door->list, &listener->doors);
	set_callback(sock, ssi_tcp_door_ready, door);
	queue_delayed_work(ssi_conn_wq, &door->work, 0);
	return 0;
}

static bool may_wait(const struct ssi_tcp_listener *listener,
		     const struct sockaddr_storage *from)
{
	const struct ssi_tcp_door *door;
	u32 waiting = 0;

	list_for_each_entry(door, &listener->doors, list)
		waiting += ssi_stream_same_host(&door->from, from);
	return waiting < DOOR_MAX;
}

static void take_request(struct ssi_tcp_listener *listener, struct socket *sock)
{
	struct ssi_node *node = listener->node;
	struct sockaddr_storage from = { };
	enum ssi_refusal refusal;

	/* A callback that was inherited from the listener does nothing. */
	set_callback(sock, listener->data_ready, NULL);
	if (kernel_getpeername(sock, (struct sockaddr *)&from) < 0) {
		sock_release(sock);
		return;
	}
	mutex_lock(&node->accept_lock);
	refusal = check_origin(node, &from);
	if (refusal)
		refuse(node, sock, &from, refusal);
	if (refusal || !may_wait(listener, &from) ||
	    open_door(listener, sock, &from, ANY_NODE))
		sock_release(sock);
	mutex_unlock(&node->accept_lock);
}

static void ssi_tcp_listen_accept(struct work_struct *work)
{
	struct ssi_tcp_listener *listener =
		container_of(work, struct ssi_tcp_listener, accept);
	struct socket *sock;

	while (!kernel_accept(listener->sock, &sock, O_NONBLOCK))
		take_request(listener, sock);
}

/* ---- the listener ---- */

/* A socket that is not accepted yet inherits the callback. */
static void ssi_tcp_listen_ready(struct sock *sk)
{
	struct ssi_tcp_listener *listener;

	read_lock_bh(&sk->sk_callback_lock);
	listener = sk->sk_user_data;
	if (listener && sk->sk_data_ready == ssi_tcp_listen_ready &&
	    sk->sk_state == TCP_LISTEN)
		queue_work(ssi_conn_wq, &listener->accept);
	read_unlock_bh(&sk->sk_callback_lock);
}

static struct ssi_tcp_door *take_door(struct ssi_tcp_listener *listener)
{
	struct ssi_node *node = listener->node;
	struct ssi_tcp_door *door;

	mutex_lock(&node->accept_lock);
	door = list_first_entry_or_null(&listener->doors, struct ssi_tcp_door,
					list);
	if (door) {
		leave_list(door);
		end_callback(door);
	}
	mutex_unlock(&node->accept_lock);
	return door;
}

/* The work must end even if requests arrive faster than it takes them. */
static void stop_accepting(struct ssi_tcp_listener *listener)
{
	set_callback(listener->sock, listener->data_ready, NULL);
	kernel_sock_shutdown(listener->sock, SHUT_RDWR);
	cancel_work_sync(&listener->accept);
}

void ssi_tcp_listen_stop(struct ssi_node *node)
{
	struct ssi_tcp_listener *listener = node->tcp_listener;
	struct ssi_tcp_door *door;

	if (!listener)
		return;
	if (listener->sock)
		stop_accepting(listener);
	while ((door = take_door(listener))) {
		cancel_delayed_work_sync(&door->work);
		free_door(door);
	}
	if (listener->sock)
		sock_release(listener->sock);
	node->tcp_listener = NULL;
	kfree(listener);
}

int ssi_tcp_listen_new(struct ssi_node *node)
{
	struct ssi_tcp_listener *listener = kzalloc(sizeof(*listener),
						    GFP_KERNEL);

	if (!listener)
		return -ENOMEM;
	listener->node = node;
	INIT_LIST_HEAD(&listener->doors);
	INIT_WORK(&listener->accept, ssi_tcp_listen_accept);
	node->tcp_listener = listener;
	return 0;
}

int ssi_tcp_listen_take(struct ssi_node *node, u32 peer, struct socket *sock)
{
	struct ssi_tcp_listener *listener = node->tcp_listener;
	struct sockaddr_storage from = { };
	int ret;

	ret = kernel_getpeername(sock, (struct sockaddr *)&from);
	if (ret < 0)
		return ret;
	if (!may_wait(listener, &from))
		return -EBUSY;
	return open_door(listener, sock, &from, peer);
}

static int ssi_tcp_listen_start(struct ssi_node *node)
{
	struct ssi_tcp_listener *listener;
	int ret;

	ret = ssi_tcp_listen_new(node);
	if (ret)
		return ret;
	listener = node->tcp_listener;
	ret = ssi_tcp_conn_new_socket(node, &node->addr, &listener->sock);
	if (ret) {
		ssi_tcp_listen_stop(node);
		return ret;
	}
	listener->data_ready = listener->sock->sk->sk_data_ready;
	set_callback(listener->sock, ssi_tcp_listen_ready, listener);
	ret = kernel_listen(listener->sock, BACKLOG);
	if (ret)
		ssi_tcp_listen_stop(node);
	return ret;
}

/* ---- operations ---- */

static struct ssi_link *ssi_tcp_listen_open(struct ssi_peer *peer)
{
	return ssi_stream_open(peer, &ssi_tcp_carrier);
}

const struct ssi_transport_ops ssi_tcp_ops = {
	.name = "tcp",
	.listen = ssi_tcp_listen_start,
	.unlisten = ssi_tcp_listen_stop,
	.open = ssi_tcp_listen_open,
	.close = ssi_stream_close,
	.interrupt = ssi_stream_interrupt,
	.send = ssi_stream_send,
	.queued = ssi_stream_queued,
};
