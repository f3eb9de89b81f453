// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A CPU moves to another node while the guest runs: real CPU and proxy exchange roles.
 *
 * DOC: Theory of operation
 *
 * Every node has each CPU in its KVM (proxy.c). So only the state travels: S is the node
 * where the CPU is real, D the one where it shall be, X all nodes but D, S among them.
 * Node 0 lets one CPU move after the other. A thread of each node does what waits.
 *
 *   0 -> S  ASK     let your CPU go to D
 *   S -> D  TAKE    hold your proxy
 *   D -> S  READY   it is between two interrupts, and held; or: it cannot be
 *   S -> D  STATE   the CPU, in pieces; or CANCEL, if it cannot be taken
 *   D -> X  MOVED   it is real here; or BACK, to S: KVM refuses the state
 *   X -> 0  SEEN    it is real there, as far as this node knows; D sends it, too
 *   S -> 0  FAILED  it stays, and why
 *
 * No other CPU waits. This one stands still from the moment that S takes its state until
 * D has put it.
 *
 * Interrupts. Each node's KVM delivers to its own local APIC of this CPU, before, during
 * and after the move, whoever sends: CPUs and devices of the node, or a CLUSTER_IRQ.
 * Nothing looks at the role first. An interrupt waits in that APIC until its CPU takes
 * it: the real CPU in the guest, a proxy in the stub, which forwards it. So:
 *
 *   - What waits at S when the state is taken stays there. S' CPU becomes a proxy, its
 *     stub takes all that waits and sends it to D, behind the state.
 *   - What waits at D' proxy when it is held, or comes until the state is put, is an
 *     interrupt of the real CPU then. vcpu_state.c replaces neither.
 *   - What X sends goes to S until MOVED arrives, and S forwards it.
 *
 * Thus each interrupt is in one APIC at any time, or in one message, and leaves it once.
 * Equal ones that wait together are one, as in the APIC of a CPU that is slow. NMIs are
 * the same, with KVM's pending NMI instead of a bit. An interrupt in service is
 * part of the state of both the CPU and its APIC; so S takes the state only when there is
 * none, and D holds the proxy only in the loop of its stub. The timer has one owner, too:
 * vcpu_state_leave() ends it at S, and its deadline travels.
 *
 * D sends MOVED before the CPU runs. All that it sends as the owner (proxy.c), as
 * CPU_PARKED, comes later. Node 0 begins no other move before all have SEEN this
 * one, so an interrupt is forwarded at most once for a move.
 *
 * Accesses to devices: KVM has completed the last one (run_job()), and posted writes have
 * arrived (forward_settle()), so that none is overtaken by one from D.
 *
 * Time: the TSCs of the nodes differ by less than a message takes (clock.c), so the
 * CPU does not see its TSC go backwards; D sets its own offset before the deadline.
 *
 * A node that is lost meanwhile ends the guest, as at any other time: no wait here needs
 * a limit for it. A guest that is paused meanwhile ends the move, too; one that is paused
 * already lets none begin. What ACPI has told the guest, of which node a CPU is, stays.
 */
#include "move.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "cluster.h"
#include "deadline.h"
#include "forward.h"
#include "log.h"
#include "pause.h"
#include "proxy.h"
#include "run.h"
#include "stop.h"
#include "tsc.h"
#include "vcpu_state.h"
#include "vm.h"

#define TRY_MS		300	/* until a CPU is between two interrupts */
#define TRY_US		40	/* between two looks */
#define JOBS_MAX	8
#define PIECE_MAX	4048	/* with the heads less than SSI_DSM_MSG_MAX */

enum move_what {
	MOVE_ASK,
	MOVE_TAKE,
	MOVE_READY,
	MOVE_CANCEL,
	MOVE_MOVED,
	MOVE_BACK,
	MOVE_SEEN,
	MOVE_FAILED,
	MOVE_RESULT,

	MOVE_WHATS,
};

/* Payload of CLUSTER_MOVE. */
struct move_message {
	uint32_t what;
	uint32_t cpu;
	uint32_t from;		/* S */
	uint32_t to;		/* D */
	uint32_t asker;
	uint32_t result;	/* enum move_result */
	uint64_t number;	/* of the move */
	uint64_t ns;		/* that the CPU stood still */
};

/* Payload of CLUSTER_MOVE_STATE. */
struct piece_message {
	uint64_t number;
	uint64_t begun;		/* the guest's TSC when the CPU stopped */
	uint32_t size;		/* of the whole state */
	uint32_t at;		/* of this piece */
	unsigned char data[PIECE_MAX];
};

