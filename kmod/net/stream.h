/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A link that outlives its connections: what the transports that connect hosts
 * share. See the DOC of stream_life.c.
 */
#ifndef _SSI_STREAM_H
#define _SSI_STREAM_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "net/transport.h"

struct socket;
struct ssi_stream;
struct ssi_stream_conn;

/* Messages that can wait for credits when the allocator has no memory. */
#define SSI_STREAM_RESERVE	512
/*
 * Messages that can wait for credits at all. All but hints are requests, answers
 * to requests, and messages of programs. A node has few requests under way at a
 * time: its CPUs and read-ahead wait for them. So if this many messages wait,
 * the other side asks for more and more and does not take the answers.
 */
#define SSI_STREAM_QUEUE_MAX	65536

#define SSI_STREAM_KEY_LEN	32	/* bytes of the key of a handshake */

#define SSI_STREAM_WIRE_LEN	((u32)sizeof(struct ssi_wire))

#define SSI_STREAM_PORT_FIRST	512	/* source ports: from here to 1023 */

/**
 * struct ssi_stream_wait - a message in a queue
 * @list: entry of st->queue, or of a list of the carrier
 * @wire: header
 * @page: payload, with a page reference, or NULL
 * @len: number of bytes of @page
 */
struct ssi_stream_wait {
	struct list_head list;
	struct ssi_wire wire;
	struct page *page;
	u32 len;
};

/**
 * struct ssi_carrier - how a connection carries messages
 * @transport: enum ssi_dsm_transport
 * @connect: begin to connect: make a connection and give it to
 *	ssi_stream_put_conn(). False if there is no memory. May sleep, in st->work.
 *	NULL: the connections of a link with security do not say how the next one is made
 * @step: go on with an attempt that is not ready; NULL: events do that. May
 *	sleep, in st->work
 * @must_stay: the connection cannot be ended just now; NULL: it always can
 * @end: tear a connection down and free it. The connection is dead. After the
 *	return no callback of it runs, and the messages whose arrival is not
 *	certain are back at the head of st->queue. May sleep
 * @pump: send all of the queue that credits allow. Any context, st->lock held
 * @can_post: another message can be sent; NULL: one always can. Any context,
 *	st->lock held
 * @post: send a message at once, past the queue, which is empty; there is a
 *	credit, and @can_post says yes. NULL: all messages go to the queue. Any
 *	context, st->lock held
 * @all_sent: all messages have arrived at the other host. st->lock held
 */
struct ssi_carrier {
	u32 transport;
	bool (*connect)(struct ssi_stream *st);
	void (*step)(struct ssi_stream_conn *conn);
	bool (*must_stay)(struct ssi_stream_conn *conn);
	void (*end)(struct ssi_stream_conn *conn);
	void (*pump)(struct ssi_stream_conn *conn);
	bool (*can_post)(struct ssi_stream_conn *conn);
	void (*post)(struct ssi_stream_conn *conn, const struct ssi_wire *msg,
		     struct page *page, u32 len);
	bool (*all_sent)(struct ssi_stream_conn *conn);
};

/**
 * enum ssi_stream_probe - transport auto: what the next attempt is
 * @SSI_STREAM_PROBE_NOT: none
 * @SSI_STREAM_PROBE_TCP: a TCP connection that says whether the other node is there
 * @SSI_STREAM_PROBED: rdma: the other node is there
 * @SSI_STREAM_PROBE_FAILED: tcp: rdma has failed
 */
enum ssi_stream_probe {
	SSI_STREAM_PROBE_NOT,
	SSI_STREAM_PROBE_TCP,
	SSI_STREAM_PROBED,
	SSI_STREAM_PROBE_FAILED,
};

