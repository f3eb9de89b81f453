/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The coherence protocol: one page, N nodes, node 0 its first home.
 *
 * Theory of operation
 *
 * The decisions of nodes and home are not written here: step() and plan() come
 * from tables.pml, which tables.c prints from the module's own tables. Written
 * here are the engine around the tables (the module's request.c, holder.c and
 * home.c, function by function) and its surroundings: links, CPUs, losses.
 *
 * Links keep no order at all, so they are not modelled as channels: any message
 * under way may arrive next. There is never more than one message of a kind
 * under way between two nodes (asserted), so each message is a variable.
 *
 * Data is one bit: is it the last that was written? A store makes its own copy
 * fresh and all others stale, those in messages included. That keeps the number
 * of states finite and loses nothing, since a load is right if and only if it
 * returns the value that was written last.
 *
 * Page tables are a permission of their own (pte). It stays as it was after the
 * page's state has changed, until page work has taken it away, as on a machine.
 * CPUs read and write through it at any time.
 *
 * Options (-D):
 *   N=2..4	nodes
 *   HOLD	a page that came stays until a CPU that waits for it has mapped
 *		it: the effect of a hold window, without its length
 *   LOSS	at any time the links of one node break: messages from and to it
 *		may get lost, and sooner or later every node notices
 *   REQUEST=n	check that every request of node n is answered (LTL, with weakly
 *		fair processes, as the next)
 *   FAULT=n	check that every fault of node n ends
 *   MOVES=m	the home moves, up to m times, to any node at any time; not
 *		with LOSS
 *
 * Options that break the engine, so that the checks must fail:
 *   WRITABLE	a page is copied while it can still be written
 *   ACKLESS	a grant does not wait for the acks
 *   EARLY	the home serves the next request before UNBLOCK
 *   FORGETS	a home moves without the transaction under way
 *   SENDSBACK	a node sends a message on for which its home has not come yet
 */
#include "tables.pml"

#ifndef N
#define N	3
#endif
#define HOME	0
#define NODE(n)	(1 << (n))

#define PTE_NONE	0
#define PTE_READ	1
#define PTE_WRITE	2

#define NOTHING		0	/* no message, no fault; MSG_CREDIT is 0, too */
#define LOAD_FAULT	(EV_LOAD + 1)
#define STORE_FAULT	(EV_STORE + 1)
#define NOBODY_CUT	N

/* ---- the state of nodes ---- */

byte state[N];		/* P_* */
byte pte[N];		/* PTE_* */
bit fresh[N];		/* the copy here is the last written */
byte fault[N];		/* that a CPU waits in: LOAD_FAULT, STORE_FAULT */
bit lost[N];		/* the region is LOST here */

/* struct ssi_req */
bit has_req[N];
bit granted[N];
bit exclusive[N];
short acks[N];
byte acked[N];

/* Page work, and the message that it is for; NOTHING when there is none. */
byte work[N];
byte work_for[N];
byte work_acks[N];

/* struct ssi_dir, and the transaction under way (requester + 1) */
byte dir_state;
byte dir_owner;
byte dir_copyset;
byte txn;
byte txn_what;
bit choosing;		/* a pending request is next */
chan pending = [N] of { byte, byte };

/* struct ssi_move: the table of each node, and a move under way */
#ifdef MOVES
#define AT_NO_NODE	N
byte version[N];	/* the newest that the node knows */
byte home_of[MOVES + 1];	/* by version */
byte last;		/* version of the newest home */
byte dir_at;		/* the node that has the directory, or AT_NO_NODE */
byte giving;		/* 1: the old home has changed its table; 2: HOME is sent */
byte moved[N];		/* MOVED to the node: set of versions */
byte want_to[N];	/* receiver, and version that its sender knew */
byte want_v[N];
byte done_to[N];
byte done_v[N];
#endif

bit virgin = 1;		/* not written yet: zero is the last value */
byte cut = NOBODY_CUT;	/* the node whose links have broken */

/* ---- messages under way: by receiver; want and done by sender ---- */

