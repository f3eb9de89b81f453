// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a link over connections: attempts, hellos, refusals, the end.
 */

/**
 * DOC: Theory of operation
 *
 * A link has at most one struct ssi_stream_conn at a time: first it is an attempt
 * to connect, then it is the connection. The node with the higher id connects.
 * Its request contains a hello. The other side refuses it for a reason, or
 * accepts it with a hello of its own; then both sides are UP. How requests and
 * hellos travel is the carrier's business.
 *
 * An attempt can fail, the other node can refuse it, or no answer arrives
 * before the deadline. Then st->work reaps the attempt and begins another one
 * after RETRY_MS. Meanwhile the link keeps its state and its reason, so that
 * the same event is not sent twice a second.
 *
 * If the connection of a link that is UP ends, the link is INTERRUPTED and the
 * same steps make another connection, sooner. The hellos then say which
 * messages have arrived: a connection delivers messages in order, so one number
 * is enough, st->received. A carrier keeps each message until it is certain that
 * it has arrived, that is, that the other side has counted it. When the
 * connection ends, the messages that are left go back to the head of st->queue.
 * ssi_stream_resume() drops those of them that the other side has received; the
 * rest is sent again. Messages that are sent while there is no connection wait in
 * st->queue, too. CREDIT messages are not counted and not sent again, because
 * each connection begins with new credits.
 *
 * The link goes to LOST and stays there if it cannot be continued, if the other
 * side has said BYE, or if st->grace finds the link still INTERRUPTED at the end
 * of the grace period. A link whose upper layer sets it to LOST says BYE before
 * its connection ends.
 *
 * Credits. The hello grants the other side a number of messages. Each message
 * takes one credit. The receiver gives the credit back, in the credits field of a
 * message in the other direction, when it can take another message. If there is
 * no message in the other direction, a message of type CREDIT is sent once so
 * many credits are owed. A node that sends without a credit, or gives back more
 * credits than it took, breaks the protocol. If the queue of messages that have
 * no credit grows beyond SSI_STREAM_QUEUE_MAX, the other side does not take its
 * messages and the link is lost.
 *
 * A message for which no node waits may be deferred: it stays in st->queue until
 * a message that must not be deferred is queued, until there is a full batch, or
 * until the timer expires.
 *
 * Ownership. Two places store st->conn: the link's work (on the side that
 * connects; with security netlink, since there the work only asks for a connection)
 * and the node's listener (on the side that accepts). Two places tear
 * the connection down, clear st->conn and free it: the link's work and close().
 * The work never runs twice at the same time. close() sets st->closing under the
 * node's accept_lock and waits for the work before it clears st->conn. Other code
 * never frees anything: it marks the connection dead, which queues the work.
 *
 * A request can arrive for a link that still has an attempt, or from the same
 * life of the other node for a link that is UP. Then the other node has given up
 * that attempt or connection. The link's work reaps it, and the request is
 * rejected without a reason, so that the other node tries again.
 *
 * Locks, outermost first: ssi_config_lock, node->accept_lock, st->lock.
 */

#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "net/node.h"
#include "net/peer.h"
#include "net/stream.h"

#define RETRY_MS	500
#define ANSWER_MS	4000	/* limit of an attempt, connecting side */
/* The same for a link that is interrupted: programs wait for it. */
#define RETRY_SOON_MS	100
#define ANSWER_SOON_MS	2500
#define ACCEPT_MS	10000	/* the same limit, accepting side */
#define STAY_MS		1000	/* close() */
#define REKEY_MIN	64u

static unsigned int rekey = 1 << 23;
module_param(rekey, uint, 0644);
MODULE_PARM_DESC(rekey, "Messages in one direction after which a connection with security is replaced by one with new keys");

#define IMPOSSIBLE \
	"node %u broke the protocol: it has received other messages than were sent"

void ssi_stream_set_port(struct sockaddr_storage *addr, u16 port)
{
	if (addr->ss_family == AF_INET6)
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)addr)->sin_port = htons(port);
}

void ssi_stream_hello(const struct ssi_stream *st, struct ssi_wire_hello *hello,
		      u32 credits)
{
	const struct ssi_peer *peer = st->link.peer;

	ssi_wire_hello_encode(hello, peer->node->cluster_hash, peer->node->id,
			      peer->id, credits);
	ssi_wire_hello_continue(hello, st->life, st->peer_life, st->received);
}

/* ---- the side that connects ---- */