/**
 * struct ssi_stream - all of a link that outlives a connection
 * @link: the part that all transports share
 * @carrier: of the next attempt to connect
 * @probe: transport auto: what the next attempt is; only @work uses it
 * @active: this node connects, because the other node has the lower id
 * @closing: close() has begun: @work does nothing, no request is accepted
 * @wants_next: with security: the keys have been used for long, and user space was
 *	asked for @next
 * @next: with security: a connection with new keys, which takes over when the
 *	present one has ended, or NULL; protected by the node's accept_lock
 * @key: with security over rdma: the key of a handshake with the other node;
 *	protected by @lock
 * @has_key: @key is there; protected by @lock
 * @life: a random number, not 0, that tells this link from earlier ones of the
 *	same node ids
 * @lock: protects the fields below except @rdma_mtu, and the fields of connections
 *	that name it; taken in any context, inside the locks of the callers, outside
 *	@link.lock
 * @conn: the attempt or connection, NULL between attempts
 * @reason: why the last connection ended
 * @peer_life: @life of the other side, 0 if no connection was made yet
 * @queue: struct ssi_stream_wait, first in, first out
 * @queued: number of entries of @queue
 * @flush: an entry of @queue must not be deferred
 * @waits: memory pool of the entries of @queue
 * @sent: number of messages that were sent, or are at the head of @queue because
 *	the connection ended before it was known whether they arrived
 * @arrived: how many of them have arrived for certain
 * @received: number of messages that have arrived here, CREDIT not counted
 * @early: struct ssi_rx that have arrived before the connection was ready
 * @rdma_mtu: limit of rdma's packets (enum ib_mtu), because the other side's
 *	network allows no longer ones; 0: none
 * @stuck_at: @arrived when the link was interrupted last
 * @grace_end: time in jiffies when a link that is INTERRUPTED is lost
 * @grace: work that loses the link then
 * @work: makes the next attempt, goes on with it, reaps a dead connection
 */
struct ssi_stream {
	struct ssi_link link;
	const struct ssi_carrier *carrier;
	enum ssi_stream_probe probe;
	bool active;
	bool closing;
	struct socket *next;
	bool wants_next;
	u8 key[SSI_STREAM_KEY_LEN];
	bool has_key;
	u32 life;
	spinlock_t lock;	/* see above */
	struct ssi_stream_conn *conn;
	char reason[128];
	u32 peer_life;
	struct list_head queue;
	u32 queued;
	bool flush;
	mempool_t *waits;
	u64 sent;
	u64 arrived;
	u64 received;
	struct list_head early;
	u32 rdma_mtu;
	u64 stuck_at;
	unsigned long grace_end;
	struct delayed_work grace;
	struct delayed_work work;
};

/**
 * struct ssi_stream_conn - one attempt to connect, then the connection; embedded
 *	in the carrier's
 * @st: the link that it belongs to
 * @carrier: how it carries messages
 * @deadline: time in jiffies when an attempt that is not @ready is given up
 * @ready: both sides agreed, so messages are sent; protected by st->lock
 * @dead: the connection failed or was given up, nothing is sent any more;
 *	protected by st->lock
 * @lost: the reason of @dead means the end of the link; protected by st->lock
 * @rx_stopped: received messages no longer go to the client; only the code that
 *	receives uses it
 * @credits: messages that the other side takes; protected by st->lock
 * @credits_max: the value of @credits at the beginning; protected by st->lock
 * @granted: messages that the other side may still send; protected by st->lock
 * @owed: messages that were received, but whose credit was not given back yet;
 *	protected by st->lock
 * @owes_copy: one of the messages whose credit is owed was a copy of a page;
 *	protected by st->lock
 * @credit_due: what is owed goes back at once; protected by st->lock
 * @credit_armed: @credit_timer is running; protected by st->lock
 * @credit_timer: sets @credit_due
 * @defer_armed: @defer_timer is running; protected by st->lock
 * @defer_timer: sends the deferred messages of st->queue
 * @progress: wait queue, woken when messages have arrived or @dead is set
 */
struct ssi_stream_conn {
	struct ssi_stream *st;
	const struct ssi_carrier *carrier;
	unsigned long deadline;
	bool ready;
	bool dead;
	bool lost;
	bool rx_stopped;
	u32 credits;
	u32 credits_max;
	u32 granted;
	u32 owed;
	bool owes_copy;
	bool credit_due;
	bool credit_armed;
	struct hrtimer credit_timer;
	bool defer_armed;
	struct hrtimer defer_timer;
	wait_queue_head_t progress;
};

static inline struct ssi_stream *ssi_stream(struct ssi_link *link)
{
	return container_of(link, struct ssi_stream, link);
}

