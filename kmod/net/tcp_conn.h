/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One TCP connection: its data. See the DOC of tcp_conn.c.
 */
#ifndef _SSI_TCP_CONN_H
#define _SSI_TCP_CONN_H

#include <linux/net.h>
#include "net/stream.h"
#include "net/tcp_run.h"

/* The number of credits in our hello. */
#define SSI_TCP_CREDITS		512

/**
 * enum ssi_tcp_step - what a connection that is not ready waits for
 * @SSI_TCP_CONNECTING: the other host, to answer our SYN
 * @SSI_TCP_ASKED: the other node, to answer our hello
 * @SSI_TCP_ANSWERED: the other node, to confirm our answer
 */
enum ssi_tcp_step {
	SSI_TCP_CONNECTING,
	SSI_TCP_ASKED,
	SSI_TCP_ANSWERED,
};

/**
 * struct ssi_tcp_conn - one attempt to connect, then the connection
 * @c: the part that all carriers share
 * @sock: the socket
 * @secured: kernel TLS encrypts what @sock carries. @run runs in a thread
 * @sent_before: @secured: st->sent when the connection began
 * @received_before: @secured: st->received at that time
 * @asked: @secured: how often new keys were asked for; only @run
 * @data_ready: the callback of @sock before ours
 * @state_change: the same
 * @error_report: the same
 * @write_space: the same
 * @step: before @c is ready: what it waits for
 * @have: before @c is ready: bytes of @answer that have arrived
 * @answer: before @c is ready: what the other side sends
 * @credits: accepting side: the credits in the hello of the other side
 * @run: receives and sends all that there is
 * @memory: work that gets memory when @starved
 * @again: work that asks for @run a bit later
 * @batching: @run runs and will send what is queued; protected by st->lock
 * @pushing: @run is in sendmsg, not @secured; protected by the lock of @sock
 * @out: messages of which a part must still be given to @sock; only @run
 * @nr_out: number of entries of @out
 * @out_done: bytes of the first entry that were given to @sock
 * @credit: the CREDIT message, if there is one in @out
 * @credit_queued: it is in @out
 * @flight: messages that were given to @sock and whose credit was not given back,
 *	the oldest first; protected by st->lock
 * @nr_flight: number of entries of @flight; protected by st->lock
 * @head: the header that is being received; only @run uses this and the
 *	fields below, except where stated
 * @head_have: bytes of it that have arrived
 * @rx: the message that is being received, or NULL: the header is not complete
 * @rx_have: bytes of its payload that have arrived
 * @received: struct ssi_rx that are complete and did not go to the client yet
 * @nr_received: number of entries of @received
 * @starved: no memory for the next message: @memory runs, nothing is received
 * @spare: a page for the next message, or NULL; @memory uses it while @starved
 */
struct ssi_tcp_conn {
	struct ssi_stream_conn c;
	struct socket *sock;
	bool secured;
	u64 sent_before;
	u64 received_before;
	u32 asked;
	void (*data_ready)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	void (*error_report)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	enum ssi_tcp_step step;
	u32 have;
	struct ssi_wire_answer answer;
	u32 credits;
	struct ssi_tcp_run run;
	struct work_struct memory;
	struct delayed_work again;
	bool batching;
	bool pushing;
	struct list_head out;
	u32 nr_out;
	u32 out_done;
	struct ssi_stream_wait credit;
	bool credit_queued;
	struct list_head flight;
	u32 nr_flight;
	struct ssi_wire head;
	u32 head_have;
	struct ssi_rx *rx;
	u32 rx_have;
	struct list_head received;
	u32 nr_received;
	bool starved;
	struct page *spare;
};

static inline struct ssi_tcp_conn *ssi_tcp_conn(struct ssi_stream_conn *conn)
{
	return container_of(conn, struct ssi_tcp_conn, c);
}

/* ---- tcp_conn.c: connecting, callbacks of the socket, the end ---- */

extern const struct ssi_carrier ssi_tcp_carrier;
extern const struct ssi_carrier ssi_tcp_secured_carrier;

/**
 * ssi_tcp_conn_accept() - accept a request for a link that has no connection
 * @st: the link
 * @sock: the socket, which the new connection takes over
 * @hello: the hello in the request, checked
 *
 * Context: May sleep, the node's accept_lock held.
 * Return: 0, or a negative errno; then the caller still owns @sock.
 */
int ssi_tcp_conn_accept(struct ssi_stream *st, struct socket *sock,
			const struct ssi_wire_hello *hello);

/**
 * ssi_tcp_conn_begin() - begin an attempt over a connection from user space
 * @st: the link, of the side that connects; it has no attempt
 * @sock: the socket, connected and secured, which the attempt takes over
 *
 * Context: May sleep, the node's accept_lock held.
 * Return: 0, or -ENOMEM; then the caller still owns @sock.
 */
int ssi_tcp_conn_begin(struct ssi_stream *st, struct socket *sock);

/**
 * ssi_tcp_conn_claim() - make a socket from user space the module's
 * @sock: the socket
 *
 * Until ssi_tcp_conn_unclaim() or ssi_tcp_conn_release(), sk_user_data of the socket
 * is never NULL, so it cannot be given to the module a second time.
 *
 * Context: May sleep.
 * Return: false if something in the kernel uses the socket.
 */
bool ssi_tcp_conn_claim(struct socket *sock);

/**
 * ssi_tcp_conn_unclaim() - give a socket back that ssi_tcp_conn_claim() has taken
 * @sock: the socket, without callbacks of the module
 *
 * Context: May sleep.
 */
void ssi_tcp_conn_unclaim(struct socket *sock);

/**
 * ssi_tcp_conn_idle_data() - what sk_user_data is while no callback of ours is set
 * @sock: the socket
 */
