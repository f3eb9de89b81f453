// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving over one TCP connection: messages from the bytes of a stream.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <net/inet_connection_sock.h>
#include <net/tcp.h>

#include "alloc.h"
#include "net/node.h"
#include "net/peer.h"
#include "net/tcp_conn.h"

/* Messages that are read before they go to the client. */
#define READ_MAX	64

static void broken(struct ssi_tcp_conn *tc, const char *how)
{
	ssi_stream_broken(&tc->c, how);
}

static void refuse_message(struct ssi_tcp_conn *tc)
{
	tc->c.rx_stopped = true;
	ssi_stream_fail(&tc->c, SSI_DSM_LINK_LOST,
			"node %u sent a malformed message",
			tc->c.st->link.peer->id);
}

/* ---- credits ---- */

static bool take_credits(struct ssi_tcp_conn *tc, u32 credits)
{
	struct ssi_stream *st = tc->c.st;
	LIST_HEAD(arrived);
	bool legal;

	if (!credits)
		return true;
	spin_lock_irq(&st->lock);
	legal = ssi_tcp_send_arrived(tc, credits, &arrived);
	spin_unlock_irq(&st->lock);
	ssi_stream_free_list(st, &arrived);
	return legal;
}

static void take_credit_message(struct ssi_tcp_conn *tc)
{
	u32 credits = le32_to_cpu(tc->head.credits);

	tc->head_have = 0;
	if (!credits || tc->head.len || !take_credits(tc, credits))
		broken(tc, "bad credit message");
	else
		WRITE_ONCE(tc->c.st->link.last_rx, jiffies);
}

/* ---- from the socket ---- */

static struct page *take_page(struct ssi_tcp_conn *tc)
{
	struct page *page = tc->spare;

	tc->spare = NULL;
	return page ?: ssi_alloc_page_for(tc->c.st->link.peer->node->payer,
					  GFP_ATOMIC | __GFP_NOWARN);
}

/* False if there is no memory. */
static bool make_rx(struct ssi_tcp_conn *tc, u32 len)
{
	struct ssi_rx *rx = ssi_rx_alloc(tc->c.st->link.peer->rx_pool,
					 GFP_ATOMIC | __GFP_NOWARN);

	if (!rx)
		return false;
	if (len) {
		rx->page = take_page(tc);
		if (!rx->page) {
			ssi_rx_free(rx);
			return false;
		}
	}
	rx->wire = tc->head;
	rx->len = len;
	tc->rx = rx;
	tc->rx_have = 0;
	return true;
}

static void finish_rx(struct ssi_tcp_conn *tc)
{
	list_add_tail(&tc->rx->list, &tc->received);
	tc->nr_received++;
	tc->rx = NULL;
	tc->head_have = 0;
}

/* The header is complete. */
static void begin_message(struct ssi_tcp_conn *tc)
{
	u32 len = le32_to_cpu(tc->head.len);

	if (tc->head.type == SSI_WIRE_CREDIT) {
		take_credit_message(tc);
	} else if (len > SSI_WIRE_PAYLOAD_MAX) {
		refuse_message(tc);
	} else if (!make_rx(tc, len)) {
		WRITE_ONCE(tc->starved, true);
		queue_work(ssi_conn_wq, &tc->memory);
	} else if (!len) {
		finish_rx(tc);
	}
}

static bool may_read(const struct ssi_tcp_conn *tc)
{
	return !tc->c.rx_stopped && !tc->starved &&
	       tc->nr_received < READ_MAX;
}

/* Where the next bytes go, and how many may. */
static void *next_bytes(struct ssi_tcp_conn *tc, u32 *len)
{
	if (!tc->rx) {
		*len = SSI_STREAM_WIRE_LEN - tc->head_have;
		return (u8 *)&tc->head + tc->head_have;
	}
	*len = tc->rx->len - tc->rx_have;
	return page_address(tc->rx->page) + tc->rx_have;
}

/* @len bytes are there. */
static void took_bytes(struct ssi_tcp_conn *tc, u32 len)
{
	if (!tc->rx) {
		tc->head_have += len;
		if (tc->head_have == SSI_STREAM_WIRE_LEN)
			begin_message(tc);
	} else {
		tc->rx_have += len;
		if (tc->rx_have == tc->rx->len)
			finish_rx(tc);
	}
}

/* Take some of the @len bytes that are @at in @skb, at least one. */
static u32 take_bytes(struct ssi_tcp_conn *tc, struct sk_buff *skb, u32 at,
		      u32 len)
{
	u32 n;
	void *to = next_bytes(tc, &n);

	n = min(n, len);
	skb_copy_bits(skb, at, to, n);
	took_bytes(tc, n);
	return n;
}

static int ssi_tcp_recv_take(read_descriptor_t *desc, struct sk_buff *skb,
			     unsigned int offset, size_t len)
{
	struct ssi_tcp_conn *tc = desc->arg.data;
	u32 done = 0;

	while (done < len && may_read(tc))
		done += take_bytes(tc, skb, offset + done, len - done);
	return done;
}

/* False if there is no memory. */
static bool begin_read(struct ssi_tcp_conn *tc)
{
	if (smp_load_acquire(&tc->starved))	/* pairs with recv_memory() */
		return false;
	/* The header for which there was no memory. */
	if (!tc->rx && tc->head_have == SSI_STREAM_WIRE_LEN)
		begin_message(tc);
	return true;
}