/**
 * ssi_stream_has_begun() - whether messages that must not be lost can be under way
 * @st: the link
 *
 * Context: Any context.
 * Return: true if the link is UP or INTERRUPTED.
 */
static inline bool ssi_stream_has_begun(const struct ssi_stream *st)
{
	u32 state = READ_ONCE(st->link.state);

	return state == SSI_DSM_LINK_UP || state == SSI_DSM_LINK_INTERRUPTED;
}

/* ---- stream_life.c: attempts, connections, and the end of the link ---- */

/**
 * ssi_stream_open() - see @open of struct ssi_transport_ops
 * @peer: the peer
 * @carrier: how to connect
 *
 * Context: May sleep.
 * Return: the link or ERR_PTR().
 */
struct ssi_link *ssi_stream_open(struct ssi_peer *peer,
				 const struct ssi_carrier *carrier);

/**
 * ssi_stream_close() - see @close of struct ssi_transport_ops
 * @link: the link, which is freed
 *
 * Context: May sleep.
 */
void ssi_stream_close(struct ssi_link *link);

/**
 * ssi_stream_conn_init() - initialise the common part of a connection
 * @conn: the connection, all zero
 * @st: the link
 * @carrier: of the connection
 * @credits: number of messages that the other side may send at first
 */
void ssi_stream_conn_init(struct ssi_stream_conn *conn, struct ssi_stream *st,
			  const struct ssi_carrier *carrier, u32 credits);

/**
 * ssi_stream_put_conn() - set the attempt of a link that has none
 * @conn: the attempt, which the link's work or close() ends
 *
 * Context: May sleep; st->work, or the node's accept_lock held.
 */
void ssi_stream_put_conn(struct ssi_stream_conn *conn);

/**
 * ssi_stream_hello() - make the hello of a link
 * @st: the link; it has no connection that is ready
 * @hello: result
 * @credits: number of messages that the other side may send at first
 */
void ssi_stream_hello(const struct ssi_stream *st, struct ssi_wire_hello *hello,
		      u32 credits);

/**
 * ssi_stream_request() - whether a hello may make a connection of a link
 * @st: the link
 * @hello: the hello, checked by ssi_peer_accept()
 * @from: the address that it comes from; NULL: the other side has proved who it is
 *
 * Context: May sleep, the node's accept_lock held.
 * Return: 0, an enum ssi_refusal, or a negative errno that means "try again
 *	later".
 */
int ssi_stream_request(struct ssi_stream *st, const struct ssi_wire_hello *hello,
		       const struct sockaddr_storage *from);

/**
 * ssi_stream_origin() - whether a request comes from where the peer is
 * @peer: the peer
 * @from: the address that the request comes from
 *
 * Return: SSI_REFUSED_NOT, or the reason of the refusal.
 */
enum ssi_refusal ssi_stream_origin(const struct ssi_peer *peer,
				   const struct sockaddr_storage *from);

/**
 * ssi_stream_same_host() - whether two addresses are the same, ports aside
 * @a: an address
 * @b: an address
 */
bool ssi_stream_same_host(const struct sockaddr_storage *a,
			  const struct sockaddr_storage *b);

/**
 * ssi_stream_set_port() - set the port of an address
 * @addr: the address
 * @port: the port
 */
void ssi_stream_set_port(struct sockaddr_storage *addr, u16 port);

/**
 * ssi_stream_answered() - the other side accepted our request with a hello
 * @conn: the attempt
 * @hello: its hello, @len bytes
 * @len: length of @hello
 *
 * Context: Any context.
 * Return: the credits of the hello, or 0: then the attempt has failed.
 */
u32 ssi_stream_answered(struct ssi_stream_conn *conn,
			const struct ssi_wire_hello *hello, u32 len);

/**
 * ssi_stream_refused() - the other side refused our request
 * @conn: the attempt, which fails
 * @refusal: the reason, any value
 *
 * Context: Any context.
 */
void ssi_stream_refused(struct ssi_stream_conn *conn, u32 refusal);

/**
 * ssi_stream_cannot_reach() - an attempt fails before the other side answers
 * @conn: the attempt
 * @what: what failed
 * @error: a number that tells more, or 0
 *
 * Context: Any context.
 */