byte want[N];		/* MSG_GETS, MSG_GETX, MSG_UPGRADE */
bit done[N];
byte fwd[N];		/* MSG_FWDS, MSG_FWDX */
byte fwd_for[N];
byte fwd_acks[N];
byte inv_for[N];	/* INV: requester + 1 */
byte grant_type[N];	/* MSG_GRANT, MSG_ZERO */
byte grant_acks[N];
byte data[N];		/* MSG_DATAS, MSG_DATAX */
byte data_from[N];
byte data_acks[N];
bit data_fresh[N];	/* of data, or of ZERO */
byte ack_from[N];	/* set of senders */

/* Scratch, without meaning between steps. */
hidden byte next, act, event, i, acks_due, inv_set, inv;
hidden byte next_txn, next_what;	/* of a pending request that is dropped */
hidden byte refused, grant, forward, zero;

/* ---- messages go ---- */

inline drop_fwd(n)
{
	fwd[n] = NOTHING;
	fwd_for[n] = 0;
	fwd_acks[n] = 0
}

inline drop_data(n)
{
	data[n] = NOTHING;
	data_from[n] = 0;
	data_acks[n] = 0;
	data_fresh[n] = 0
}

inline drop_grant(n)
{
	if
	:: grant_type[n] == MSG_ZERO -> data_fresh[n] = 0
	:: else
	fi;
	grant_type[n] = NOTHING;
	grant_acks[n] = 0
}

/* ---- data ---- */

inline store(n)
{
	virgin = 0;
	i = 0;
	do
	:: i < N -> fresh[i] = (i == n); data_fresh[i] = 0; i++
	:: else -> break
	od
}

/* ---- moves: move.c ---- */

#ifdef MOVES
#define HOME_AT(n)	home_of[version[n]]

inline send_home(n, to, v)
{
	to = HOME_AT(n);
	v = version[n]
}

/* The message has arrived: its receiver and version have no meaning any more. */
inline forget(to, v)
{
	to = 0;
	v = 0
}

/* What node @x does with a message for a home: serve it, send it on, or keep it. */
#define SERVES(x, v)	(version[x] >= (v) && HOME_AT(x) == (x))
#ifdef SENDSBACK
#define SENDS_ON(x, v)	(!SERVES(x, v))
#else
#define SENDS_ON(x, v)	(version[x] >= (v) && !SERVES(x, v))
#endif

/* The version grows each time, so the message arrives. */
inline send_on(to, v)
{
	assert(version[to] > v);
	v = version[to];
	to = home_of[v]
}

/* The old home's table says from now on that it is not the home. */
inline begin_move(to)
{
	last++;
	home_of[last] = to;
	version[dir_at] = last;
	giving = 1
}

/*
 * HOME and UNDERWAY are sent. The entry and the transaction stay in their
 * variables, but no node has them. Pending requests are messages again.
 */
inline take_out()
{
	do
	:: nempty(pending) ->
		pending?next_txn,next_what;
		assert(want[next_txn] == NOTHING);
		want[next_txn] = next_what;
		want_to[next_txn] = home_of[last];
		want_v[next_txn] = last
	:: empty(pending) -> break
	od;
#ifdef FORGETS
	txn = 0;
	txn_what = 0;
#endif
	dir_at = AT_NO_NODE;
	giving = 2
}

inline put_in()
{
	dir_at = home_of[last];
	version[dir_at] = last;
	i = 0;
	do
	:: i < N && i != dir_at -> moved[i] = moved[i] | (1 << last); i++
	:: i < N && i == dir_at -> i++
	:: i >= N -> break
	od;
	giving = 0
}

inline recv_moved(n, v)
{
	moved[n] = moved[n] & ~(1 << v);
	if
	:: version[n] < v -> version[n] = v
	:: else
	fi
}

