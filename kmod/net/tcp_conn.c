// SPDX-License-Identifier: GPL-2.0-only
/*
 * One TCP connection: how it is made, what its socket tells, and its end.
 */

/**
 * DOC: Theory of operation
 *
 * The stream. First the side that connects sends its hello. The other side answers
 * with struct ssi_wire_answer, which is a refusal or a hello, and the first side
 * confirms that with struct ssi_wire_confirm. Then both sides send messages: the
 * 64-byte header, and behind it as many bytes of payload as the header says.
 *
 * Contexts. Before the connection is ready, the link's work does all this, in
 * steps that do not wait: the callbacks of the socket queue the work. After that,
 * the callbacks ask for tc->run, so that no thread must wake up:
 *
 *	packet -> softirq, TCP -> data_ready() -> tc->run, in the same softirq:
 *		read messages from the socket, which is locked
 *		give them to the client; the socket is not locked
 *		send all that is queued; the socket is locked
 *
 * Code that sends only queues its message and asks for tc->run, which runs when
 * that code enables bottom halves again. So the lock of the socket is never
 * taken inside a lock of the engine, and never held while the client is called.
 * And all that one batch of received messages gives rise to leaves together: one
 * sendmsg, and as few packets as its bytes need.
 *
 * The softirq does not own the socket. It holds the spinlock of the socket, as TCP's
 * timers do, and if something owns the socket (a tool that looks at it), it runs
 * again later. All calls are those that do not sleep.
 *
 * TLS. User space makes a secured connection: it does the handshake and gives the keys
 * to kernel TLS (secure.c). Then the socket's own calls decrypt and encrypt. They take a
 * mutex, so tc->run runs in a thread and the socket is not locked around them: one
 * more wake-up for each batch. All else is the same, the hellos too.
 *
 * Pages. A received page is copied once, from the packets to the page that the
 * client gets. A page that is sent is copied once, to the socket's memory: its
 * content can change before TCP has to send it again. If there is no memory for a
 * received message, nothing is read from the socket until there is: then the
 * window of the connection closes and the other side waits.
 *
 * End. The code that detects an error marks the connection dead, and st->work ends
 * it. The socket is closed by RST: what the other side must know has been said by
 * BYE, and our source ports, of which there are few, are free at once. The end of
 * the other side (FIN or RST) counts only when all that arrived before has been
 * read and has gone to the client.
 */

#include <linux/random.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tls.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/tcp_conn.h"

/* ---- a few bytes ---- */

int ssi_tcp_conn_say(struct socket *sock, void *data, u32 len)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec vec = { data, len };
	int ret = kernel_sendmsg(sock, &msg, &vec, 1, len);

	if (ret < 0)
		return ret;
	return ret == len ? 0 : -ENOBUFS;
}

int ssi_tcp_conn_hear(struct socket *sock, void *data, u32 len, u32 *have)
{
	while (*have < len) {
		struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
		struct kvec vec = { data + *have, len - *have };
		int ret = kernel_recvmsg(sock, &msg, &vec, 1, vec.iov_len,
					 MSG_DONTWAIT);

		if (ret == -EAGAIN)
			return 0;
		if (ret <= 0)
			return ret ?: -ECONNRESET;
		*have += ret;
	}
	return 1;
}

/* ---- callbacks of the socket ---- */

/*
 * TCP reads the pointer to a callback before the callback has sk_callback_lock. So
 * each callback checks, with the lock, that it is still the socket's (@is_set): if it
 * is, so is the sk_user_data that was set together with it.
 */
static struct ssi_tcp_conn *ours(const struct sock *sk, bool is_set)
{
	return is_set ? sk->sk_user_data : NULL;
}

/* Something has changed: read, send, or go on with the attempt. */
static void look(struct ssi_tcp_conn *tc)
{
	if (READ_ONCE(tc->c.ready))
		ssi_tcp_run_ask(&tc->run);
	else
		mod_delayed_work(ssi_conn_wq, &tc->c.st->work, 0);
}

static void ssi_tcp_conn_changed(struct sock *sk)
{
	struct ssi_tcp_conn *tc;

	read_lock_bh(&sk->sk_callback_lock);
	tc = ours(sk, sk->sk_state_change == ssi_tcp_conn_changed);
	if (tc)
		look(tc);
	read_unlock_bh(&sk->sk_callback_lock);
}