_Static_assert(sizeof(struct move_message) == 40, "no holes");
_Static_assert(sizeof(struct piece_message) == 24 + PIECE_MAX, "no holes");

/* move_lock protects all but the first three. */
static struct {
	struct vcpu *vcpus;
	unsigned int num;
	uint32_t tsc_khz;

	struct move_message jobs[JOBS_MAX];	/* for this node's thread */
	unsigned int num_jobs;
	bool serves;

	/* S: the answer that is waited for, by bits of enum move_what, and the answer */
	uint64_t number;
	uint32_t expected;
	bool answered;
	struct move_message answer;

	/* D: the state that is waited for */
	uint64_t taking;
	unsigned int taking_from;
	bool cancelled;
	size_t size;
	size_t filled;
	uint64_t begun;
	unsigned char state[VCPU_STATE_MAX];

	/* node 0 */
	uint64_t moves;
	bool under_way;
	struct move_message move;
	uint64_t unseen;	/* bits of nodes */
} moving;

static pthread_mutex_t move_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t move_cond = PTHREAD_COND_INITIALIZER;

static void take_message(unsigned int node, const struct move_message *m);

/* A message to this node itself is taken at once. */
static void send_move(unsigned int node, const struct move_message *m)
{
	if (node == cluster_self())
		take_message(node, m);
	else
		cluster_send(node, CLUSTER_MOVE, m);
}

static void send_as(unsigned int node, const struct move_message *m,
		    enum move_what what)
{
	struct move_message other = *m;

	other.what = what;
	send_move(node, &other);
}

static void refuse_message(unsigned int node)
{
	stop_ask(EXIT_NODE_LOST, "Node %u has sent a message about a CPU that moves which it may not send.",
		 node);
}

static void add_job(unsigned int node, const struct move_message *m)
{
	bool has_room;

	pthread_mutex_lock(&move_lock);
	has_room = moving.num_jobs < JOBS_MAX;
	if (has_room)
		moving.jobs[moving.num_jobs++] = *m;
	pthread_cond_broadcast(&move_cond);
	pthread_mutex_unlock(&move_lock);
	if (!has_room)
		refuse_message(node);
}

static struct move_message wait_for_job(void)
{
	struct move_message job;

	pthread_mutex_lock(&move_lock);
	while (!moving.num_jobs)
		pthread_cond_wait(&move_cond, &move_lock);
	job = moving.jobs[0];
	moving.num_jobs--;
	for (unsigned int i = 0; i < moving.num_jobs; i++)
		moving.jobs[i] = moving.jobs[i + 1];
	pthread_mutex_unlock(&move_lock);
	return job;
}

/* ---- node 0 ---- */

static void tell_result(const struct move_message *move, enum move_result result)
{
	struct move_message m = *move;

	m.result = result;
	send_as(m.asker, &m, MOVE_RESULT);
}

/*
 * A guest with two CPUs on each of two nodes had a triple fault after 688 moves, on
 * Debian's 6.1. Until the cause is found, only tests move CPUs.
 */
static bool may_move(void)
{
	return getenv("SSI_CPU_MOVES");
}

static enum move_result check_move(const struct move_message *m)
{
	if (!may_move())
		return MOVE_NOT_YET;
	if (m->to >= cluster_nodes())
		return MOVE_NO_NODE;
	if (m->cpu >= moving.num)
		return MOVE_NO_CPU;
	if (pause_is_wanted())
		return MOVE_PAUSED;
	if (!moving.serves)
		return MOVE_STARTING;
	if (moving.under_way)
		return MOVE_BUSY;
	if (moving.vcpus[m->cpu].node == m->to)
		return MOVE_IS_THERE;
	return MOVE_DONE;
}

void move_ask(unsigned int asker, uint32_t cpu, uint32_t node)
{
	struct move_message m = {
		.what = MOVE_ASK, .cpu = cpu, .to = node, .asker = asker,
	};

	pthread_mutex_lock(&move_lock);
	m.result = check_move(&m);
	if (m.result == MOVE_DONE) {
		m.number = ++moving.moves;
		m.from = moving.vcpus[cpu].node;
		moving.under_way = true;
		moving.unseen = (1ull << cluster_nodes()) - 1;
		moving.move = m;
	}
	pthread_mutex_unlock(&move_lock);
	if (m.result == MOVE_DONE)
		send_move(m.from, &m);
	else
		tell_result(&m, m.result);
}

