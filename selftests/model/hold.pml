/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hold windows: N nodes whose instructions need two pages at once, both of them
 * exclusively. Does every instruction end?
 *
 * Theory of operation
 *
 * The protocol below is left out: a page has an owner, a request under way at
 * the owner, and pending requests at its home, of which the oldest is next. The
 * model is about which node gives way: the rule of the module's rules.c comes
 * from verdicts.pml, which verdicts.c prints from the code; the part of
 * gather.c is written here.
 *
 * Time is a clock that ticks when nothing else can happen: a message takes no
 * time compared with a window, which is WINDOW ticks. If messages go round and
 * the clock never ticks again, that is a livelock, and found as one. The time
 * at which a node began to gather is a number in an order; the numbers are kept
 * small, since only the order counts. Two nodes that began in the same tick may
 * see each other as the younger one, since messages do take some time. The
 * model assumes that this happens finitely often (calm): two nodes could swap
 * two pages for ever if they kept in step to less than the time of a message.
 *
 * Checked: an instruction that has begun ends (LTL, with weakly fair
 * processes).
 *
 * Options (-D):
 *   N=2,3	nodes
 *   WINDOW=w	in ticks; 0: no hold windows
 *   SLOW=w	the window of node 0, if it differs
 *   GANG	a node may ask for both pages at once: a prefetch group
 *   UNTOLD	no priority hints (OLDER): the owner knows only of the request
 *		that it has, not of older ones that are pending
 *   AGELESS	ages are ignored
 *   MUST=n	the node whose instructions are checked
 */
#include "verdicts.pml"

#ifndef N
#define N	2
#endif
#ifndef WINDOW
#define WINDOW	1
#endif
#ifndef SLOW
#define SLOW	WINDOW
#endif
#define WINDOW_OF(n)	((n) == 0 -> SLOW : WINDOW)
#define CLAIM(n, p)	claims[(n) * 2 + (p)]

byte owner[2];
byte to[2];			/* node whose request is at the owner, plus one */
bit due[2];			/* that request was held */
byte age[2];			/* ticks since the page came, no more than count */

byte start[N];			/* when it began to gather */
byte claims[N * 2];		/* the same, as in its request; 0: none */
byte since[N];			/* ticks since its last page came */
bit hungry[N];			/* in an instruction that has not ended */
bit fed[N];			/* ended one in this tick */
bit asleep[N];

byte newest;			/* the latest beginning, if in this tick */
bit calm;			/* no two beginnings are the same any more */

/* Scratch, without meaning between steps. */
hidden byte i, v, found, who, last;

#define OUTSTANDING(n)	(CLAIM(n, 0) || CLAIM(n, 1))
#define HAS_ALL(n)	(owner[0] == (n) && owner[1] == (n))
#define TURN_OVER(p)	(age[p] >= 2 * WINDOW_OF(owner[p]))
#define RESTED(n)	(since[n] >= WINDOW_OF(n))
#define MOST		(2 * (SLOW > WINDOW -> SLOW : WINDOW))

/* ---- order ---- */

inline look_for(value)
{
	found = 0;
	i = 0;
	do
	:: i < N -> found = found || start[i] == value; i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < N * 2 -> found = found || claims[i] == value; i++
	:: else -> break
	od
}

inline move_down(value)
{
	i = 0;
	do
	:: i < N -> start[i] = start[i] - (start[i] > value); i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < N * 2 -> claims[i] = claims[i] - (claims[i] > value); i++
	:: else -> break
	od;
	newest = newest - (newest > value)
}

/* Remove numbers that are not used any more. */
inline close_ranks()
{
	v = 1;
	last = 3 * N + 1;
	do
	:: v <= last ->
		look_for(v);
		if
		:: found -> v++
		:: else ->
			if
			:: newest == v -> newest = 0
			:: else
			fi;
			move_down(v);
			last--
		fi
	:: else -> break
	od
}

inline begin_anew(n, together)
{
	if
	:: together && newest -> start[n] = newest
	:: else ->
		start[n] = 3 * N + 1;
		newest = 3 * N + 1
	fi;
	close_ranks()
}

/* ---- gather.c: begin, judge ---- */

inline give(p)
{
	who = to[p] - 1;
	owner[p] = who;
	CLAIM(who, p) = 0;
	to[p] = 0;
	due[p] = 0;
	age[p] = 0;
	since[who] = 0;
	close_ranks()
}

#ifdef AGELESS
#define IS_OLDER(p)	false
#elif defined(UNTOLD)
#define IS_OLDER(p)	(CLAIM(to[p] - 1, p) < start[owner[p]])
#else
#define OLDER(n, p)	(CLAIM(n, p) && CLAIM(n, p) < start[owner[p]])
#define IS_OLDER(p)	(OLDER(0, p) || OLDER(1, p) || OLDER(N - 1, p))
#endif