/* Kernel TLS must see first what has arrived. */
static void ssi_tcp_conn_secured_ready(struct sock *sk)
{
	struct ssi_tcp_conn *tc;

	read_lock_bh(&sk->sk_callback_lock);
	tc = ours(sk, sk->sk_data_ready == ssi_tcp_conn_secured_ready);
	if (tc) {
		tc->data_ready(sk);
		look(tc);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void ssi_tcp_conn_write_space(struct sock *sk)
{
	struct ssi_tcp_conn *tc;

	read_lock_bh(&sk->sk_callback_lock);
	tc = ours(sk, sk->sk_write_space == ssi_tcp_conn_write_space);
	if (tc) {
		tc->write_space(sk);
		if (READ_ONCE(tc->c.ready) && !tc->pushing)
			ssi_tcp_run_ask(&tc->run);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void hook(struct ssi_tcp_conn *tc)
{
	struct sock *sk = tc->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	tc->data_ready = sk->sk_data_ready;
	tc->state_change = sk->sk_state_change;
	tc->error_report = sk->sk_error_report;
	tc->write_space = sk->sk_write_space;
	sk->sk_user_data = tc;
	sk->sk_data_ready = tc->secured ? ssi_tcp_conn_secured_ready :
					  ssi_tcp_conn_changed;
	sk->sk_state_change = ssi_tcp_conn_changed;
	sk->sk_error_report = ssi_tcp_conn_changed;
	sk->sk_write_space = ssi_tcp_conn_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* User space may keep the socket open, and the module be unloaded before it ends. */
static void unhook(struct ssi_tcp_conn *tc)
{
	struct sock *sk = tc->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = ssi_tcp_conn_idle_data(tc->sock);
	sk->sk_data_ready = tc->data_ready;
	sk->sk_state_change = tc->state_change;
	sk->sk_error_report = tc->error_report;
	sk->sk_write_space = tc->write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* ---- receiving and sending ---- */

static bool other_side_closed(const struct sock *sk)
{
	return sk->sk_err || sk->sk_state == TCP_CLOSE ||
	       (sk->sk_shutdown & RCV_SHUTDOWN);
}

static void report_end(struct ssi_tcp_conn *tc, int error)
{
	u32 id = tc->c.st->link.peer->id;

	if (!error || error == EPIPE || error == ECONNRESET)
		ssi_stream_fail(&tc->c, SSI_DSM_LINK_DOWN,
				"the connection was closed by node %u", id);
	else if (error == EBADMSG)
		ssi_stream_fail(&tc->c, SSI_DSM_LINK_DOWN,
				"something on the way to node %u has changed the encrypted data",
				id);
	else
		ssi_stream_fail(&tc->c, SSI_DSM_LINK_DOWN,
				"the connection to node %u failed: error %d",
				id, -error);
}

static void set_batching(struct ssi_tcp_conn *tc, bool batching)
{
	spin_lock_irq(&tc->c.st->lock);
	tc->batching = batching;
	spin_unlock_irq(&tc->c.st->lock);
}

static bool ssi_tcp_conn_run(struct ssi_tcp_run *run)
{
	struct ssi_tcp_conn *tc = container_of(run, struct ssi_tcp_conn, run);
	struct sock *sk = tc->sock->sk;
	bool more, over;

	if (!READ_ONCE(tc->c.ready) || READ_ONCE(tc->c.dead))
		return false;
	bh_lock_sock(sk);
	if (sock_owned_by_user(sk)) {
		bh_unlock_sock(sk);
		queue_delayed_work(ssi_conn_wq, &tc->again, 0);
		return false;
	}
	over = other_side_closed(sk);
	more = ssi_tcp_recv_read(tc);
	if (!list_empty(&tc->received)) {
		bh_unlock_sock(sk);
		set_batching(tc, true);
		ssi_tcp_recv_deliver(tc);
		set_batching(tc, false);
		bh_lock_sock(sk);
	}
	if (!sock_owned_by_user(sk))
		ssi_tcp_send_push(tc);
	else
		more = true;
	bh_unlock_sock(sk);
	if (over && !more && !tc->starved)
		report_end(tc, READ_ONCE(sk->sk_err));
	return more;
}

/* See secure.c. Asks again from time to time until there is another connection. */
static void renew_keys(struct ssi_tcp_conn *tc)
{
	struct ssi_stream *st = tc->c.st;
	/* Negative: @sent goes back at first, to what the other side has received. */
	s64 used = max_t(s64, READ_ONCE(st->sent) - tc->sent_before,
			 READ_ONCE(st->received) - tc->received_before);

	if (!ssi_stream_must_renew(st, used, tc->asked))
		return;
	tc->asked++;
	ssi_stream_renew(st);
}

static bool ssi_tcp_conn_run_secured(struct ssi_tcp_run *run)
{
	struct ssi_tcp_conn *tc = container_of(run, struct ssi_tcp_conn, run);
	int error = 0;
	bool more;

	if (!READ_ONCE(tc->c.ready) || READ_ONCE(tc->c.dead))
		return false;
	more = ssi_tcp_recv_read_secured(tc, &error);
	if (!list_empty(&tc->received)) {
		set_batching(tc, true);
		local_bh_disable();
		ssi_tcp_recv_deliver(tc);
		local_bh_enable();
		set_batching(tc, false);
	}
	/*
	 * The failed read has cleared the error of the socket. If it was one of
	 * sending, bytes that the socket had taken are lost: nothing may follow.
	 */
	if (error) {
		report_end(tc, -error);
		return false;
	}
	ssi_tcp_send_push(tc);
	renew_keys(tc);
	return more;
}

/* Waits until nothing owns the socket. */
static void ssi_tcp_conn_again(struct work_struct *work)
{
	struct ssi_tcp_conn *tc = container_of(to_delayed_work(work),
					       struct ssi_tcp_conn, again);

	lock_sock(tc->sock->sk);
	release_sock(tc->sock->sk);
	ssi_tcp_run_ask(&tc->run);
}

/* ---- the end ---- */

/*
 * The connection is dead, so @run does nothing once it has ended for the first time.
 * The second time is for the code that asked for it meanwhile.
 */
static void ssi_tcp_conn_end(struct ssi_stream_conn *conn)
{
	struct ssi_tcp_conn *tc = ssi_tcp_conn(conn);

	unhook(tc);
	ssi_tcp_run_wait(&tc->run);
	hrtimer_cancel(&conn->defer_timer);
	hrtimer_cancel(&conn->credit_timer);
	cancel_work_sync(&tc->memory);
	cancel_delayed_work_sync(&tc->again);
	ssi_tcp_run_wait(&tc->run);
	ssi_tcp_send_end(tc);
	ssi_tcp_recv_end(tc);
	ssi_tcp_conn_release(tc->sock);
	kfree(tc);
}

/* ---- sockets ---- */

bool ssi_tcp_conn_claim(struct socket *sock)
{
	struct sock *sk = sock->sk;
	bool claimed;

	write_lock_bh(&sk->sk_callback_lock);
	claimed = !sk->sk_user_data;
	if (claimed)
		sk->sk_user_data = ssi_tcp_conn_idle_data(sock);
	write_unlock_bh(&sk->sk_callback_lock);
	return claimed;
}

void ssi_tcp_conn_unclaim(struct socket *sock)
{
	struct sock *sk = sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* User space may still have a descriptor of its socket: end the connection. */
void ssi_tcp_conn_release(struct socket *sock)
{
	sock_no_linger(sock->sk);
	if (sock->file) {
		ssi_tcp_conn_unclaim(sock);
		kernel_sock_shutdown(sock, SHUT_RDWR);
		sockfd_put(sock);
	} else {
		sock_release(sock);
	}
}

bool ssi_tcp_conn_is_secured(const struct socket *sock)
{
	const struct tcp_ulp_ops *ulp = inet_csk(sock->sk)->icsk_ulp_ops;
	const struct tls_context *tls;

	if (!ulp || strcmp(ulp->name, "tls"))
		return false;
	tls = tls_get_ctx(sock->sk);
	return tls->tx_conf != TLS_BASE && tls->rx_conf != TLS_BASE &&
	       tls->crypto_send.info.version == TLS_1_3_VERSION &&
	       tls->crypto_recv.info.version == TLS_1_3_VERSION;
}

int ssi_tcp_conn_new_socket(const struct ssi_node *node,
			    const struct sockaddr_storage *addr,
			    struct socket **result)
{
	struct sockaddr_storage at = *addr;
	struct socket *sock;
	int ret;

	ret = sock_create_kern(node->net, addr->ss_family, SOCK_STREAM,
			       IPPROTO_TCP, &sock);
	if (ret)
		return ret;
	sock_set_reuseaddr(sock->sk);
	ret = kernel_bind(sock, (struct sockaddr *)&at, sizeof(at));
	if (ret)
		sock_release(sock);
	else
		*result = sock;
	return ret;
}

/* ---- making connections ---- */

static struct ssi_tcp_conn *conn_new(struct ssi_stream *st, struct socket *sock)
{
	struct ssi_tcp_conn *tc = kzalloc(sizeof(*tc), GFP_KERNEL);
	bool secured = st->link.peer->node->security;

	if (!tc)
		return NULL;
	ssi_stream_conn_init(&tc->c, st, secured ? &ssi_tcp_secured_carrier :
						   &ssi_tcp_carrier,
			     SSI_TCP_CREDITS);
	tc->sock = sock;
	tc->secured = secured;
	tc->sent_before = st->sent;
	tc->received_before = st->received;
	ssi_tcp_run_set(&tc->run, secured ? ssi_tcp_conn_run_secured :
					    ssi_tcp_conn_run, secured);
	INIT_WORK(&tc->memory, ssi_tcp_recv_memory);
	INIT_DELAYED_WORK(&tc->again, ssi_tcp_conn_again);
	INIT_LIST_HEAD(&tc->out);
	INIT_LIST_HEAD(&tc->flight);
	INIT_LIST_HEAD(&tc->received);
	/*
	 * Softirqs send. So memory for packets must not wait, and must not be the
	 * buffer of the current task, which may be in use for its own socket. A thread
	 * that sends may wait for memory, but not for that of a disk that is a guest's.
	 */
	sock->sk->sk_allocation = secured ? GFP_NOIO : GFP_ATOMIC;
	sock->sk->sk_use_task_frag = false;
	tcp_sock_set_nodelay(sock->sk);
	return tc;
}

/*
 * Connect from a privileged port, which the other side requires
 * (ssi_stream_origin()). The search begins at a random port, because the ports of
 * the last attempts may still be in use.
 */
static int bind_source(const struct ssi_node *node, struct socket **sock)
{
	u32 ports = PROT_SOCK - SSI_STREAM_PORT_FIRST;
	u32 first = get_random_u32() % ports;
	struct sockaddr_storage from = node->addr;
	int ret = -EADDRINUSE;
	u32 i;

	for (i = 0; i < ports && ret == -EADDRINUSE; i++) {
		ssi_stream_set_port(&from, SSI_STREAM_PORT_FIRST +
					   (first + i) % ports);
		ret = ssi_tcp_conn_new_socket(node, &from, sock);
	}
	return ret;
}

static void cannot_connect(struct ssi_tcp_conn *tc, int error)
{
	ssi_stream_cannot_reach(&tc->c, error == -ECONNREFUSED ?
					"no node listens there" : "no connection",
				error);
}

static bool ssi_tcp_conn_connect(struct ssi_stream *st)
{
	struct ssi_peer *peer = st->link.peer;
	struct sockaddr_storage to = peer->addr;
	struct ssi_tcp_conn *tc;
	struct socket *sock;
	int ret;

	if (bind_source(peer->node, &sock))
		return false;
	tc = conn_new(st, sock);
	if (!tc) {
		sock_release(sock);
		return false;
	}
	hook(tc);
	ssi_stream_put_conn(&tc->c);
	ret = kernel_connect(sock, (struct sockaddr *)&to, sizeof(to),
			     O_NONBLOCK);
	if (ret && ret != -EINPROGRESS)
		cannot_connect(tc, ret);
	return true;
}

int ssi_tcp_conn_begin(struct ssi_stream *st, struct socket *sock)
{
	struct ssi_tcp_conn *tc = conn_new(st, sock);

	if (!tc)
		return -ENOMEM;
	hook(tc);
	ssi_stream_put_conn(&tc->c);
	mod_delayed_work(ssi_conn_wq, &st->work, 0);
	return 0;
}

static void answered(struct ssi_tcp_conn *tc)
{
	struct ssi_wire_confirm confirm = {
		.magic = cpu_to_le32(SSI_WIRE_MAGIC),
	};
	u32 refusal = le32_to_cpu(tc->answer.refusal);
	u32 credits;

	if (le32_to_cpu(tc->answer.magic) != SSI_WIRE_MAGIC) {
		ssi_stream_cannot_reach(&tc->c, "it answers as somebody else", 0);
		return;
	}
	if (refusal) {
		ssi_stream_refused(&tc->c, refusal);
		return;
	}
	credits = ssi_stream_answered(&tc->c, &tc->answer.hello,
				      sizeof(tc->answer.hello));
	if (!credits)
		return;
	if (ssi_tcp_conn_say(tc->sock, &confirm, sizeof(confirm)))
		ssi_stream_cannot_reach(&tc->c, "it closed the connection", 0);
	else if (ssi_stream_ready(&tc->c, credits))
		ssi_tcp_run_ask(&tc->run);
}

static void hear_answer(struct ssi_tcp_conn *tc)
{
	int ret = ssi_tcp_conn_hear(tc->sock, &tc->answer, sizeof(tc->answer),
				    &tc->have);

	if (ret > 0)
		answered(tc);
	else if (ret)
		ssi_stream_cannot_reach(&tc->c, "it closed the connection", ret);
}

/* The other node is there: that is all that this attempt was for. */
static void end_probe(struct ssi_tcp_conn *tc)
{
	struct ssi_stream *st = tc->c.st;

	st->probe = SSI_STREAM_PROBED;
	ssi_stream_kill(&tc->c);
	mod_delayed_work(ssi_conn_wq, &st->work, 0);
}

static void say_hello(struct ssi_tcp_conn *tc)
{
	struct sock *sk = tc->sock->sk;
	struct ssi_wire_hello hello;
	int ret = sock_error(sk);

	if (ret) {
		cannot_connect(tc, ret);
		return;
	}
	if (READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
		return;
	if (tc->c.st->probe == SSI_STREAM_PROBE_TCP) {
		end_probe(tc);
		return;
	}
	ssi_stream_hello(tc->c.st, &hello, SSI_TCP_CREDITS);
	ret = ssi_tcp_conn_say(tc->sock, &hello, sizeof(hello));
	if (ret)
		cannot_connect(tc, ret);
	tc->step = SSI_TCP_ASKED;
}

static void hear_confirm(struct ssi_tcp_conn *tc)
{
	struct ssi_wire_confirm *confirm = (void *)&tc->answer;
	int ret = ssi_tcp_conn_hear(tc->sock, confirm, sizeof(*confirm),
				    &tc->have);

	if (!ret)
		return;
	if (ret < 0 || le32_to_cpu(confirm->magic) != SSI_WIRE_MAGIC ||
	    confirm->zero)
		ssi_stream_fail(&tc->c, SSI_DSM_LINK_DOWN,
				"node %u does not confirm its connection",
				tc->c.st->link.peer->id);
	else if (ssi_stream_ready(&tc->c, tc->credits))
		ssi_tcp_run_ask(&tc->run);
}

static void ssi_tcp_conn_step(struct ssi_stream_conn *conn)
{
	struct ssi_tcp_conn *tc = ssi_tcp_conn(conn);

	switch (tc->step) {
	case SSI_TCP_CONNECTING:
		say_hello(tc);
		break;
	case SSI_TCP_ASKED:
		hear_answer(tc);
		break;
	case SSI_TCP_ANSWERED:
		hear_confirm(tc);
		break;
	}
}

static int say_answer(struct ssi_stream *st, struct socket *sock)
{
	struct ssi_wire_answer answer = {
		.magic = cpu_to_le32(SSI_WIRE_MAGIC),
	};

	ssi_stream_hello(st, &answer.hello, SSI_TCP_CREDITS);
	return ssi_tcp_conn_say(sock, &answer, sizeof(answer));
}

/*
 * Once the link has the connection, its work may end it at any time: the other
 * side can close it, or confirm it wrongly, as early as it likes.
 */
int ssi_tcp_conn_accept(struct ssi_stream *st, struct socket *sock,
			const struct ssi_wire_hello *hello)
{
	struct ssi_tcp_conn *tc = conn_new(st, sock);
	int ret;

	if (!tc)
		return -ENOMEM;
	tc->step = SSI_TCP_ANSWERED;
	tc->credits = le32_to_cpu(hello->credits);
	ret = say_answer(st, sock);
	if (ret) {
		kfree(tc);
		return ret;
	}
	hook(tc);
	ssi_stream_put_conn(&tc->c);
	/* The confirmation may have arrived before the callbacks were ours. */
	mod_delayed_work(ssi_conn_wq, &st->work, 0);
	return 0;
}

const struct ssi_carrier ssi_tcp_carrier = {
	.transport = SSI_DSM_TRANSPORT_TCP,
	.connect = ssi_tcp_conn_connect,
	.step = ssi_tcp_conn_step,
	.end = ssi_tcp_conn_end,
	.pump = ssi_tcp_send_pump,
	.all_sent = ssi_tcp_send_all_sent,
};

const struct ssi_carrier ssi_tcp_secured_carrier = {
	.transport = SSI_DSM_TRANSPORT_TCP,
	.step = ssi_tcp_conn_step,
	.end = ssi_tcp_conn_end,
	.pump = ssi_tcp_send_pump,
	.all_sent = ssi_tcp_send_all_sent,
};