/* The move @m is over if @seen, for one node; else it has failed. */
static void end_move(unsigned int node, const struct move_message *m, bool seen)
{
	bool known, over = false;

	pthread_mutex_lock(&move_lock);
	known = moving.under_way && m->number == moving.move.number &&
		moving.unseen & 1ull << node &&
		(seen || node == moving.move.from);
	if (known) {
		moving.unseen = seen ? moving.unseen & ~(1ull << node) : 0;
		over = !moving.unseen;
		if (over)
			moving.under_way = false;
		pthread_cond_broadcast(&move_cond);
	}
	pthread_mutex_unlock(&move_lock);
	if (!known)
		refuse_message(node);
	else if (over)
		tell_result(m, m->result);
}

void move_wait(void)
{
	pthread_mutex_lock(&move_lock);
	while (moving.under_way)
		pthread_cond_wait(&move_cond, &move_lock);
	pthread_mutex_unlock(&move_lock);
}

/* ---- S ---- */

/* Before the message that it is the answer to. */
static void expect_answer(uint64_t number, uint32_t whats)
{
	pthread_mutex_lock(&move_lock);
	moving.number = number;
	moving.expected = whats;
	moving.answered = false;
	pthread_mutex_unlock(&move_lock);
}

static struct move_message wait_for_answer(void)
{
	struct move_message answer;

	pthread_mutex_lock(&move_lock);
	while (!moving.answered)
		pthread_cond_wait(&move_cond, &move_lock);
	answer = moving.answer;
	pthread_mutex_unlock(&move_lock);
	return answer;
}

static void take_answer(unsigned int node, const struct move_message *m)
{
	bool expected;

	pthread_mutex_lock(&move_lock);
	expected = !moving.answered && moving.number == m->number &&
		   moving.expected & 1u << m->what && m->to == node;
	if (expected) {
		moving.answer = *m;
		moving.answered = true;
	}
	pthread_cond_broadcast(&move_cond);
	pthread_mutex_unlock(&move_lock);
	if (!expected)
		refuse_message(node);
}

/**
 * struct departure - a try to let a CPU go
 * @m: the move; its result and time are filled in
 * @tried_later: an interrupt was in service, try again
 */
struct departure {
	struct move_message m;
	bool tried_later;
};

static void send_state(const struct move_message *m, const unsigned char *state,
		       size_t size, uint64_t begun)
{
	struct piece_message piece = {
		.number = m->number, .begun = begun, .size = size,
	};

	for (size_t at = 0; at < size; at += PIECE_MAX) {
		size_t len = size - at < PIECE_MAX ? size - at : PIECE_MAX;

		piece.at = at;
		memcpy(piece.data, state + at, len);
		cluster_send(m->to, CLUSTER_MOVE_STATE, &piece);
	}
}

/* The CPU that D could not take goes on here. */
static void go_on(struct vcpu *vcpu, const unsigned char *state, size_t size)
{
	char why[VCPU_STATE_WHY_MAX];

	if (!vcpu_state_put(vcpu, state, size, VCPU_STATE_EXCHANGE, why))
		stop_ask(EXIT_HOST, "CPU %u cannot go on where it was: %s",
			 vcpu->cpu, why);
}

/* Called by the CPU's thread, between two exits. */
static void depart(struct vcpu *vcpu, void *arg)
{
	static unsigned char state[VCPU_STATE_MAX];	/* one CPU moves at a time */
	struct departure *departure = arg;
	struct move_message answer;
	uint64_t begun;
	size_t size;

	departure->tried_later = false;
	if (run_may_be_parked(vcpu)) {
		departure->m.result = MOVE_PARKED;
		return;
	}
	if (!vcpu_state_may_leave(vcpu)) {
		departure->tried_later = true;
		return;
	}
	begun = tsc_read();
	forward_settle(vcpu->cpu);
	expect_answer(departure->m.number, 1u << MOVE_MOVED | 1u << MOVE_BACK);
	size = vcpu_state_leave(vcpu, state);
	send_state(&departure->m, state, size, begun);
	answer = wait_for_answer();
	departure->m.result = answer.result;
	departure->m.ns = answer.ns;
	if (answer.what == MOVE_MOVED)
		proxy_begin(vcpu, departure->m.to);
	else
		go_on(vcpu, state, size);
}

static void cancel(struct departure *departure, enum move_result result)
{
	departure->m.result = result;
	send_as(departure->m.to, &departure->m, MOVE_CANCEL);
}