static inline void *ssi_tcp_conn_idle_data(struct socket *sock)
{
	return sock->file ? sock->sk : NULL;
}

/**
 * ssi_tcp_conn_release() - release a socket, of the kernel or from user space
 * @sock: the socket
 *
 * Context: May sleep.
 */
void ssi_tcp_conn_release(struct socket *sock);

/**
 * ssi_tcp_conn_is_secured() - whether TLS 1.3 protects both directions of a socket
 * @sock: a TCP socket, locked
 */
bool ssi_tcp_conn_is_secured(const struct socket *sock);

/**
 * ssi_tcp_conn_new_socket() - make a socket that is bound to an address
 * @node: the node whose network namespace it is made in
 * @addr: the address
 * @result: the socket
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_tcp_conn_new_socket(const struct ssi_node *node,
			    const struct sockaddr_storage *addr,
			    struct socket **result);

/**
 * ssi_tcp_conn_say() - send a few bytes over a socket that sends nothing else yet
 * @sock: the socket
 * @data: the bytes
 * @len: number of bytes
 *
 * Context: May sleep, does not wait for the other side.
 * Return: 0 or a negative errno.
 */
int ssi_tcp_conn_say(struct socket *sock, void *data, u32 len);

/**
 * ssi_tcp_conn_hear() - receive a few bytes, as far as they have arrived
 * @sock: the socket
 * @data: the bytes
 * @len: number of bytes
 * @have: how many of them have arrived; changes
 *
 * Context: May sleep, does not wait for the other side.
 * Return: 1 if all have arrived, 0 if not, -ECONNRESET if the other side has
 *	closed the connection, or another negative errno.
 */
int ssi_tcp_conn_hear(struct socket *sock, void *data, u32 len, u32 *have);

/* ---- tcp_listen.c ---- */

/**
 * ssi_tcp_listen_take() - take a connection from user space as a request
 * @node: the node, with security
 * @peer: id of the node at the other end, which it has proved
 * @sock: the socket, connected and secured, which this takes over
 *
 * Context: May sleep, the node's accept_lock held.
 * Return: 0, -EBUSY if too many requests of that node wait, or -ENOMEM; then the
 *	caller still owns @sock.
 */
int ssi_tcp_listen_take(struct ssi_node *node, u32 peer, struct socket *sock);

/**
 * ssi_tcp_listen_new() - make the place where requests wait, without a socket
 * @node: the node, with security
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_tcp_listen_new(struct ssi_node *node);

/**
 * ssi_tcp_listen_stop() - stop the listener, and close all requests
 * @node: the node
 *
 * Context: May sleep.
 */
void ssi_tcp_listen_stop(struct ssi_node *node);

/* ---- tcp_send.c ---- */

/**
 * ssi_tcp_send_push() - give to the socket all that credits and it allow
 * @tc: the connection
 *
 * Context: tc->run, the socket locked unless it is secured.
 */
void ssi_tcp_send_push(struct ssi_tcp_conn *tc);

/**
 * ssi_tcp_send_pump() - see @pump of struct ssi_carrier
 * @conn: the connection
 *
 * Context: Any context, st->lock held.
 */
void ssi_tcp_send_pump(struct ssi_stream_conn *conn);

/**
 * ssi_tcp_send_all_sent() - see @all_sent of struct ssi_carrier
 * @conn: the connection
 *
 * Context: Any context, st->lock held.
 * Return: whether the other host has acknowledged all.
 */
bool ssi_tcp_send_all_sent(struct ssi_stream_conn *conn);

/**
 * ssi_tcp_send_arrived() - the other side gives back credits
 * @tc: the connection
 * @credits: how many: as many of the oldest messages have arrived
 * @arrived: result: these messages, for ssi_stream_free_list()
 *
 * Context: Any context, st->lock held.
 * Return: false if so many messages were not sent.
 */
bool ssi_tcp_send_arrived(struct ssi_tcp_conn *tc, u32 credits,
			  struct list_head *arrived);

/**
 * ssi_tcp_send_end() - put all messages that may not have arrived back
 * @tc: the connection; no callback runs any more
 */
void ssi_tcp_send_end(struct ssi_tcp_conn *tc);

/* ---- tcp_recv.c ---- */

/**
 * ssi_tcp_recv_read() - read messages from the socket into @tc->received
 * @tc: the connection
 *
 * Context: tc->run, the socket locked.
 * Return: whether there may be more.
 */
bool ssi_tcp_recv_read(struct ssi_tcp_conn *tc);

/**
 * ssi_tcp_recv_read_secured() - the same for a secured connection
 * @tc: the connection
 * @error: result: 0, -ECONNRESET if the other side has closed the connection, or
 *	another negative errno; then nothing more arrives
 *
 * Context: tc->run, the socket not locked. May sleep.
 * Return: whether there may be more.
 */
bool ssi_tcp_recv_read_secured(struct ssi_tcp_conn *tc, int *error);

/**
 * ssi_tcp_recv_deliver() - give the messages in @tc->received to the client
 * @tc: the connection
 *
 * Context: tc->run, the socket not locked.
 */
void ssi_tcp_recv_deliver(struct ssi_tcp_conn *tc);

/**
 * ssi_tcp_recv_memory() - get memory for the next message
 * @work: tc->memory
 *
 * Context: Process context, sleeps until there is memory.
 */
void ssi_tcp_recv_memory(struct work_struct *work);

/**
 * ssi_tcp_recv_end() - free what was received and did not go to the client
 * @tc: the connection; no callback runs any more
 */
void ssi_tcp_recv_end(struct ssi_tcp_conn *tc);

#endif /* _SSI_TCP_CONN_H */
