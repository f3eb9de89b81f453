// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending over one TCP connection: as many messages at once as there are.
 */
#include <linux/mm.h>
#include <net/tcp.h>
#include <net/tls.h>

#include "alloc.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/tcp_conn.h"

/*
 * Messages that one sendmsg takes. Messages that may be deferred are sent when there are
 * so many: the requests of a window of read-ahead leave together, with the UNBLOCKs of
 * the pages before, and their answers come together.
 */
#define OUT_MAX		32
/* A credit message is sent when this many credits are owed. */
#define OWED_MAX	(SSI_TCP_CREDITS / 4)
#define AGAIN_MS	10	/* after a lack of memory */

static bool must_give_credits(const struct ssi_tcp_conn *tc)
{
	return ssi_stream_must_give_credits(&tc->c, OWED_MAX);
}

void ssi_tcp_send_pump(struct ssi_stream_conn *conn)
{
	struct ssi_tcp_conn *tc = ssi_tcp_conn(conn);
	bool must_send = conn->credits && ssi_stream_is_due(conn->st, OUT_MAX);

	if (!tc->batching && (must_send || must_give_credits(tc)))
		ssi_tcp_run_ask(&tc->run);
}

/* Kernel TLS may have records that it has not given to TCP yet. */
static bool tls_has_records(const struct sock *sk)
{
	const struct tls_context *tls = tls_get_ctx(sk);

	if (READ_ONCE(tls->pending_open_record_frags) ||
	    READ_ONCE(tls->partially_sent_record))
		return true;
	return tls->tx_conf == TLS_SW &&
	       !list_empty_careful(&tls_sw_ctx_tx(tls)->tx_list);
}

bool ssi_tcp_send_all_sent(struct ssi_stream_conn *conn)
{
	struct ssi_tcp_conn *tc = ssi_tcp_conn(conn);

	return !READ_ONCE(tc->nr_out) &&
	       !(tc->secured && tls_has_records(tc->sock->sk)) &&
	       tcp_rtx_and_write_queues_empty(tc->sock->sk);
}

/* ---- which messages ---- */

static void queue_credit(struct ssi_tcp_conn *tc)
{
	ssi_stream_encode(tc->c.st, SSI_WIRE_CREDIT, &tc->credit.wire);
	list_add_tail(&tc->credit.list, &tc->out);
	tc->credit_queued = true;
	tc->nr_out++;
}

/* Give back all credits with the next header of which no byte was sent yet. */
static void give_credits(struct ssi_tcp_conn *tc, struct ssi_stream_wait *wait)
{
	wait->wire.credits = cpu_to_le32(ssi_stream_give_credits(&tc->c));
}

/*
 * Move messages from the queue of the link to @tc->out. True if there are more
 * that could be sent now.
 */
static bool collect(struct ssi_tcp_conn *tc)
{
	struct ssi_stream_conn *c = &tc->c;
	struct ssi_stream *st = c->st;
	struct ssi_stream_wait *wait;
	bool due, more;

	spin_lock_irq(&st->lock);
	due = !c->dead && ssi_stream_is_due(st, OUT_MAX);
	while (due && c->credits && tc->nr_out < OUT_MAX &&
	       (wait = ssi_stream_first(st))) {
		ssi_stream_unqueue(st, wait);
		list_add_tail(&wait->list, &tc->out);
		give_credits(tc, wait);
		tc->nr_out++;
		c->credits--;
		st->sent++;
	}
	if (!tc->nr_out && !c->dead && must_give_credits(tc)) {
		queue_credit(tc);
		give_credits(tc, &tc->credit);
	}
	/* Messages that may wait are not behind these at once. */
	more = due && ssi_stream_is_due(st, OUT_MAX) && c->credits &&
	       ssi_stream_first(st);
	ssi_stream_arm_credits(c);
	spin_unlock_irq(&st->lock);
	return more;
}

/* ---- giving them to the socket ---- */