void ssi_stream_cannot_reach(struct ssi_stream_conn *conn, const char *what,
			     int error)
{
	const struct ssi_peer *peer = conn->st->link.peer;

	ssi_stream_fail(conn, SSI_DSM_LINK_DOWN,
			"cannot reach node %u at %pISpc: %s (%d)", peer->id,
			&peer->addr, what, error);
}

void ssi_stream_refused(struct ssi_stream_conn *conn, u32 refusal)
{
	struct ssi_stream *st = conn->st;
	u32 state = SSI_DSM_LINK_REFUSED;

	if (ssi_stream_has_begun(st) && refusal != SSI_REFUSED_BUSY &&
	    refusal != SSI_REFUSED_MTU)
		state = SSI_DSM_LINK_LOST;
	else if (refusal == SSI_REFUSED_LIFE)
		ssi_stream_forget(st);
	ssi_stream_fail(conn, state, "refused by %pISpc: %s",
			&st->link.peer->addr, ssi_wire_refusal_text(refusal));
}

/*
 * The node that accepted our request has our number of messages. Take its
 * number.
 */
static bool continue_link(struct ssi_stream_conn *conn,
			  const struct ssi_wire_hello *hello)
{
	struct ssi_stream *st = conn->st;
	u32 life = le32_to_cpu(hello->life);
	u32 id = st->link.peer->id;

	if (st->peer_life && st->peer_life != life) {
		ssi_stream_fail(conn, SSI_DSM_LINK_LOST, "node %u has restarted",
				id);
		return false;
	}
	if (!ssi_stream_resume(st, le64_to_cpu(hello->received))) {
		ssi_stream_fail(conn, SSI_DSM_LINK_LOST, IMPOSSIBLE, id);
		return false;
	}
	st->peer_life = life;
	return true;
}

u32 ssi_stream_answered(struct ssi_stream_conn *conn,
			const struct ssi_wire_hello *hello, u32 len)
{
	const struct ssi_peer *peer = conn->st->link.peer;
	u32 credits;

	if (ssi_wire_hello_check(hello, len, peer->node->cluster_hash,
				 peer->node->id) != SSI_REFUSED_NOT ||
	    hello->src != peer->id) {
		ssi_stream_cannot_reach(conn, "it answers as somebody else", 0);
		return 0;
	}
	credits = le32_to_cpu(hello->credits);
	if (!credits || credits > U16_MAX) {
		ssi_stream_cannot_reach(conn, "it grants an impossible number of credits",
					credits);
		return 0;
	}
	return continue_link(conn, hello) ? credits : 0;
}

/* ---- the side that accepts ---- */

/* A link-local address is one host's only together with the interface. */
static bool same_ipv6(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
	return ipv6_addr_equal(&a->sin6_addr, &b->sin6_addr) &&
	       (a->sin6_scope_id == b->sin6_scope_id || !a->sin6_scope_id ||
		!b->sin6_scope_id);
}

