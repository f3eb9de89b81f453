// SPDX-License-Identifier: GPL-2.0-only
/*
 * Credits for the messages of the peer, and when they no longer go up.
 */
#include "net/peer.h"
#include "net/stream.h"

/*
 * A CREDIT message is sent so long after a copy of a page has come. Until its sender has
 * the credit, it has a reference to the page, and can neither drop it nor give it away.
 * Messages that go to the sender meanwhile take the credit with them. But if the sender
 * is not the home of the page, there may be none before the next PING.
 */
#define COPY_CREDIT_NS	(100 * NSEC_PER_USEC)

bool ssi_stream_credits(struct ssi_stream_conn *conn, u32 credits)
{
	lockdep_assert_held(&conn->st->lock);
	if (credits > conn->credits_max - conn->credits)
		return false;
	conn->credits += credits;
	return true;
}

void ssi_stream_broken(struct ssi_stream_conn *conn, const char *how)
{
	conn->rx_stopped = true;
	ssi_stream_fail(conn, SSI_DSM_LINK_LOST, "node %u broke the protocol: %s",
			conn->st->link.peer->id, how);
}

u32 ssi_stream_give_credits(struct ssi_stream_conn *conn)
{
	u32 credits = conn->owed;

	lockdep_assert_held(&conn->st->lock);
	conn->granted += credits;
	conn->owed = 0;
	conn->owes_copy = false;
	conn->credit_due = false;
	return credits;
}

void ssi_stream_owe(struct ssi_stream_conn *conn, u32 nr, bool copy)
{
	lockdep_assert_held(&conn->st->lock);
	conn->owed += nr;
	conn->owes_copy |= copy;
}

bool ssi_stream_must_give_credits(const struct ssi_stream_conn *conn, u32 max)
{
	return conn->owed >= max || conn->credit_due;
}

/*
 * A copy's credit is owed, and no message takes it along: those that wait in the queue
 * of the link will.
 */
static bool is_owed_alone(const struct ssi_stream_conn *conn)
{
	return conn->owes_copy && !conn->st->queued && conn->ready && !conn->dead;
}

void ssi_stream_arm_credits(struct ssi_stream_conn *conn)
{
	lockdep_assert_held(&conn->st->lock);
	if (conn->credit_armed || !is_owed_alone(conn))
		return;
	conn->credit_armed = true;
	hrtimer_start(&conn->credit_timer, ns_to_ktime(COPY_CREDIT_NS),
		      HRTIMER_MODE_REL_SOFT);
}

enum hrtimer_restart ssi_stream_credit_timer(struct hrtimer *timer)
{
	struct ssi_stream_conn *conn = container_of(timer, struct ssi_stream_conn,
						    credit_timer);
	struct ssi_stream *st = conn->st;
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	conn->credit_armed = false;
	if (is_owed_alone(conn)) {
		conn->credit_due = true;
		conn->carrier->pump(conn);
	}
	spin_unlock_irqrestore(&st->lock, flags);
	return HRTIMER_NORESTART;
}

bool ssi_stream_take_credit(struct ssi_stream_conn *conn)
{
	unsigned long flags;
	bool granted;

	spin_lock_irqsave(&conn->st->lock, flags);
	granted = conn->granted;
	conn->granted -= granted;
	spin_unlock_irqrestore(&conn->st->lock, flags);
	if (!granted)
		ssi_stream_broken(conn, "it sends without a credit");
	return granted;
}

bool ssi_stream_rx_stopped(struct ssi_stream_conn *conn)
{
	struct ssi_stream *st = conn->st;

	if (conn->rx_stopped ||
	    READ_ONCE(st->link.state) != SSI_DSM_LINK_LOST)
		return conn->rx_stopped;
	/* Pairs with the order in mark_dead(): dead is set first, then LOST. */
	smp_rmb();
	if (!READ_ONCE(conn->dead)) {
		conn->rx_stopped = true;
		mod_delayed_work(ssi_conn_wq, &st->work, 0);
	}
	return conn->rx_stopped;
}

void ssi_stream_forget(struct ssi_stream *st)
{
	struct ssi_rx *rx, *next;
	unsigned long flags;
	LIST_HEAD(early);

	spin_lock_irqsave(&st->lock, flags);
	list_splice_init(&st->early, &early);
	st->received = 0;
	st->peer_life = 0;
	spin_unlock_irqrestore(&st->lock, flags);
	list_for_each_entry_safe(rx, next, &early, list)
		ssi_rx_free(rx);
}