/* The whole of @tc->out except the bytes that were sent before. */
static u32 make_vec(struct ssi_tcp_conn *tc, struct kvec *vec, size_t *bytes)
{
	struct ssi_stream_wait *wait;
	u32 skip = tc->out_done;
	u32 nr = 0;

	*bytes = 0;
	list_for_each_entry(wait, &tc->out, list) {
		struct kvec parts[2] = {
			{ &wait->wire, SSI_STREAM_WIRE_LEN },
			{ wait->page ? page_address(wait->page) : NULL, wait->len },
		};
		u32 i;

		for (i = 0; i < 2; i++) {
			u32 done = min_t(u32, skip, parts[i].iov_len);

			skip -= done;
			if (parts[i].iov_len == done)
				continue;
			vec[nr].iov_base = parts[i].iov_base + done;
			vec[nr].iov_len = parts[i].iov_len - done;
			*bytes += vec[nr++].iov_len;
		}
	}
	return nr;
}

/* The socket has taken @bytes: the messages in them are under way. */
static void count_out(struct ssi_tcp_conn *tc, u32 bytes)
{
	struct ssi_stream *st = tc->c.st;
	struct ssi_stream_wait *wait;
	u32 len;

	tc->out_done += bytes;
	spin_lock_irq(&st->lock);
	while (tc->nr_out) {
		wait = list_first_entry(&tc->out, struct ssi_stream_wait, list);
		len = SSI_STREAM_WIRE_LEN + wait->len;
		if (tc->out_done < len)
			break;
		tc->out_done -= len;
		tc->nr_out--;
		if (wait == &tc->credit) {
			list_del(&wait->list);
			tc->credit_queued = false;
		} else {
			list_move_tail(&wait->list, &tc->flight);
			tc->nr_flight++;
		}
	}
	spin_unlock_irq(&st->lock);
}

static int give_to_socket(struct ssi_tcp_conn *tc, bool more)
{
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0),
	};
	struct kvec vec[2 * OUT_MAX];
	size_t bytes;
	u32 nr;
	int ret;

	if (ssi_alloc_fails(SSI_ALLOC_SEND))
		return -ENOMEM;
	nr = make_vec(tc, vec, &bytes);
	if (tc->secured) {
		ret = kernel_sendmsg(tc->sock, &msg, vec, nr, bytes);
	} else {
		tc->pushing = true;
		ret = kernel_sendmsg_locked(tc->sock->sk, &msg, vec, nr, bytes);
		tc->pushing = false;
	}
	if (ret > 0)
		count_out(tc, ret);
	return ret < 0 || ret == bytes ? ret : -EAGAIN;
}

/* The socket is full, or there is no memory: something tells when to go on. */
static void wait_for_socket(struct ssi_tcp_conn *tc)
{
	if (!tc->sock->sk->sk_wmem_queued)
		queue_delayed_work(ssi_conn_wq, &tc->again,
				   msecs_to_jiffies(AGAIN_MS));
}

void ssi_tcp_send_push(struct ssi_tcp_conn *tc)
{
	bool more = true;
	int ret = 0;

	while (more && ret >= 0) {
		more = collect(tc);
		if (!tc->nr_out)
			return;
		ret = give_to_socket(tc, more);
	}
	if (ret == -EAGAIN)
		wait_for_socket(tc);
	else if (ret < 0 && ret != -EPIPE && ret != -ECONNRESET)
		ssi_stream_fail(&tc->c, SSI_DSM_LINK_DOWN,
				"sending to node %u failed: error %d",
				tc->c.st->link.peer->id, ret);
}

/* ---- what has arrived ---- */

bool ssi_tcp_send_arrived(struct ssi_tcp_conn *tc, u32 credits,
			  struct list_head *arrived)
{
	struct ssi_stream *st = tc->c.st;
	u32 i;

	if (credits > tc->nr_flight || !ssi_stream_credits(&tc->c, credits))
		return false;
	for (i = 0; i < credits; i++)
		list_move_tail(tc->flight.next, arrived);
	tc->nr_flight -= credits;
	st->arrived += credits;
	return true;
}

void ssi_tcp_send_end(struct ssi_tcp_conn *tc)
{
	if (tc->credit_queued) {
		list_del(&tc->credit.list);
		tc->nr_out--;
	}
	list_splice_tail_init(&tc->out, &tc->flight);
	ssi_stream_requeue(tc->c.st, &tc->flight, tc->nr_flight + tc->nr_out);
}