/*
 * Two short messages in a row, as UNBLOCK and the next request, make TCP acknowledge
 * them as soon as they are read, by a segment of its own. The answer carries the same
 * acknowledgment; if there is none, TCP's timer sends it.
 */
static void leave_ack_to_answer(struct sock *sk)
{
	inet_csk(sk)->icsk_ack.pending &= ~ICSK_ACK_PUSHED2;
}

bool ssi_tcp_recv_read(struct ssi_tcp_conn *tc)
{
	read_descriptor_t desc = { .arg.data = tc, .count = 1 };

	if (!begin_read(tc))
		return false;
	leave_ack_to_answer(tc->sock->sk);
	if (may_read(tc))
		tcp_read_sock(tc->sock->sk, &desc, ssi_tcp_recv_take);
	return tc->nr_received >= READ_MAX;
}

/*
 * Kernel TLS decrypts whole records and keeps what is not taken. tcp_read_sock()
 * would read the encrypted bytes, and only newer kernels have a read_sock() of TLS.
 * Records that are no data (alerts, new keys) make recvmsg() fail, since we have no
 * room for their type: nothing sends them once the module has the socket.
 */
static int read_bytes(struct ssi_tcp_conn *tc)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec vec;
	u32 len;
	int ret;

	vec.iov_base = next_bytes(tc, &len);
	vec.iov_len = len;
	ret = kernel_recvmsg(tc->sock, &msg, &vec, 1, len, MSG_DONTWAIT);
	if (ret > 0)
		took_bytes(tc, ret);
	return ret ?: -ECONNRESET;
}

bool ssi_tcp_recv_read_secured(struct ssi_tcp_conn *tc, int *error)
{
	int ret = 1;

	if (!begin_read(tc))
		return false;
	while (ret > 0 && may_read(tc))
		ret = read_bytes(tc);
	if (ret < 0 && ret != -EAGAIN)
		*error = ret;
	return tc->nr_received >= READ_MAX;
}

/* Nothing reads from the socket while @starved, so nothing else uses @spare. */
void ssi_tcp_recv_memory(struct work_struct *work)
{
	struct ssi_tcp_conn *tc = container_of(work, struct ssi_tcp_conn,
					       memory);
	struct mem_cgroup *payer = tc->c.st->link.peer->node->payer;

	do {
		if (READ_ONCE(tc->c.dead))
			return;
		/* Nothing is read, so silence says nothing of the other side. */
		WRITE_ONCE(tc->c.st->link.last_rx, jiffies);
		ssi_alloc_pause();
		if (!tc->spare)
			tc->spare = ssi_alloc_page_for(payer, GFP_KERNEL);
	} while (!tc->spare);
	smp_store_release(&tc->starved, false);	/* pairs with recv_read() */
	ssi_tcp_run_ask(&tc->run);
}

/* ---- to the client ---- */

/*
 * The credits that all messages in @tc->received give back. @copy: set if one is the
 * copy of a page that its sender keeps.
 */
static u64 sum_credits(struct ssi_tcp_conn *tc, bool *copy)
{
	struct ssi_rx *rx;
	u64 sum = 0;

	list_for_each_entry(rx, &tc->received, list) {
		sum += le32_to_cpu(rx->wire.credits);
		*copy |= rx->wire.type == SSI_WIRE_DATAS;
	}
	return sum;
}

/*
 * Account for @tc->received, all at once: the lock would be taken for each message
 * otherwise. Return: how many of them may go to the client.
 */
static u32 account(struct ssi_tcp_conn *tc)
{
	struct ssi_stream_conn *c = &tc->c;
	bool copy = false;
	u64 credits = sum_credits(tc, &copy);
	u32 nr;

	if (ssi_stream_rx_stopped(c))
		return 0;
	if (credits > U32_MAX || !take_credits(tc, credits)) {
		broken(tc, "more credits given back than taken");
		return 0;
	}
	spin_lock_irq(&c->st->lock);
	nr = min(tc->nr_received, c->granted);
	c->granted -= nr;
	ssi_stream_owe(c, nr, copy);
	c->st->received += nr;
	spin_unlock_irq(&c->st->lock);
	return nr;
}

void ssi_tcp_recv_deliver(struct ssi_tcp_conn *tc)
{
	u32 nr = account(tc), legal = nr;
	struct ssi_rx *rx, *next;

	list_for_each_entry_safe(rx, next, &tc->received, list) {
		list_del_init(&rx->list);
		if (nr && !ssi_stream_rx_stopped(&tc->c)) {
			nr--;
			ssi_link_recv(&tc->c.st->link, rx);
		} else {
			ssi_rx_free(rx);
		}
	}
	if (legal < tc->nr_received && !tc->c.rx_stopped)
		broken(tc, "it sends without a credit");
	tc->nr_received = 0;
}

void ssi_tcp_recv_end(struct ssi_tcp_conn *tc)
{
	struct ssi_rx *rx, *next;

	list_for_each_entry_safe(rx, next, &tc->received, list)
		ssi_rx_free(rx);
	if (tc->rx)
		ssi_rx_free(tc->rx);
	if (tc->spare)
		__free_page(tc->spare);
}