void ssi_stream_cannot_reach(struct ssi_stream_conn *conn, const char *what,
			     int error);

/**
 * ssi_stream_ready() - begin to use a connection that both sides agreed on
 * @conn: the connection
 * @credits: the credits that the other side granted
 *
 * The link goes UP, and sends are accepted.
 *
 * Context: Any context. Takes st->lock.
 * Return: false if the connection is dead.
 */
bool ssi_stream_ready(struct ssi_stream_conn *conn, u32 credits);

/**
 * ssi_stream_may_begin() - whether a link needs a connection from user space
 * @st: the link
 *
 * Context: May sleep, the node's accept_lock held.
 * Return: true if this side connects and there is neither an attempt nor a
 *	connection.
 */
bool ssi_stream_may_begin(struct ssi_stream *st);

/**
 * ssi_stream_may_renew() - whether a connection from user space may replace another
 * @st: the link
 *
 * Context: May sleep, the node's accept_lock held.
 * Return: true if this side connects, has asked for a connection, the link is UP and
 *	may be interrupted, and there is no @next yet.
 */
bool ssi_stream_may_renew(struct ssi_stream *st);

/**
 * ssi_stream_set_key() - set or wipe the key of a handshake
 * @st: the link
 * @key: the key, or NULL: there is none
 *
 * Context: Any context. Takes st->lock.
 */
void ssi_stream_set_key(struct ssi_stream *st, const u8 *key);

/**
 * ssi_stream_get_key() - copy the key of a handshake
 * @st: the link
 * @key: result; not changed if there is none
 *
 * Context: Any context. Takes st->lock.
 * Return: whether there is one.
 */
bool ssi_stream_get_key(struct ssi_stream *st, u8 *key);

/**
 * ssi_stream_must_renew() - whether user space must be asked for new keys
 * @st: the link
 * @used: messages in one direction with the present keys
 * @asked: how often it was asked for others in place of these keys
 *
 * Context: Any context.
 * Return: true on the side that connects when the keys have been used for long.
 */
bool ssi_stream_must_renew(const struct ssi_stream *st, s64 used, u32 asked);

/**
 * ssi_stream_renew() - ask user space for a connection with new keys
 * @st: the link
 *
 * Context: May sleep.
 */
void ssi_stream_renew(struct ssi_stream *st);

/* ---- stream_end.c: the end of a connection after an error ---- */

/**
 * ssi_stream_fail() - end a connection because of an error
 * @conn: the connection
 * @state: LOST: the link must not continue either. DOWN or REFUSED: it may; this
 *	is the new state of a link that was never UP, on the side that connects
 * @fmt: the reason, one sentence
 *
 * A link that is UP goes to INTERRUPTED, or to LOST if it must not continue or
 * if the peer has no grace period. Only the first call for a connection has an
 * effect, and the first one with LOST. st->work reaps the connection.
 *
 * Context: Any context. Takes st->lock and the lock of the link.
 */
__printf(3, 4)
void ssi_stream_fail(struct ssi_stream_conn *conn, u32 state, const char *fmt,
		     ...);

/**
 * ssi_stream_report() - say why user space has no connection for a link
 * @st: the link
 * @reason: the reason, one sentence
 *
 * It is the reason of a link that was never UP, if this side connects.
 *
 * Context: Any context. Takes st->lock and the lock of the link.
 */
void ssi_stream_report(struct ssi_stream *st, const char *reason);

/**
 * ssi_stream_mark_dead() - ssi_stream_fail() for callers with st->lock
 * @conn: the connection
 * @state: as for ssi_stream_fail()
 * @fmt: the reason, one sentence
 *
 * Context: Any context, st->lock held.
 */
__printf(3, 4)
void ssi_stream_mark_dead(struct ssi_stream_conn *conn, u32 state,
			  const char *fmt, ...);

/**
 * ssi_stream_kill() - mark a connection dead without a change of the link
 * @conn: the connection
 *
 * Nothing is sent after this.
 *
 * Context: Any context.
 */
void ssi_stream_kill(struct ssi_stream_conn *conn);