proctype mover()
{
end:	do
	:: d_step { !giving && last < MOVES && dir_at != 0 -> begin_move(0) }
	:: d_step { !giving && last < MOVES && dir_at != 1 -> begin_move(1) }
#if N > 2
	:: d_step { !giving && last < MOVES && dir_at != 2 -> begin_move(2) }
#endif
	:: d_step { giving == 1 && !choosing -> take_out() }
	:: d_step { giving == 2 -> put_in() }
	od
}

#define SERVES_WANT(n)	SERVES(want_to[n], want_v[n])
#define SERVES_DONE(n)	SERVES(done_to[n], done_v[n])
#define HOME_STAYS	(!giving)
#else
#define send_home(n, to, v)	skip
#define forget(to, v)		skip
#define SERVES_WANT(n)	true
#define SERVES_DONE(n)	true
#define HOME_STAYS	true
#endif

/* ---- holder: holder_recv(), ssi_request_page_work(), answer() ---- */

inline answer(n, type, requester, count)
{
	if
	:: type == MSG_INV ->
		assert(!(ack_from[requester] & NODE(n)));
		ack_from[requester] = ack_from[requester] | NODE(n)
	:: else ->
		assert(data[requester] == NOTHING);
		data[requester] = (type == MSG_FWDS -> MSG_DATAS : MSG_DATAX);
		data_from[requester] = n;
		data_acks[requester] = count;
		data_fresh[requester] = fresh[n]
	fi
}

inline holder_recv(n, ev, type, requester, count)
{
	step(state[n], ev);
	assert(act == ACT_SUPPLY || act == ACT_ACK || act == ACT_WORK);
	if
	:: act == ACT_SUPPLY || act == ACT_ACK ->
		answer(n, type, requester, count)
	:: else ->
		assert(work[n] == NOTHING);
		work[n] = type;
		work_for[n] = requester;
		work_acks[n] = count
	fi;
	state[n] = next
}

#ifdef WRITABLE
#define PTE_OF_COPY	PTE_WRITE
#else
#define PTE_OF_COPY	PTE_READ
#endif
#define KEEPS(n)	(work[n] == MSG_FWDS -> PTE_OF_COPY : PTE_NONE)

inline page_work_ends(n)
{
	step(state[n], EV_LEFT);
	assert(act == ACT_ANSWER);
	answer(n, work[n], work_for[n], work_acks[n]);
	state[n] = next;
	fresh[n] = fresh[n] && READABLE(next);
	work[n] = NOTHING;
	work_for[n] = 0;
	work_acks[n] = 0
}

/*
 * ---- home: serve(), home_request(), begin_next(), home_done() ----
 *
 * The oldest of the pending requests is next. There are no ages here, so it may
 * be any of them. Where the model checks that something ends, it is the first
 * that came, since no request may be passed for ever; hold.pml checks that ages
 * ensure that.
 */
#if defined(REQUEST) || defined(FAULT)
#define IS_NEXT(n, what)	(choosing && pending?[eval(n),what])
#else
#define IS_NEXT(n, what)	(choosing && pending??[eval(n),what])
#endif


inline count_inv_set()
{
	acks_due = 0;
	i = 0;
	do
	:: i < N ->
		if
		:: inv_set & NODE(i) -> acks_due++
		:: else
		fi;
		i++
	:: else -> break
	od
}

inline send_invs(requester)
{
	i = 0;
	do
	:: i < N ->
		if
		:: inv_set & NODE(i) ->
			assert(!inv_for[i]);
			inv_for[i] = requester + 1
		:: else
		fi;
		i++
	:: else -> break
	od
}

inline serve(requester, what)
{
	if
	:: inv == NOBODY -> inv_set = 0
	:: inv == ALL_BUT_REQUESTER -> inv_set = dir_copyset & ~NODE(requester)
	:: inv == ALL_BUT_BOTH ->
		inv_set = dir_copyset & ~NODE(requester) & ~NODE(dir_owner)
	fi;
	count_inv_set();
	if
	:: grant ->
		assert(grant_type[requester] == NOTHING);
		grant_type[requester] = (zero -> MSG_ZERO : MSG_GRANT);
		grant_acks[requester] = acks_due;
		if
		:: zero -> data_fresh[requester] = virgin
		:: else
		fi
	:: else
	fi;
	if
	:: forward ->
		assert(fwd[dir_owner] == NOTHING);
		fwd[dir_owner] = (what == MSG_GETS -> MSG_FWDS : MSG_FWDX);
		fwd_for[dir_owner] = requester;
		fwd_acks[dir_owner] = acks_due
	:: else
	fi;
	send_invs(requester)
}