bool ssi_stream_same_host(const struct sockaddr_storage *a,
			  const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return same_ipv6((const struct sockaddr_in6 *)a,
				 (const struct sockaddr_in6 *)b);
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
	       ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

static u16 port_of(const struct sockaddr_storage *addr)
{
	return ntohs(addr->ss_family == AF_INET6 ?
		     ((const struct sockaddr_in6 *)addr)->sin6_port :
		     ((const struct sockaddr_in *)addr)->sin_port);
}

/*
 * The source address must be the peer's, and only a privileged program of that
 * host can use the source port. A program that can merely reach our port must
 * not become a member of the cluster.
 */
enum ssi_refusal ssi_stream_origin(const struct ssi_peer *peer,
				   const struct sockaddr_storage *from)
{
	if (!ssi_stream_same_host(from, &peer->addr))
		return SSI_REFUSED_ADDR;
	if (port_of(from) >= PROT_SOCK)
		return SSI_REFUSED_PORT;
	return SSI_REFUSED_NOT;
}

/*
 * There is a connection or an attempt already, but the other side must have
 * given it up, if it is the same as before.
 */
static int replace_conn(struct ssi_stream *st,
			const struct ssi_wire_hello *hello)
{
	struct ssi_stream_conn *conn = st->conn;

	lockdep_assert_held(&st->lock);
	if (!conn->ready) {
		conn->deadline = jiffies;
		mod_delayed_work(ssi_conn_wq, &st->work, 0);
		return -EAGAIN;
	}
	if (!conn->dead && (le32_to_cpu(hello->life) != st->peer_life ||
			    !st->link.peer->grace_ms))
		return SSI_REFUSED_BUSY;
	ssi_stream_mark_dead(conn, SSI_DSM_LINK_DOWN,
			     "node %u has given up the connection",
			     st->link.peer->id);
	return -EAGAIN;
}

/* No connection exists. Check that the hello continues what was there before. */
static enum ssi_refusal check_life(struct ssi_stream *st,
				   const struct ssi_wire_hello *hello)
{
	u32 life = le32_to_cpu(hello->life);
	u32 id = st->link.peer->id;

	if (st->peer_life && st->peer_life != life) {
		if (ssi_link_change_state(&st->link, SSI_DSM_LINK_LOST,
					  "node %u has restarted", id))
			return SSI_REFUSED_LOST;
		ssi_stream_forget(st);
	}
	if (!ssi_stream_resume(st, le64_to_cpu(hello->received)))
		return ssi_link_change_state(&st->link, SSI_DSM_LINK_LOST,
					     IMPOSSIBLE, id) ?
		       SSI_REFUSED_LOST : SSI_REFUSED_LIFE;
	st->peer_life = life;
	return SSI_REFUSED_NOT;
}

int ssi_stream_request(struct ssi_stream *st, const struct ssi_wire_hello *hello,
		       const struct sockaddr_storage *from)
{
	u32 credits = le32_to_cpu(hello->credits);
	u32 our_life = le32_to_cpu(hello->peer_life);
	enum ssi_refusal refusal;
	unsigned long flags;
	int ret = 0;

	lockdep_assert_held(&st->link.peer->node->accept_lock);
	if (st->active)
		return SSI_REFUSED_SRC;
	refusal = from ? ssi_stream_origin(st->link.peer, from) : SSI_REFUSED_NOT;
	if (refusal)
		return refusal;
	if (!credits || credits > U16_MAX)
		return SSI_REFUSED_MAGIC;
	if (READ_ONCE(st->link.state) == SSI_DSM_LINK_LOST)
		return SSI_REFUSED_LOST;
	if (our_life && our_life != st->life)
		return SSI_REFUSED_LIFE;
	if (st->closing)
		return SSI_REFUSED_BUSY;
	spin_lock_irqsave(&st->lock, flags);
	if (st->conn)
		ret = replace_conn(st, hello);
	spin_unlock_irqrestore(&st->lock, flags);
	return ret ?: (int)check_life(st, hello);
}

/* ---- connections ---- */

void ssi_stream_conn_init(struct ssi_stream_conn *conn, struct ssi_stream *st,
			  const struct ssi_carrier *carrier, u32 credits)
{
	conn->st = st;
	conn->carrier = carrier;
	conn->granted = credits;
	init_waitqueue_head(&conn->progress);
	hrtimer_init(&conn->defer_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	conn->defer_timer.function = ssi_stream_timer;
	hrtimer_init(&conn->credit_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	conn->credit_timer.function = ssi_stream_credit_timer;
}

/* Run the work when the attempt is over, if nothing runs it before. */
static void await_deadline(struct ssi_stream *st, struct ssi_stream_conn *conn)
{
	unsigned long now = jiffies, deadline = READ_ONCE(conn->deadline);

	queue_delayed_work(ssi_conn_wq, &st->work,
			   time_after(deadline, now) ? deadline - now + 1 : 0);
}

static unsigned int answer_ms(struct ssi_stream *st)
{
	if (!st->active)
		return ACCEPT_MS;
	return ssi_stream_has_begun(st) ? ANSWER_SOON_MS : ANSWER_MS;
}

void ssi_stream_put_conn(struct ssi_stream_conn *conn)
{
	struct ssi_stream *st = conn->st;
	unsigned long flags;

	conn->deadline = jiffies + msecs_to_jiffies(answer_ms(st));
	spin_lock_irqsave(&st->lock, flags);
	st->conn = conn;
	/* After the lock is dropped the work may free the connection. */
	await_deadline(st, conn);
	spin_unlock_irqrestore(&st->lock, flags);
}

bool ssi_stream_ready(struct ssi_stream_conn *conn, u32 credits)
{
	struct ssi_stream *st = conn->st;
	unsigned long flags;
	bool ready;

	spin_lock_irqsave(&st->lock, flags);
	ready = !conn->dead;
	if (ready) {
		if (conn->carrier->connect)
			st->carrier = conn->carrier;
		WRITE_ONCE(st->link.transport, conn->carrier->transport);
		WRITE_ONCE(conn->ready, true);
		conn->credits = credits;
		conn->credits_max = credits;
		st->flush = st->queued;
		/* Illegal if the link was lost meanwhile. */
		if (!ssi_link_change_state(&st->link, SSI_DSM_LINK_UP, "%s", ""))
			mod_delayed_work(ssi_conn_wq, &st->work, 0);
	}
	spin_unlock_irqrestore(&st->lock, flags);
	return ready;
}

/*
 * The connection stays in st->conn until all that it has received is counted,
 * and all that it has sent is back in the queue: only then may the next one
 * begin.
 */
static void reap_conn(struct ssi_stream *st)
{
	struct ssi_stream_conn *conn = READ_ONCE(st->conn);
	unsigned long flags;

	ssi_stream_kill(conn);
	conn->carrier->end(conn);
	spin_lock_irqsave(&st->lock, flags);
	st->conn = NULL;
	spin_unlock_irqrestore(&st->lock, flags);
}

/* The messages that wait are delivered before if the peer is alive. */
static void say_bye(struct ssi_stream_conn *conn)
{
	if (READ_ONCE(conn->ready) && !READ_ONCE(conn->dead))
		ssi_stream_bye(conn);
}

/*
 * Only the link's work and close() clear st->conn, and they never run at the
 * same time.
 */
static bool is_over(struct ssi_stream_conn *conn)
{
	if (!READ_ONCE(conn->ready) && !READ_ONCE(conn->dead) &&
	    time_after_eq(jiffies, READ_ONCE(conn->deadline)))
		ssi_stream_cannot_reach(conn, "no answer", -ETIMEDOUT);
	return READ_ONCE(conn->dead);
}

static bool must_stay(struct ssi_stream_conn *conn)
{
	return conn->carrier->must_stay && conn->carrier->must_stay(conn);
}

/* close() cannot wait for long. */
static void wait_until_over(struct ssi_stream_conn *conn)
{
	unsigned long end = jiffies + msecs_to_jiffies(STAY_MS);

	while (must_stay(conn) && time_before(jiffies, end))
		msleep(RETRY_SOON_MS);
}

/*
 * User space may have brought a connection, or there is one to begin with. Not if a
 * connection has to stay for a while.
 */
static bool can_go_on(const struct ssi_stream *st)
{
	const struct ssi_stream_conn *conn = READ_ONCE(st->conn);

	if (conn)
		return !READ_ONCE(conn->dead) &&
		       READ_ONCE(st->link.state) != SSI_DSM_LINK_LOST;
	return READ_ONCE(st->next) ||
	       (READ_ONCE(st->has_key) && READ_ONCE(st->wants_next));
}

static void retry_later(struct ssi_stream *st)
{
	unsigned int ms = ssi_stream_has_begun(st) ? RETRY_SOON_MS : RETRY_MS;

	mod_delayed_work(ssi_conn_wq, &st->work,
			 can_go_on(st) ? 0 : msecs_to_jiffies(ms));
}

/* Nothing that waits is sent any more; only the other side is told. */
static void end_lost_link(struct ssi_stream *st)
{
	ssi_stream_drop(st);
	if (!READ_ONCE(st->conn))
		return;
	if (must_stay(st->conn))
		return retry_later(st);
	say_bye(st->conn);
	reap_conn(st);
	ssi_stream_drop(st);
}

/* User space may have brought the connection that @connect has asked it for. */
static void begin_attempt(struct ssi_stream *st)
{
	if (st->carrier->connect(st))
		return;
	retry_later(st);
}

bool ssi_stream_may_begin(struct ssi_stream *st)
{
	lockdep_assert_held(&st->link.peer->node->accept_lock);
	return st->active && !st->closing && !READ_ONCE(st->conn) &&
	       READ_ONCE(st->link.state) != SSI_DSM_LINK_LOST;
}

bool ssi_stream_may_renew(struct ssi_stream *st)
{
	lockdep_assert_held(&st->link.peer->node->accept_lock);
	return st->active && !st->closing && !st->next &&
	       READ_ONCE(st->wants_next) &&
	       st->link.peer->grace_ms && ssi_link_is_up(&st->link);
}

void ssi_stream_set_key(struct ssi_stream *st, const u8 *key)
{
	unsigned long flags;

	spin_lock_irqsave(&st->lock, flags);
	WRITE_ONCE(st->has_key, key);
	if (key)
		memcpy(st->key, key, sizeof(st->key));
	else
		memzero_explicit(st->key, sizeof(st->key));
	spin_unlock_irqrestore(&st->lock, flags);
}

bool ssi_stream_get_key(struct ssi_stream *st, u8 *key)
{
	unsigned long flags;
	bool has;

	spin_lock_irqsave(&st->lock, flags);
	has = st->has_key;
	if (has)
		memcpy(key, st->key, sizeof(st->key));
	spin_unlock_irqrestore(&st->lock, flags);
	return has;
}

bool ssi_stream_must_renew(const struct ssi_stream *st, s64 used, u32 asked)
{
	s64 limit = max(READ_ONCE(rekey), REKEY_MIN);

	return st->active && used >= limit + asked * (limit / 8);
}

void ssi_stream_renew(struct ssi_stream *st)
{
	WRITE_ONCE(st->wants_next, true);
	ssi_link_want(&st->link);
}

/* The work ran early, or the attempt has come further. */
static void go_on(struct ssi_stream *st, struct ssi_stream_conn *conn)
{
	if (conn->carrier->step)
		conn->carrier->step(conn);
	if (!READ_ONCE(conn->ready))
		await_deadline(st, conn);
}

static void ssi_stream_work(struct work_struct *work)
{
	struct ssi_stream *st = container_of(to_delayed_work(work),
					     struct ssi_stream, work);
	struct ssi_stream_conn *conn = READ_ONCE(st->conn);

	if (READ_ONCE(st->closing))
		return;
	if (READ_ONCE(st->link.state) == SSI_DSM_LINK_LOST) {
		end_lost_link(st);
	} else if (!conn) {
		if (st->active)
			begin_attempt(st);
	} else if (is_over(conn)) {
		if (!must_stay(conn))
			reap_conn(st);
		retry_later(st);
	} else if (!READ_ONCE(conn->ready)) {
		go_on(st, conn);
	}
}

/* ---- operations ---- */

struct ssi_link *ssi_stream_open(struct ssi_peer *peer,
				 const struct ssi_carrier *carrier)
{
	struct ssi_stream *st = kzalloc(sizeof(*st), GFP_KERNEL);
	int ret;

	if (!st)
		return ERR_PTR(-ENOMEM);
	ret = ssi_stream_send_init(st);
	if (ret) {
		kfree(st);
		return ERR_PTR(ret);
	}
	st->carrier = carrier;
	st->active = peer->node->id > peer->id;
	st->life = get_random_u32() | 1;	/* not 0 */
	st->stuck_at = U64_MAX;
	spin_lock_init(&st->lock);
	INIT_LIST_HEAD(&st->early);
	INIT_DELAYED_WORK(&st->work, ssi_stream_work);
	INIT_DELAYED_WORK(&st->grace, ssi_stream_grace);
	ssi_link_init(&st->link, peer->node->ops, peer);
	ssi_link_change_state(&st->link, SSI_DSM_LINK_CONNECTING,
			      st->active ? "connecting to node %u at %pISpc" :
					   "waiting for node %u at %pISpc to connect",
			      peer->id, &peer->addr);
	queue_delayed_work(ssi_conn_wq, &st->work, 0);
	return &st->link;
}

/*
 * After this function has set @closing and has waited for the work, only
 * close() touches st->conn.
 */
static void stop_making_conns(struct ssi_stream *st)
{
	struct ssi_node *node = st->link.peer->node;

	mutex_lock(&node->accept_lock);
	WRITE_ONCE(st->closing, true);
	mutex_unlock(&node->accept_lock);
	cancel_delayed_work_sync(&st->work);
}

void ssi_stream_close(struct ssi_link *link)
{
	struct ssi_stream *st = ssi_stream(link);
	struct ssi_stream_conn *conn;

	stop_making_conns(st);
	conn = READ_ONCE(st->conn);
	if (conn) {
		if (ssi_link_is_up(link))
			say_bye(conn);
		wait_until_over(conn);
		reap_conn(st);
	}
	/*
	 * Callbacks could queue these works until the connection ended. Now they
	 * would do nothing: cancel them.
	 */
	cancel_delayed_work_sync(&st->grace);
	cancel_delayed_work_sync(&st->work);
	ssi_link_fini(link);
	ssi_stream_forget(st);
	ssi_stream_send_exit(st);
	kfree_sensitive(st);
}
