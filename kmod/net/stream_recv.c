// SPDX-License-Identifier: GPL-2.0-only
/*
 * Credits for the messages of the peer, and when they no longer go up.
 */
#include "net/peer.h"
#include "net/stream.h"

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
	return credits;
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