#define SHARES(n)	((dir_copyset & NODE(n)) != 0)

inline begin(requester, what)
{
	refused = false;
	inv = NOBODY;
	plan(dir_state, SHARES(requester),
	     (SHARES(requester) && dir_owner == requester), what);
	assert(!refused);
	txn = requester + 1;
	txn_what = what;
	serve(requester, what)
}

#ifdef EARLY
#define IS_BUSY	false
#else
#define IS_BUSY	(txn || choosing)
#endif

inline home_request(n)
{
	if
	:: IS_BUSY -> pending!n,want[n]
	:: else -> begin(n, want[n])
	fi;
	want[n] = NOTHING;
	forget(want_to[n], want_v[n])
}

inline home_done(n)
{
	assert(txn == n + 1);
	if
	:: txn_what != MSG_GETS || dir_state == DIR_untouched ->
		dir_state = DIR_exclusive;
		dir_owner = n;
		dir_copyset = NODE(n)
	:: else ->
		dir_state = DIR_shared;
		dir_copyset = dir_copyset | NODE(n)
	fi;
	done[n] = 0;
	forget(done_to[n], done_v[n]);
	txn = 0;
	txn_what = 0;
	choosing = nempty(pending)
}

inline home_next(n, what)
{
	pending??eval(n),what;
	choosing = 0;
	begin(n, what)
}

/* ---- requester: requester_event(), requester_recv(), finish() ---- */

inline close_request(n)
{
	has_req[n] = 0;
	granted[n] = 0;
	exclusive[n] = 0;
	acks[n] = 0;
	acked[n] = 0
}

inline finish(n)
{
	close_request(n);
	assert(!done[n]);
	done[n] = 1;
	send_home(n, done_to[n], done_v[n])
}

inline requester_step(n)
{
	step(state[n], event);
	assert(act != ACT_ERROR);
	state[n] = next;
	if
	:: act == ACT_FINISH -> finish(n)
	:: else
	fi
}

/* DATAX or GRANT: how many acks are missing? */
#ifdef ACKLESS
#define MISSES_ACKS(n)	false
#else
#define MISSES_ACKS(n)	acks[n]
#endif

inline fill_event(n)
{
	assert(acks[n] >= 0);
	event = (MISSES_ACKS(n) -> EV_FILLA : EV_FILLX)
}

inline recv_data(n)
{
	assert(has_req[n] && !granted[n]);
	granted[n] = 1;
	acks[n] = acks[n] + data_acks[n];
	if
	:: data[n] == MSG_DATAS ->
		assert(!exclusive[n]);
		event = EV_FILLS
	:: else ->
		assert(exclusive[n] && state[n] != P_SX);
		fill_event(n)
	fi;
	fresh[n] = data_fresh[n];
	drop_data(n);
	requester_step(n)
}

inline recv_grant(n)
{
	assert(has_req[n] && !granted[n]);
	granted[n] = 1;
	acks[n] = acks[n] + grant_acks[n];
	if
	:: grant_type[n] == MSG_ZERO ->
		assert(state[n] != P_SX && !acks[n]);
		fresh[n] = data_fresh[n]
	:: else ->
		assert(state[n] == P_SX)
	fi;
	fill_event(n);
	drop_grant(n);
	requester_step(n)
}

inline recv_ack(n, from)
{
	assert(has_req[n] && !(acked[n] & NODE(from)));
	ack_from[n] = ack_from[n] & ~NODE(from);
	acked[n] = acked[n] | NODE(from);
	acks[n]--;
	event = (granted[n] && !acks[n] -> EV_ACKED : EV_ACK);
	requester_step(n)
}