/* D holds its proxy. */
static void let_go(struct departure *departure)
{
	struct timespec until = deadline_in(TRY_MS);
	struct vcpu *vcpu = &moving.vcpus[departure->m.cpu];

	for (;;) {
		if (!run_job(vcpu, depart, departure)) {
			cancel(departure, MOVE_PARKED);
			return;
		}
		if (!departure->tried_later)
			break;
		if (!deadline_left_ms(&until)) {
			cancel(departure, MOVE_IN_INTERRUPT);
			return;
		}
		usleep(TRY_US);
	}
	if (departure->m.result == MOVE_PARKED)
		cancel(departure, MOVE_PARKED);
}

static void tell_moved(const struct move_message *m)
{
	log_debug("CPU %u has moved from node %u to node %u; it stood still for %llu us.",
		  m->cpu, m->from, m->to, (unsigned long long)m->ns / 1000);
	ask_moved(m->cpu, m->from, m->to, m->ns);
	send_as(0, m, MOVE_SEEN);
}

static void give(const struct move_message *m)
{
	struct departure departure = { .m = *m };

	expect_answer(m->number, 1u << MOVE_READY);
	send_as(m->to, m, MOVE_TAKE);
	departure.m.result = wait_for_answer().result;
	if (departure.m.result == MOVE_DONE)
		let_go(&departure);
	if (departure.m.result == MOVE_DONE)
		tell_moved(&departure.m);
	else
		send_as(0, &departure.m, MOVE_FAILED);
}

/* ---- D ---- */

/**
 * struct arrival - a try to take a CPU
 * @m: the move; its result and time are filled in
 * @tried_later: the proxy was busy, try again
 */
struct arrival {
	struct move_message m;
	bool tried_later;
};

static void expect_state(const struct move_message *m)
{
	pthread_mutex_lock(&move_lock);
	moving.taking = m->number;
	moving.taking_from = m->from;
	moving.cancelled = false;
	moving.size = 0;
	moving.filled = 0;
	pthread_mutex_unlock(&move_lock);
}

/* Return: it has come, and was not cancelled. */
static bool wait_for_state(void)
{
	bool has_come;

	pthread_mutex_lock(&move_lock);
	while (!moving.cancelled && (!moving.size || moving.filled < moving.size))
		pthread_cond_wait(&move_cond, &move_lock);
	has_come = !moving.cancelled;
	moving.taking = 0;
	pthread_mutex_unlock(&move_lock);
	return has_come;
}

static void handle_piece(unsigned int node, const void *payload)
{
	const struct piece_message *piece = payload;
	bool fits;

	pthread_mutex_lock(&move_lock);
	fits = moving.taking && moving.taking == piece->number &&
	       moving.taking_from == node && piece->size <= VCPU_STATE_MAX &&
	       piece->at == moving.filled && piece->at < piece->size &&
	       (!moving.size || piece->size == moving.size);
	if (fits) {
		size_t left = piece->size - piece->at;
		size_t len = left < PIECE_MAX ? left : PIECE_MAX;

		memcpy(moving.state + piece->at, piece->data, len);
		moving.size = piece->size;
		moving.begun = piece->begun;
		moving.filled += len;
	}
	pthread_cond_broadcast(&move_cond);
	pthread_mutex_unlock(&move_lock);
	if (!fits)
		refuse_message(node);
}

static void take_cancel(unsigned int node, const struct move_message *m)
{
	bool expected;

	pthread_mutex_lock(&move_lock);
	expected = moving.taking && moving.taking == m->number &&
		   moving.taking_from == node;
	if (expected)
		moving.cancelled = true;
	pthread_cond_broadcast(&move_cond);
	pthread_mutex_unlock(&move_lock);
	if (!expected)
		refuse_message(node);
}

static uint64_t ns_since(uint64_t begun)
{
	uint64_t now = tsc_read();

	return now > begun ? (now - begun) * 1000000 / moving.tsc_khz : 0;
}

/* Called by the thread of the CPU, which has been a proxy until now. */
static void become_real(struct vcpu *vcpu, struct arrival *arrival)
{
	char why[VCPU_STATE_WHY_MAX];

	vcpu_set_tsc_offset(vcpu, tsc_offset());
	if (!vcpu_state_put(vcpu, moving.state, moving.size, VCPU_STATE_EXCHANGE,
			    why)) {
		log_warn("CPU %u cannot move to this node: %s", vcpu->cpu, why);
		arrival->m.result = MOVE_REFUSED;
		proxy_be(vcpu);
		send_as(arrival->m.from, &arrival->m, MOVE_BACK);
		return;
	}
	arrival->m.ns = ns_since(moving.begun);
	proxy_end(vcpu);
	arrival->m.what = MOVE_MOVED;
	cluster_send_others(CLUSTER_MOVE, &arrival->m);
}