/**
 * ssi_stream_interrupt() - see @interrupt of struct ssi_transport_ops
 * @link: the link
 * @reason: the reason, one sentence
 *
 * Context: Any context. Takes st->lock and the lock of the link.
 */
void ssi_stream_interrupt(struct ssi_link *link, const char *reason);

/**
 * ssi_stream_grace() - lose a link that was INTERRUPTED for too long
 * @work: st->grace
 *
 * Context: Process context.
 */
void ssi_stream_grace(struct work_struct *work);

/* ---- stream_send.c: the queue, and credits for messages to the peer ---- */

/**
 * ssi_stream_send_init() - make the queue of a link
 * @st: the link
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_stream_send_init(struct ssi_stream *st);

/**
 * ssi_stream_send_exit() - free the queue of a link and all messages in it
 * @st: the link; it has no connection
 */
void ssi_stream_send_exit(struct ssi_stream *st);

/**
 * ssi_stream_send() - see @send of struct ssi_transport_ops
 * @link: the link
 * @msg: the header
 * @page: the payload, or NULL; its reference is consumed, also on error
 * @len: number of bytes of @page
 * @defer_ns: the message may be deferred for this many ns
 *
 * Context: Any context, never sleeps.
 * Return: 0, or -ENOTCONN if the link is neither UP nor INTERRUPTED.
 */
int ssi_stream_send(struct ssi_link *link, const struct ssi_wire *msg,
		    struct page *page, u32 len, u64 defer_ns);

/**
 * ssi_stream_queued() - see @queued of struct ssi_transport_ops
 * @link: the link
 *
 * Context: Any context.
 * Return: the number of messages.
 */
u32 ssi_stream_queued(const struct ssi_link *link);

/**
 * ssi_stream_encode() - write a message of the link itself
 * @st: the link
 * @type: SSI_WIRE_CREDIT or SSI_WIRE_BYE
 * @wire: set to the message
 *
 * Context: Any context.
 */
void ssi_stream_encode(const struct ssi_stream *st, u32 type,
		       struct ssi_wire *wire);

/**
 * ssi_stream_first() - the first message of the queue
 * @st: the link
 *
 * Context: Any context, st->lock held.
 * Return: the message, or NULL.
 */
struct ssi_stream_wait *ssi_stream_first(struct ssi_stream *st);

/**
 * ssi_stream_unqueue() - take the first message out of the queue
 * @st: the link
 * @wait: the message
 *
 * Context: Any context, st->lock held.
 */
void ssi_stream_unqueue(struct ssi_stream *st, struct ssi_stream_wait *wait);

/**
 * ssi_stream_free_wait() - free an entry of the queue, but keep its page
 * @st: the link
 * @wait: the message, not in the queue any more
 *
 * Context: Any context.
 */
void ssi_stream_free_wait(struct ssi_stream *st, struct ssi_stream_wait *wait);

/**
 * ssi_stream_requeue() - put messages back at the head of the queue
 * @st: the link
 * @waits: the messages
 * @nr: number of them
 *
 * Context: Any context. Takes st->lock.
 */
void ssi_stream_requeue(struct ssi_stream *st, struct list_head *waits, u32 nr);

/**
 * ssi_stream_free_list() - free messages and drop their pages
 * @st: the link
 * @waits: the messages
 *
 * Context: Any context.
 */
void ssi_stream_free_list(struct ssi_stream *st, struct list_head *waits);

/**
 * ssi_stream_is_due() - whether messages of the queue must be sent now
 * @st: the link
 * @batch: of the carrier: how many messages make a full batch
 *
 * They must when one that must not be deferred is queued, or when there is a full
 * batch.
 *
 * Context: Any context, st->lock held.
 */
bool ssi_stream_is_due(const struct ssi_stream *st, u32 batch);

/**
 * ssi_stream_kick() - send all that credits allow
 * @conn: the connection
 *
 * To be called after credits have arrived or have become owed.
 *
 * Context: Any context. Takes st->lock.
 */
void ssi_stream_kick(struct ssi_stream_conn *conn);

/**
 * ssi_stream_timer() - send the deferred messages
 * @timer: conn->defer_timer
 *
 * Context: Softirq.
 * Return: HRTIMER_NORESTART.
 */
