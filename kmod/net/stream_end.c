// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a connection after an error, and the grace period after it.
 */
#include "net/peer.h"
#include "net/stream.h"

static bool link_says(struct ssi_link *link, u32 state, const char *reason)
{
	unsigned long flags;
	bool same;

	spin_lock_irqsave(&link->lock, flags);
	same = link->state == state && !strcmp(link->reason, reason);
	spin_unlock_irqrestore(&link->lock, flags);
	return same;
}

/*
 * A link that was never UP is tried again and again, most of the time with the
 * same result. An equal result raises no event.
 */
static void report_attempt(struct ssi_stream *st, u32 state)
{
	if (!st->active || link_says(&st->link, state, st->reason))
		return;
	ssi_link_change_state(&st->link, SSI_DSM_LINK_CONNECTING, "%s", "");
	ssi_link_change_state(&st->link, state, "%s", st->reason);
}

/*
 * The grace period begins with the interruption. But it goes on if nothing has
 * arrived at the other side since the last one, although messages wait: a link
 * that is connected again and again and carries nothing is lost, too.
 */
static void begin_grace(struct ssi_stream *st)
{
	unsigned long now = jiffies;
	bool idle = !st->queued && st->sent == st->arrived;

	if (idle || st->arrived != st->stuck_at)
		st->grace_end = now + msecs_to_jiffies(st->link.peer->grace_ms);
	st->stuck_at = st->arrived;
	mod_delayed_work(ssi_link_wq, &st->grace,
			 time_after(st->grace_end, now) ? st->grace_end - now : 0);
}

static void report_end(struct ssi_stream *st, u32 state)
{
	struct ssi_link *link = &st->link;

	if ((state == SSI_DSM_LINK_LOST || !link->peer->grace_ms) &&
	    ssi_link_change_state(link, SSI_DSM_LINK_LOST, "%s", st->reason))
		return;
	if (ssi_link_change_state(link, SSI_DSM_LINK_INTERRUPTED, "%s",
				  st->reason))
		begin_grace(st);
	else
		report_attempt(st, state == SSI_DSM_LINK_LOST ?
				   SSI_DSM_LINK_DOWN : state);
}

/*
 * All under st->lock: once st->work sees that the connection is dead, and makes
 * the next one, nothing reports the end of this one any more.
 */
__printf(3, 0)
static void mark_dead(struct ssi_stream_conn *conn, u32 state, const char *fmt,
		      va_list args)
{
	struct ssi_stream *st = conn->st;

	lockdep_assert_held(&st->lock);
	if (conn->dead && (conn->lost || state != SSI_DSM_LINK_LOST))
		return;
	WRITE_ONCE(conn->dead, true);
	conn->lost = state == SSI_DSM_LINK_LOST;
	vscnprintf(st->reason, sizeof(st->reason), fmt, args);
	report_end(st, state);
	wake_up(&conn->progress);
	mod_delayed_work(ssi_conn_wq, &st->work, 0);
}

void ssi_stream_mark_dead(struct ssi_stream_conn *conn, u32 state,
			  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	mark_dead(conn, state, fmt, args);
	va_end(args);
}

void ssi_stream_fail(struct ssi_stream_conn *conn, u32 state, const char *fmt,
		     ...)
{
	struct ssi_stream *st = conn->st;
	unsigned long flags;
	va_list args;

	va_start(args, fmt);
	spin_lock_irqsave(&st->lock, flags);
	mark_dead(conn, state, fmt, args);
	spin_unlock_irqrestore(&st->lock, flags);
	va_end(args);
}

void ssi_stream_report(struct ssi_stream *st, const char *reason)
{
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	if (!st->conn && !ssi_stream_has_begun(st)) {
		strscpy(st->reason, reason, sizeof(st->reason));
		report_attempt(st, SSI_DSM_LINK_DOWN);
	}
	spin_unlock_irqrestore(&st->lock, flags);
}

void ssi_stream_kill(struct ssi_stream_conn *conn)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->st->lock, flags);
	WRITE_ONCE(conn->dead, true);
	spin_unlock_irqrestore(&conn->st->lock, flags);
}

void ssi_stream_interrupt(struct ssi_link *link, const char *reason)
{
	struct ssi_stream *st = ssi_stream(link);
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	if (st->conn && st->conn->ready)
		ssi_stream_mark_dead(st->conn, SSI_DSM_LINK_DOWN, "%s", reason);
	spin_unlock_irqrestore(&st->lock, flags);
}

void ssi_stream_grace(struct work_struct *work)
{
	struct ssi_stream *st = container_of(to_delayed_work(work),
					     struct ssi_stream, grace);
	struct ssi_link *link = &st->link;
	char reason[sizeof(link->reason)];
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	spin_lock(&link->lock);
	strscpy(reason, link->reason, sizeof(reason));
	spin_unlock(&link->lock);
	if (READ_ONCE(link->state) == SSI_DSM_LINK_INTERRUPTED &&
	    time_after_eq(jiffies, st->grace_end)) {
		ssi_link_change_state(link, SSI_DSM_LINK_LOST,
				      "%.75s, and no connection for %u ms",
				      reason, link->peer->grace_ms);
		mod_delayed_work(ssi_conn_wq, &st->work, 0);
	}
	spin_unlock_irqrestore(&st->lock, flags);
}