/* ---- local faults: ssi_request_access() ---- */

/*
 * The module recognises messages of an older request by their token. Here there
 * must be none: when a request is opened, no message under way may belong to
 * another one, except UNBLOCK.
 */
inline nothing_stale(n)
{
	assert(data[n] == NOTHING && grant_type[n] == NOTHING && !ack_from[n]);
	assert(want[n] == NOTHING);
	i = 0;
	do
	:: i < N ->
		assert(fwd[i] == NOTHING || fwd_for[i] != n);
		assert(inv_for[i] != n + 1);
		assert(work[i] == NOTHING || work_for[i] != n);
		i++
	:: else -> break
	od
}

inline open_request(n)
{
	assert(!has_req[n]);
	nothing_stale(n);
	has_req[n] = 1;
	exclusive[n] = (act != ACT_GETS);
	want[n] = (act == ACT_GETS -> MSG_GETS :
		   (act == ACT_GETX -> MSG_GETX : MSG_UPGRADE));
	send_home(n, want_to[n], want_v[n])
}

#define HITS(n) \
	(fault[n] == LOAD_FAULT && LOAD_HITS(state[n]) || \
	 fault[n] == STORE_FAULT && STORE_HITS(state[n]))
#define WAITS(n) \
	(fault[n] == LOAD_FAULT && LOAD_WAITS(state[n]) || \
	 fault[n] == STORE_FAULT && STORE_WAITS(state[n]))

inline access_page(n)
{
	step(state[n], fault[n] - 1);
	if
	:: act == ACT_HIT ->
		pte[n] = (fault[n] == STORE_FAULT -> PTE_WRITE : PTE_READ);
		fault[n] = NOTHING
	:: else ->
		assert(act == ACT_GETS || act == ACT_GETX || act == ACT_UPGRADE);
		open_request(n);
		state[n] = next
	fi
}

/*
 * A request that no CPU waits for: for migratory pages, for prefetch groups,
 * and at the home for a page that its owner wants to evict (PUT).
 */
inline fetch(n)
{
	step(P_I, EV_STORE);
	open_request(n);
	state[n] = next
}

/* The memory of a copy is needed: drop() in the module's evict.c. */
inline drop_copy(n)
{
	step(state[n], EV_DROP);
	assert(act == ACT_DROP);
	pte[n] = PTE_NONE;
	fresh[n] = 0;
	state[n] = next
}

/* ---- surroundings: CPUs, links, losses ---- */

#ifdef HOLD
/* A page that a CPU waited for and has not mapped yet is not given away. */
#define MAY_GO(n)	(!HITS(n))
#else
#define MAY_GO(n)	true
#endif

#ifdef LOSS
#define BROKEN(a, b)	((a) != (b) && (cut == (a) || cut == (b)))
#else
#define BROKEN(a, b)	false
#endif

/* A message that the receiver drops, or that breaks with its link. */
#define GETS_LOST(a, b)	(lost[b] || BROKEN(a, b))

/* The CPUs of a node: they fault, and use mapped pages. */
proctype cpu(byte n)
{
end:	do
	:: d_step { !fault[n] && !lost[n] && pte[n] == PTE_NONE ->
		    fault[n] = LOAD_FAULT }
	:: d_step { !fault[n] && !lost[n] && pte[n] != PTE_WRITE ->
		    fault[n] = STORE_FAULT }
	:: d_step { fault[n] && !WAITS(n) -> access_page(n) }
	:: d_step { state[n] == P_I && !lost[n] -> fetch(n) }
	:: d_step { DROPS(state[n]) && !lost[n] && MAY_GO(n) -> drop_copy(n) }
	:: d_step { pte[n] == PTE_WRITE -> store(n); skip }
	od
}

