// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmm/move.c on node 0 of three, as the node that a CPU leaves, as the one where it arrives
 * and as a third one: who is told what, and in which order.
 *
 * What it does is written down as letters. Messages: a ASK, t TAKE, r READY, n READY that
 * refuses, s a piece of the state, c CANCEL, m MOVED, b BACK, S SEEN, F FAILED. Else: L the
 * state is taken, P it is put, X put is refused, B the CPU becomes a proxy, E the proxy
 * becomes the CPU, W writes that were posted are waited for, M the keeper is told of a move,
 * and digits: it is told this result of an order.
 */
#include "../../vmm/move.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../vmm/ask.h"
#include "../../vmm/cluster.h"
#include "../../vmm/forward.h"
#include "../../vmm/pause.h"
#include "../../vmm/proxy.h"
#include "../../vmm/run.h"
#include "../../vmm/stop.h"
#include "../../vmm/tsc.h"
#include "../../vmm/vcpu_state.h"
#include "../../vmm/vm.h"
#include "libvmm.h"
#include "steps.h"

#define NODES	3
#define STATE	5000	/* bytes: two pieces */

enum { ASK, TAKE, READY, CANCEL, MOVED, BACK, SEEN, FAILED, RESULT };

/* As move.c has them. */
struct message {
	uint32_t what, cpu, from, to, asker, result;
	uint64_t number, ns;
};

struct piece {
	uint64_t number, begun;
	uint32_t size, at;
	unsigned char data[4048];
};

static cluster_handler handler, piece_handler;
static struct vcpu vcpus[3];	/* CPU n begins on node n */
static struct kvm_run runs[3];

/* lock protects what follows. */
static struct message last;
static bool paused, parked, in_interrupt, is_refused;
static unsigned char put[STATE];

/* ---- what move.c calls ---- */

void cluster_handle(enum cluster_type type, size_t len, cluster_handler call)
{
	(void)len;
	if (type == CLUSTER_MOVE)
		handler = call;
	else
		piece_handler = call;
}

void cluster_send(unsigned int node, enum cluster_type type, const void *payload)
{
	const struct message *m = payload;

	(void)node;
	if (type == CLUSTER_MOVE_STATE) {
		note('s');
		return;
	}
	pthread_mutex_lock(&lock);
	last = *m;
	pthread_mutex_unlock(&lock);
	note(m->what == READY && m->result ? 'n' : "atrcmbSF?"[m->what]);
}

void cluster_send_others(enum cluster_type type, const void *payload)
{
	cluster_send(1, type, payload);
}

unsigned int cluster_self(void)
{
	return 0;
}

unsigned int cluster_nodes(void)
{
	return NODES;
}

bool pause_is_wanted(void)
{
	return paused;
}

void forward_settle(unsigned int cpu)
{
	(void)cpu;
	note('W');
}

bool run_job(struct vcpu *vcpu, vcpu_job job, void *arg)
{
	if (parked)
		return false;
	job(vcpu, arg);
	return true;
}

bool run_may_be_parked(struct vcpu *vcpu)
{
	(void)vcpu;
	return false;
}

bool vcpu_state_may_leave(struct vcpu *vcpu)
{
	(void)vcpu;
	return !in_interrupt;
}

size_t vcpu_state_leave(struct vcpu *vcpu, void *buffer)
{
	(void)vcpu;
	note('L');
	memset(buffer, 0x5a, STATE);
	return STATE;
}

bool vcpu_state_put(struct vcpu *vcpu, const void *buffer, size_t size,
		    enum vcpu_state_kind kind, char *why)
{
	(void)vcpu;
	strcpy(why, "No.");
	note(is_refused ? 'X' : 'P');
	if (size == STATE && kind == VCPU_STATE_EXCHANGE)
		memcpy(put, buffer, STATE);
	return !is_refused;
}

void vcpu_set_tsc_offset(struct vcpu *vcpu, uint64_t offset)
{
	(void)vcpu;
	(void)offset;
}

bool proxy_is_idle(struct vcpu *vcpu)
{
	(void)vcpu;
	return !in_interrupt;
}

void proxy_be(struct vcpu *vcpu)
{
	(void)vcpu;
}

void proxy_begin(struct vcpu *vcpu, unsigned int node)
{
	note('B');
	vcpu->real = false;
	vcpu->node = node;
}

void proxy_end(struct vcpu *vcpu)
{
	note('E');
	vcpu->real = true;
	vcpu->node = 0;
}

void proxy_moved(struct vcpu *vcpu, unsigned int node)
{
	vcpu->node = node;
}

uint64_t tsc_read(void)
{
	return 5000000;
}

uint64_t tsc_offset(void)
{
	return 0;
}

uint32_t vm_tsc_khz(void)
{
	return 1000000;
}

void ask_moved(unsigned int cpu, unsigned int from, unsigned int to, uint64_t ns)
{
	(void)cpu;
	(void)from;
	(void)to;
	(void)ns;
	note('M');
}

void ask_move_result(const struct move_end *end)
{
	note('0' + end->result);
}

/* ---- tests ---- */

/* It did this, and the guest goes on. */
static bool went(const char *what)
{
	return did(what) && !libvmm_stops;
}

/* An answer to the last message, or what follows it. */
static void give(unsigned int node, uint32_t what, uint32_t result)
{
	struct message m;

	pthread_mutex_lock(&lock);
	m = last;
	pthread_mutex_unlock(&lock);
	m.what = what;
	m.result = result;
	m.ns = 7000;
	handler(node, &m);
}