#define JUDGED(verdict, p) \
	(to[p] && verdict(TURN_OVER(p), OUTSTANDING(owner[p]), \
			  !asleep[owner[p]], RESTED(owner[p]), IS_OLDER(p)))

inline done(p, together)
{
	if
	:: due[p] || !OUTSTANDING(owner[p]) -> begin_anew(owner[p], together)
	:: else
	fi;
	give(p)
}

/* A request at the page's owner. */
proctype holder(byte p)
{
end:	do
	:: d_step { JUDGED(HOLD, p) && !due[p] -> due[p] = 1 }
	:: d_step { JUDGED(YIELD, p) -> give(p); skip }
	:: d_step { JUDGED(RELEASE, p) -> done(p, false); skip }
	:: d_step { JUDGED(RELEASE, p) && !calm -> done(p, true); skip }
	od
}

/* The page's home: one at a time, the oldest first. */
#define BEFORE(n, m, p)	(!CLAIM(m, p) || CLAIM(n, p) <= CLAIM(m, p))
#define IS_NEXT(n, p) \
	(CLAIM(n, p) && BEFORE(n, 0, p) && BEFORE(n, 1, p) && \
	 BEFORE(n, N - 1, p))

proctype home(byte p)
{
end:	do
	:: d_step { !to[p] && IS_NEXT(0, p) -> to[p] = 1 }
	:: d_step { !to[p] && IS_NEXT(1, p) -> to[p] = 2 }
#if N > 2
	:: d_step { !to[p] && IS_NEXT(2, p) -> to[p] = 3 }
#endif
	od
}

/* ---- CPUs ---- */

#ifdef GANG
#define MAY_ASK(n, p)	(owner[p] != (n) && !CLAIM(n, p) && !fed[n])
#else
#define MAY_ASK(n, p)	(owner[p] != (n) && !OUTSTANDING(n) && !fed[n])
#endif

inline ask(n, p, together)
{
	hungry[n] = 1;
	asleep[n] = 0;
	if
	:: GATHERS_ANEW(0, OUTSTANDING(n), 1, RESTED(n), 0) ->
		begin_anew(n, together)
	:: else
	fi;
	CLAIM(n, p) = start[n]
}

proctype cpu(byte n)
{
end:	do
	:: d_step { MAY_ASK(n, 0) -> ask(n, 0, false); skip }
	:: d_step { MAY_ASK(n, 1) -> ask(n, 1, false); skip }
	:: d_step { MAY_ASK(n, 0) && !calm -> ask(n, 0, true); skip }
	:: d_step { MAY_ASK(n, 1) && !calm -> ask(n, 1, true); skip }
	:: d_step { HAS_ALL(n) && !fed[n] && !asleep[n] ->
		    hungry[n] = 0; fed[n] = 1 }
	:: d_step { !hungry[n] && !asleep[n] -> asleep[n] = 1 }
	od
}

/* ---- time ---- */

#define NOBODY_ASKS(p)	(!CLAIM(0, p) && !CLAIM(1, p) && !CLAIM(N - 1, p))
#define AT_REST(p) \
	((due[p] && JUDGED(HOLD, p)) || (!to[p] && NOBODY_ASKS(p)))
#define GETS_ON(n) \
	(hungry[n] && (HAS_ALL(n) || MAY_ASK(n, 0) || MAY_ASK(n, 1)))
#if N == 2
#define SOMEBODY_GETS_ON	(GETS_ON(0) || GETS_ON(1))
#else
#define SOMEBODY_GETS_ON	(GETS_ON(0) || GETS_ON(1) || GETS_ON(2))
#endif

inline tick()
{
	newest = 0;
	i = 0;
	do
	:: i < 2 -> age[i] = age[i] + (age[i] < MOST); i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < N ->
		since[i] = since[i] + (since[i] < MOST);
		fed[i] = 0;
		i++
	:: else -> break
	od
}

active proctype clock()
{
end:	do
	:: d_step { AT_REST(0) && AT_REST(1) &&
		    !SOMEBODY_GETS_ON -> tick(); skip }
	od
}

active proctype luck()
{
	calm = 1
}

init {
	byte n = 0;

	atomic {
		do
		:: n < N ->
			start[n] = n + 1;
			run cpu(n);
			n++
		:: else -> break
		od;
		run home(0);
		run home(1);
		run holder(0);
		run holder(1)
	}
}

#ifdef MUST
ltl ends { [] (hungry[MUST] -> <> !hungry[MUST]) }
#endif