/* The messages of a node to the home. */
proctype requests(byte n)
{
end:	do
	:: d_step { want[n] && !lost[HOME] && SERVES_WANT(n) -> home_request(n) }
	:: d_step { want[n] && GETS_LOST(n, HOME) -> want[n] = NOTHING }
	:: d_step { done[n] && !lost[HOME] && SERVES_DONE(n) -> home_done(n) }
	:: d_step { IS_NEXT(n, MSG_GETS) -> home_next(n, MSG_GETS); skip }
	:: d_step { IS_NEXT(n, MSG_GETX) -> home_next(n, MSG_GETX); skip }
	:: d_step { IS_NEXT(n, MSG_UPGRADE) -> home_next(n, MSG_UPGRADE); skip }
	:: d_step { done[n] && GETS_LOST(n, HOME) -> done[n] = 0 }
#ifdef MOVES
	:: d_step { want[n] && SENDS_ON(want_to[n], want_v[n]) ->
		    send_on(want_to[n], want_v[n]) }
	:: d_step { done[n] && SENDS_ON(done_to[n], done_v[n]) ->
		    send_on(done_to[n], done_v[n]) }
	:: d_step { moved[n] & 2 -> recv_moved(n, 1) }
	:: d_step { moved[n] & 4 -> recv_moved(n, 2) }
	:: d_step { moved[n] & 8 -> recv_moved(n, 3) }
#endif
	od
}

/* The messages to a node, and the page work that they cause. */
proctype arrivals(byte n)
{
	byte from;

end:	do
	:: d_step { fwd[n] && !lost[n] &&
		    (MAY_GO(n) || (fwd[n] == MSG_FWDS && SUPPLIES(state[n]))) ->
		holder_recv(n, (fwd[n] == MSG_FWDS -> EV_FWDS : EV_FWDX),
			    fwd[n], fwd_for[n], fwd_acks[n]);
		drop_fwd(n) }
	:: d_step { inv_for[n] && !lost[n] && MAY_GO(n) ->
		holder_recv(n, EV_INV, MSG_INV, inv_for[n] - 1, 0);
		inv_for[n] = 0 }
	:: d_step { work[n] && pte[n] > KEEPS(n) -> pte[n] = KEEPS(n) }
	:: d_step { work[n] && pte[n] <= KEEPS(n) -> page_work_ends(n) }
	:: d_step { data[n] && !lost[n] -> recv_data(n) }
	:: d_step { grant_type[n] && !lost[n] -> recv_grant(n) }
	:: d_step { ack_from[n] & NODE(0) && !lost[n] -> recv_ack(n, 0) }
	:: d_step { ack_from[n] & NODE(1) && !lost[n] -> recv_ack(n, 1) }
#if N > 2
	:: d_step { ack_from[n] & NODE(2) && !lost[n] -> recv_ack(n, 2) }
#endif
#if N > 3
	:: d_step { ack_from[n] & NODE(3) && !lost[n] -> recv_ack(n, 3) }
#endif
#ifdef LOSS
	:: d_step { fwd[n] && GETS_LOST(HOME, n) -> drop_fwd(n) }
	:: d_step { inv_for[n] && GETS_LOST(HOME, n) -> inv_for[n] = 0 }
	:: d_step { data[n] && GETS_LOST(data_from[n], n) -> drop_data(n) }
	:: d_step { grant_type[n] && GETS_LOST(HOME, n) -> drop_grant(n) }
	:: d_step { ack_from[n] && (lost[n] || cut == n) ->
		    ack_from[n] = ack_from[n] & NODE(n) }
	:: d_step { cut != NOBODY_CUT && cut != n && ack_from[n] & NODE(cut) ->
		    ack_from[n] = ack_from[n] & ~NODE(cut) }
#endif
	od
}

#ifdef LOSS
inline lose_home()
{
	i = 0;
	do
	:: i < N -> want[i] = NOTHING; done[i] = 0; i++
	:: else -> break
	od;
	do
	:: nempty(pending) -> pending?next_txn,next_what
	:: empty(pending) -> break
	od;
	dir_state = DIR_untouched;
	dir_owner = 0;
	dir_copyset = 0;
	txn = 0;
	txn_what = 0;
	choosing = 0
}