static bool answers(uint32_t cpu, uint32_t node, const char *digit)
{
	move_ask(0, cpu, node);
	return went(digit);
}

static void test_refused(void)
{
	tap_ok(answers(0, 3, "2") && answers(3, 1, "1") && answers(0, 0, "3") &&
	       answers(UINT32_MAX, UINT32_MAX, "2"),
	       "no such node, no such CPU, there already");
	paused = true;
	tap_ok(answers(0, 1, "6"), "a guest that stands still");
	paused = false;
}

static void test_leaves(void)
{
	move_ask(0, 0, 1);
	tap_ok(went("t") && last.to == 1 && last.cpu == 0,
	       "a CPU that leaves: its proxy is to be held");
	move_ask(0, 2, 0);
	give(1, READY, 0);
	tap_ok(went("WLss"), "then its state is taken and sent");
	tap_ok(vcpus[0].real, "and it waits for the answer");
	give(1, MOVED, 0);
	tap_ok(went("BM5"), "its CPU is a proxy then; meanwhile no other one may move");
	tap_ok(answers(2, 0, "5"), "and the move is not over");
	give(1, SEEN, 0);
	give(2, SEEN, 0);
	tap_ok(went("0") && vcpus[0].node == 1, "until all have seen it");
}

/* CPU 1 comes to this node, and CPU 0 is not here any more. */
static void give_pieces(uint64_t number)
{
	struct piece piece = { .number = number, .size = STATE, .begun = 1000000 };

	memset(piece.data, 0x77, sizeof(piece.data));
	piece_handler(1, &piece);
	piece.at = sizeof(piece.data);
	piece_handler(1, &piece);
}

static void test_arrives(void)
{
	struct message m;

	move_ask(0, 1, 0);
	tap_ok(went("a") && last.from == 1, "one that arrives: its node is asked");
	give(1, TAKE, 0);
	tap_ok(went("r"), "the proxy here is held");
	m = last;
	give_pieces(m.number);
	tap_ok(went("PEmM") && last.ns == 4000000,
	       "its state is put, all are told, and for how long it stood still");
	tap_ok(put[0] == 0x77 && put[STATE - 1] == 0x77, "all of the state");
	give(1, SEEN, 0);
	give(2, SEEN, 0);
	tap_ok(went("0") && vcpus[1].real, "and it is over");
}

static void test_third(void)
{
	const struct message m = {
		.what = MOVED, .cpu = 2, .from = 2, .to = 1, .number = 77,
	};

	handler(1, &m);
	went("M");
	tap_ok(vcpus[2].node == 1, "a third node learns where it is");
	tap_ok(libvmm_stops == 1, "and a move that did not begin is refused");
	libvmm_stops = 0;
}

static void test_fails(void)
{
	move_ask(0, 1, 2);
	went("t");
	give(2, READY, MOVE_PARKED);
	tap_ok(went("4"), "a proxy that cannot be held");
	move_ask(0, 1, 2);
	went("t");
	in_interrupt = true;
	give(2, READY, 0);
	tap_ok(went("c8"), "a CPU that does not come out of its interrupts");
	in_interrupt = false;
	move_ask(0, 1, 2);
	went("t");
	give(2, READY, 0);
	went("WLss");
	give(2, BACK, MOVE_REFUSED);
	tap_ok(went("P9") && vcpus[1].real, "one whose state is refused goes on");
	move_ask(0, 1, 2);
	went("t");
	parked = true;
	give(2, READY, 0);
	tap_ok(went("c4"), "one that is parked meanwhile");
	parked = false;
}

static void test_arrival_fails(void)
{
	move_ask(0, 0, 0);
	went("a");
	give(1, TAKE, 0);
	went("r");
	give(1, CANCEL, MOVE_PARKED);
	give(1, FAILED, MOVE_PARKED);
	tap_ok(went("4"), "one that does not come after all");
	is_refused = true;
	move_ask(0, 0, 0);
	went("a");
	give(1, TAKE, 0);
	went("r");
	give_pieces(last.number);
	tap_ok(went("Xb"), "one that KVM refuses here is sent back");
	give(1, FAILED, MOVE_REFUSED);
	tap_ok(went("9") && !vcpus[0].real, "and stays where it was");
	is_refused = false;
}

/* Messages that a node may not send end the guest, and do nothing else. */
static void test_bad(void)
{
	struct message m = { .what = TAKE, .cpu = 9, .from = 1, .to = 0 };
	struct piece piece = { .number = 1, .size = STATE };

	handler(1, &m);
	m.cpu = 0;
	m.from = 2;
	handler(1, &m);
	m.what = 99;
	handler(1, &m);
	m.what = ASK;
	handler(1, &m);
	m.what = READY;
	handler(1, &m);
	piece_handler(1, &piece);
	tap_ok(libvmm_stops == 6, "bad messages are refused: %u of 6",
	       libvmm_stops);
	libvmm_stops = 0;
}

int main(void)
{
	setenv("SSI_CPU_MOVES", "1", 1);
	for (unsigned int cpu = 0; cpu < 3; cpu++) {
		vcpus[cpu].cpu = cpu;
		vcpus[cpu].node = cpu;
		vcpus[cpu].real = cpu == 0;
		vcpus[cpu].run = &runs[cpu];
	}
	tap_plan(23);
	move_init(vcpus, 3);
	move_start();
	test_refused();
	test_leaves();
	test_arrives();
	test_third();
	test_fails();
	test_arrival_fails();
	test_bad();
	return tap_exit();
}
