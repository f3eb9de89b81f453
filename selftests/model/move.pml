/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU of the guest moves between nodes (vmm/move.c): is each interrupt delivered once?
 *
 * Theory of operation
 *
 * Three nodes; the CPU is real on one of the first two, moves to the other one and
 * back. Each node has the CPU's local APIC: a set of vectors that wait. Every vector is
 * sent once, by a CPU of some node to its own node's APIC, at any time; the last vector
 * is the timer's, which fires once, at any time, where the CPU is. A real CPU takes a
 * vector that waits; a proxy sends it to the node where it believes the CPU to be.
 *
 * A step of a node is what its thread does without looking again, and messages of one
 * node to another keep their order. Left out: windows, state other than the timer,
 * and moves that fail.
 *
 * Checked: no vector is taken twice; when nothing can happen any more, all were taken, and
 * the moves are over.
 *
 * Options (-D), each an error that must be found:
 *   COPIED	the vectors that wait travel with the state, and replace those at the
 *		destination: KVM_GET_LAPIC and KVM_SET_LAPIC
 *   STRICT	a node drops interrupts for a CPU that is not real there
 *   ONCE	the deadline is read once, after the timer was masked
 *   TWICE	the deadline is read once, before the timer was masked
 */
#define N	3
#define MOVES	2
#define TIMER	8	/* vectors are bits: 1, 2 and 4 are sent by nodes 0, 1, 2 */
#define ALL	15

mtype = { IRQ, TAKE, READY, STATE, MOVED };
mtype:role = { REAL, PROXY, HELD, LEFT };

#define TO(from, to)	links[(from) * N + (to)]
#define PEER		(n < 2 -> 1 - n : 2)	/* the other place of the CPU */
chan links[N * N] = [4] of { mtype, byte, bit };

mtype:role role[N];
byte irr[N];
byte view[N];
bit armed[N];		/* the timer, at this node's APIC */
bit masked[N];
byte taken;
byte moves;
byte seen = N;

inline take_vector(v)
{
	assert(!(taken & v));
	taken = taken | v;
	irr[n] = irr[n] & (ALL - v);
}

inline run_cpu(v)
{
	if
	:: role[n] == REAL -> take_vector(v)
	:: role[n] == PROXY ->
		irr[n] = irr[n] & (ALL - v);
		TO(n, view[n]) ! IRQ, v, 0
	fi
}

inline deliver(v)
{
#ifdef STRICT
	if
	:: role[n] == REAL -> irr[n] = irr[n] | v
	:: else
	fi
#else
	irr[n] = irr[n] | v
#endif
}

/* Its LVT entry may be masked: then nothing waits afterwards. */
inline fire(at)
{
	if
	:: masked[at]
	:: else -> irr[at] = irr[at] | TIMER
	fi
}

inline see(where)
{
	view[n] = where;
	seen++;
}

proctype node(byte n)
{
	byte v, copy, other;
	bit d, again;

	do
	/* the CPU here takes what waits */
	:: atomic { (role[n] == REAL || role[n] == PROXY) && (irr[n] & 1) -> run_cpu(1) }
	:: atomic { (role[n] == REAL || role[n] == PROXY) && (irr[n] & 2) -> run_cpu(2) }
	:: atomic { (role[n] == REAL || role[n] == PROXY) && (irr[n] & 4) -> run_cpu(4) }
	:: atomic { (role[n] == REAL || role[n] == PROXY) && (irr[n] & 8) -> run_cpu(8) }
	/* node 0 lets the CPU move: here it is real */
	:: atomic { role[n] == REAL && seen == N && moves < MOVES ->
		moves++;
		seen = 0;
		other = PEER;
		TO(n, other) ! TAKE, 0, 0
	}
	/* its proxy is held */
	:: atomic { TO(PEER, n) ? [TAKE, _, _] && n < 2 && role[n] == PROXY ->
		TO(PEER, n) ? TAKE, _, _;
		role[n] = HELD;
		TO(n, PEER) ! READY, 0, 0
	}
	/* the state is taken: the steps of vcpu_state_leave() */
	:: n < 2 && TO(PEER, n) ? [READY, _, _] && role[n] == REAL ->
		atomic { TO(PEER, n) ? READY, _, _; role[n] = LEFT; d = armed[n] }
		masked[n] = 1;
#ifndef TWICE
		atomic {
			again = armed[n];
#ifdef ONCE
			d = again
#else
			if
			:: d && !again && (irr[n] & TIMER) -> d = 0
			:: else
			fi
#endif
		}
#endif
		armed[n] = 0;
		atomic { copy = irr[n]; TO(n, PEER) ! STATE, copy, d }
	/* the state is put */
	:: atomic { n < 2 && role[n] == HELD && TO(PEER, n) ? [STATE, _, _] ->
		TO(PEER, n) ? STATE, copy, d;
#ifdef COPIED
		irr[n] = copy;
#endif
		armed[n] = d;
		masked[n] = 0;
		role[n] = REAL;
		see(n);
		TO(n, PEER) ! MOVED, n, 0;
		TO(n, 2) ! MOVED, n, 0
	}
	/* it is known where the CPU is */
	:: atomic { n < 2 && role[n] == LEFT && TO(PEER, n) ? [MOVED, _, _] ->
		TO(PEER, n) ? MOVED, v, _;
		masked[n] = 0;
#ifdef COPIED
		irr[n] = 0;
#endif
		role[n] = PROXY;
		see(v)
	}
	:: atomic { n == 2 && TO(0, 2) ? [MOVED, _, _] -> TO(0, 2) ? MOVED, v, _; see(v) }
	:: atomic { n == 2 && TO(1, 2) ? [MOVED, _, _] -> TO(1, 2) ? MOVED, v, _; see(v) }
	/* an interrupt of another node: the role here does not matter */
	:: atomic { TO(0, n) ? [IRQ, _, _] -> TO(0, n) ? IRQ, v, _; deliver(v) }
	:: atomic { TO(1, n) ? [IRQ, _, _] -> TO(1, n) ? IRQ, v, _; deliver(v) }
	:: atomic { TO(2, n) ? [IRQ, _, _] -> TO(2, n) ? IRQ, v, _; deliver(v) }
	/* nothing is left */
	:: atomic { seen == N && moves == MOVES && timeout ->
		assert(taken == ALL);
		break
	}
	od
}

/* A CPU or device of each node sends its vector once. */
proctype sender(byte n)
{
	byte v;

	v = 1 << n;
	atomic { irr[n] = irr[n] | v }
}

/* It fires where it is armed. */
proctype timer()
{
end:
	do
	:: atomic { armed[0] -> armed[0] = 0; fire(0) }
	:: atomic { armed[1] -> armed[1] = 0; fire(1) }
	od
}

init {
	atomic {
		role[0] = REAL;
		role[1] = PROXY;
		role[2] = PROXY;
		armed[0] = 1;
		run node(0);
		run node(1);
		run node(2);
		run sender(0);
		run sender(1);
		run sender(2);
		run timer()
	}
}