/*
 * The region is lost here: faults that wait end with SIGBUS, messages to this
 * node are dropped. Variables that are not read any more are reset, to have
 * fewer states. Page tables stay as they are, and page work under way goes on.
 */
inline lose(n)
{
	lost[n] = 1;
	fault[n] = NOTHING;
	close_request(n);
	drop_fwd(n);
	inv_for[n] = 0;
	drop_grant(n);
	drop_data(n);
	ack_from[n] = 0;
	if
	:: n == HOME -> lose_home()
	:: else
	fi
}

/*
 * The links of one node break; for the others it makes no difference whether it
 * goes on running. In the end every node notices, or is told (LEAVE). All nodes
 * but the home are alike.
 */
proctype fate()
{
	atomic {
		if
		:: cut = HOME
		:: cut = 1
		fi
	}
end:	do
	:: d_step { !lost[0] -> lose(0) }
	:: d_step { !lost[1] -> lose(1) }
#if N > 2
	:: d_step { !lost[2] -> lose(2) }
#endif
	od
}
#endif

/* ---- the checks ---- */

#if N == 2
#define ALL(p)	(p(0) && p(1))
#define SUM(p)	(p(0) + p(1))
#elif N == 3
#define ALL(p)	(p(0) && p(1) && p(2))
#define SUM(p)	(p(0) + p(1) + p(2))
#else
#define ALL(p)	(p(0) && p(1) && p(2) && p(3))
#define SUM(p)	(p(0) + p(1) + p(2) + p(3))
#endif

#define WRITES(n)	(pte[n] == PTE_WRITE)
#define MAPS(n)		(pte[n] != PTE_NONE)
#define IS_FRESH(n)	(fresh[n] || (!MAPS(n) && !READABLE(state[n])))

/* Single writer or many readers; every load returns the last store. */
#define COHERENT \
	(ALL(IS_FRESH) && (SUM(WRITES) == 0 || SUM(MAPS) == 1))

/* While one CPU waits, another may load and store in any state. */
#define IS_ANSWERED(n) \
	(LOAD_IS_ANSWERED(state[n]) && STORE_IS_ANSWERED(state[n]))

#define IS_QUIET(n) \
	(!want[n] && !done[n] && !fwd[n] && !inv_for[n] && !data[n] && \
	 !grant_type[n] && !ack_from[n] && !work[n])
#define OWNS(n)		(SHARES(n) && dir_owner == n)
#define HAS(n) \
	(!SHARES(n) -> P_I : (dir_state == DIR_exclusive -> P_E : \
			      (OWNS(n) -> P_O : P_S)))
#define IS_DROPPED(n)	(state[n] == P_I && SHARES(n) && !OWNS(n))
#define IS_SETTLED(n) \
	(!has_req[n] && (state[n] == HAS(n) || IS_DROPPED(n)))

/*
 * When no message is under way, no node waits, and the home knows the pages of
 * every node, except for copies that were dropped.
 */
#define SETTLED \
	(!ALL(IS_QUIET) || choosing || !HOME_STAYS || (!txn && ALL(IS_SETTLED)) || cut != NOBODY_CUT)

active proctype watcher()
{
end:	do
	:: d_step { !COHERENT -> assert(false) }
	:: d_step { !ALL(IS_ANSWERED) -> assert(false) }
	:: d_step { !SETTLED -> assert(false) }
	od
}

init {
	atomic {
		byte n = 0;

		do
		:: n < N ->
			run cpu(n);
			run requests(n);
			run arrivals(n);
			n++
		:: else -> break
		od;
#ifdef LOSS
		run fate()
#endif
#ifdef MOVES
		run mover()
#endif
	}
}

#ifdef REQUEST
ltl ends { [] ((has_req[REQUEST] && !lost[REQUEST]) -> <> !has_req[REQUEST]) }
#endif
#ifdef FAULT
ltl ends { [] (fault[FAULT] -> <> !fault[FAULT]) }
#endif