enum hrtimer_restart ssi_stream_timer(struct hrtimer *timer);

/**
 * ssi_stream_resume() - continue after the last message that has arrived
 * @st: the link; it has no connection that sends
 * @received: the number of messages that the other side says it has received
 *
 * The messages after that are sent again over the next connection.
 *
 * Context: Any context. Takes st->lock.
 * Return: false if the number is impossible: fewer messages than have arrived
 *	for certain, or more than were sent.
 */
bool ssi_stream_resume(struct ssi_stream *st, u64 received);

/**
 * ssi_stream_drop() - drop all messages that wait; the link is lost
 * @st: the link
 *
 * Context: Any context. Takes st->lock.
 */
void ssi_stream_drop(struct ssi_stream *st);

/**
 * ssi_stream_bye() - tell the other side that this one closes the link
 * @conn: the connection
 *
 * All messages before are delivered first, if the peer is alive and takes them
 * soon.
 *
 * Context: May sleep.
 */
void ssi_stream_bye(struct ssi_stream_conn *conn);

/* ---- stream_recv.c: credits for messages of the peer, and their way up ---- */

/**
 * ssi_stream_credits() - the other side gives back credits
 * @conn: the connection
 * @credits: how many
 *
 * Context: Any context, st->lock held.
 * Return: false if these are more than it took: that breaks the protocol.
 */
bool ssi_stream_credits(struct ssi_stream_conn *conn, u32 credits);

/**
 * ssi_stream_owe() - messages were received, and the next ones can come
 * @conn: the connection
 * @nr: how many
 * @copy: one of them is a copy of a page, which its sender keeps until it has the
 *	credit
 *
 * Context: Any context, st->lock held.
 */
void ssi_stream_owe(struct ssi_stream_conn *conn, u32 nr, bool copy);

/**
 * ssi_stream_must_give_credits() - whether credits must go back without a message
 * @conn: the connection
 * @max: of the carrier: so many are too many to owe
 *
 * Context: Any context, st->lock held.
 */
bool ssi_stream_must_give_credits(const struct ssi_stream_conn *conn, u32 max);

/**
 * ssi_stream_arm_credits() - make sure that the credit of a copy goes back soon
 * @conn: the connection
 *
 * To be called when the carrier has sent all that it can. Messages that go to the
 * sender take the credit with them; if there is none for 100 us, @pump of the carrier is
 * called, and ssi_stream_must_give_credits() is true.
 *
 * Context: Any context, st->lock held.
 */
void ssi_stream_arm_credits(struct ssi_stream_conn *conn);

/* The function of conn->credit_timer. */
enum hrtimer_restart ssi_stream_credit_timer(struct hrtimer *timer);

/**
 * ssi_stream_give_credits() - give back all credits that are owed, in a message
 * @conn: the connection
 *
 * Context: Any context, st->lock held.
 * Return: how many, for the header of the message.
 */
u32 ssi_stream_give_credits(struct ssi_stream_conn *conn);

/**
 * ssi_stream_take_credit() - the other side uses a credit for a message
 * @conn: the connection
 *
 * Context: Any context. Takes st->lock.
 * Return: false if it has none; then the link is lost.
 */
bool ssi_stream_take_credit(struct ssi_stream_conn *conn);

/**
 * ssi_stream_rx_stopped() - whether received messages must be dropped
 * @conn: the connection
 *
 * If an upper layer set the link to LOST, receive is stopped, and st->work ends
 * the connection so that the other side notices. If the connection itself
 * failed, the messages that the other side sent before still go to the client.
 *
 * Context: The code that receives.
 */
bool ssi_stream_rx_stopped(struct ssi_stream_conn *conn);

/**
 * ssi_stream_broken() - the other side broke the protocol: lose the link
 * @conn: the connection
 * @how: what it did
 *
 * Context: The code that receives. Takes st->lock.
 */
void ssi_stream_broken(struct ssi_stream_conn *conn, const char *how);

/**
 * ssi_stream_forget() - forget the other side and the messages from it
 * @st: the link; it was never UP, or it is being freed
 *
 * Context: Any context. Takes st->lock.
 */
void ssi_stream_forget(struct ssi_stream *st);

#endif /* _SSI_STREAM_H */