/* Called by the proxy's thread, between two exits. */
static void arrive(struct vcpu *vcpu, void *arg)
{
	struct arrival *arrival = arg;

	arrival->tried_later = !proxy_is_idle(vcpu);
	if (arrival->tried_later)
		return;
	expect_state(&arrival->m);
	send_as(arrival->m.from, &arrival->m, MOVE_READY);
	if (wait_for_state())
		become_real(vcpu, arrival);
	else
		arrival->m.result = MOVE_PARKED;	/* S knows why */
}

static void take(const struct move_message *m)
{
	struct timespec until = deadline_in(TRY_MS);
	struct vcpu *vcpu = &moving.vcpus[m->cpu];
	struct arrival arrival = { .m = *m };

	while (run_job(vcpu, arrive, &arrival)) {
		if (!arrival.tried_later) {
			if (arrival.m.result == MOVE_DONE)
				tell_moved(&arrival.m);
			return;
		}
		if (!deadline_left_ms(&until))
			break;
		usleep(TRY_US);
	}
	arrival.m.result = arrival.tried_later ? MOVE_IN_INTERRUPT : MOVE_PARKED;
	send_as(m->from, &arrival.m, MOVE_READY);
}

/* ---- all ---- */

/* S has a real one, and waits for this answer. */
static void take_moved(unsigned int node, const struct move_message *m)
{
	struct vcpu *vcpu = &moving.vcpus[m->cpu];

	if (m->to != node || m->from != vcpu->node) {
		refuse_message(node);
	} else if (vcpu->real) {
		take_answer(node, m);
	} else {
		proxy_moved(vcpu, node);
		add_job(node, m);
	}
}

static void *move_cpus(void *unused)
{
	for (;;) {
		const struct move_message job = wait_for_job();

		if (job.what == MOVE_ASK)
			give(&job);
		else if (job.what == MOVE_TAKE)
			take(&job);
		else if (job.what == MOVE_MOVED)
			tell_moved(&job);
		else
			ask_move_result(&(const struct move_end) {
				.cpu = job.cpu, .node = job.to,
				.result = job.result, .ns = job.ns,
			});
	}
	return unused;
}

static bool is_possible(unsigned int node, const struct move_message *m)
{
	if (m->what >= MOVE_WHATS || m->result >= MOVE_RESULTS)
		return false;
	if (m->what == MOVE_RESULT)
		return node == 0;
	if (!moving.serves || m->cpu >= moving.num ||
	    m->to >= cluster_nodes() || m->from >= cluster_nodes() ||
	    m->to == m->from || m->asker >= cluster_nodes())
		return false;
	switch (m->what) {
	case MOVE_ASK:
		return node == 0 && m->from == cluster_self() &&
		       moving.vcpus[m->cpu].real;
	case MOVE_TAKE:
		return node == m->from && m->to == cluster_self() &&
		       !moving.vcpus[m->cpu].real;
	case MOVE_SEEN:
	case MOVE_FAILED:
		return cluster_self() == 0;
	default:
		return true;
	}
}

static void take_message(unsigned int node, const struct move_message *m)
{
	if (!is_possible(node, m)) {
		refuse_message(node);
		return;
	}
	switch (m->what) {
	case MOVE_READY:
	case MOVE_BACK:
		take_answer(node, m);
		break;
	case MOVE_CANCEL:
		take_cancel(node, m);
		break;
	case MOVE_MOVED:
		take_moved(node, m);
		break;
	case MOVE_SEEN:
	case MOVE_FAILED:
		end_move(node, m, m->what == MOVE_SEEN);
		break;
	default:
		add_job(node, m);
	}
}

static void handle_move(unsigned int node, const void *payload)
{
	take_message(node, payload);
}

void move_init(struct vcpu *vcpus, unsigned int count)
{
	moving.vcpus = vcpus;
	moving.num = count;
	cluster_handle(CLUSTER_MOVE, sizeof(struct move_message), handle_move);
	cluster_handle(CLUSTER_MOVE_STATE, sizeof(struct piece_message),
		       handle_piece);
}

void move_start(void)
{
	pthread_t thread;

	moving.tsc_khz = vm_tsc_khz();
	if (pthread_create(&thread, NULL, move_cpus, NULL))
		die(EXIT_HOST, "The host gives no thread to move CPUs.");
	pthread_detach(thread);
	pthread_mutex_lock(&move_lock);
	moving.serves = true;
	pthread_mutex_unlock(&move_lock);
}
