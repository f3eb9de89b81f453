// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmm/pause.c on node 0 and on another node: who is told what, and in which order.
 *
 * What it does is written down as letters: S tsc_stop, G tsc_go, R the clock is set back,
 * T and t the devices' time stops and goes, P and r paused and running are told to the
 * keeper, and the messages: s STOP, d STOPPED, p PAUSED, g GO.
 */
#include "../../vmm/pause.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vmm/ask.h"
#include "../../vmm/clock.h"
#include "../../vmm/cluster.h"
#include "../../vmm/hw/timebase.h"
#include "../../vmm/stop.h"
#include "../../vmm/tsc.h"
#include "../../vmm/vm.h"
#include "steps.h"

#define NODES	3
#define HOLD_TESTS	5

enum { STOP, STOPPED, PAUSED, GO };

/* As pause.c has it. */
struct message {
	uint32_t what;
	uint32_t reserved;
	uint64_t ticks;
};

static unsigned int self;
static cluster_handler handler;

/* lock protects what follows. */
static uint64_t now, rewound, sent_ticks;
static bool refused;

/* ---- what pause.c calls ---- */

void cluster_handle(enum cluster_type type, size_t len, cluster_handler call)
{
	if (type != CLUSTER_PAUSE || len != sizeof(struct message))
		tap_bail("another message");
	handler = call;
}

unsigned int cluster_self(void)
{
	return self;
}

unsigned int cluster_nodes(void)
{
	return NODES;
}

static void note_message(const void *payload)
{
	const struct message *m = payload;

	sent_ticks = m->ticks;
	note("sdpg"[m->what]);
}

void cluster_send(unsigned int node, enum cluster_type type, const void *payload)
{
	if (node || type != CLUSTER_PAUSE)
		tap_bail("a message to node %u", node);
	note_message(payload);
}

void cluster_send_others(enum cluster_type type, const void *payload)
{
	(void)type;
	note_message(payload);
}

void tsc_stop(void)
{
	note('S');
}

void tsc_go(void)
{
	note('G');
}

uint64_t tsc_read(void)
{
	uint64_t ticks;

	pthread_mutex_lock(&lock);
	ticks = now;
	pthread_mutex_unlock(&lock);
	return ticks;
}

void clock_rewind(uint64_t ticks)
{
	pthread_mutex_lock(&lock);
	rewound = ticks;
	pthread_mutex_unlock(&lock);
	note('R');
}

void timebase_stop(void)
{
	note('T');
}

void timebase_go(void)
{
	note('t');
}

uint32_t vm_tsc_khz(void)
{
	return 1000;
}

void ask_life(bool paused)
{
	note(paused ? 'P' : 'r');
}

void stop_ask(enum exit_code code, const char *fmt, ...)
{
	(void)fmt;
	refused = code == EXIT_NODE_LOST;
}

/* ---- tests ---- */

static void give(unsigned int node, uint32_t what, uint64_t ticks)
{
	const struct message m = { .what = what, .ticks = ticks };

	handler(node, &m);
}

static void set_now(uint64_t ticks)
{
	pthread_mutex_lock(&lock);
	now = ticks;
	pthread_mutex_unlock(&lock);
}

static void test_leader(void)
{
	pause_init();
	pause_start();
	set_now(1000);
	pause_ask(true);
	tap_ok(did("sS"), "node 0 tells the others, and stops its own CPUs");
	give(1, STOPPED, 0);
	tap_ok(did(""), "one answer is not enough");
	set_now(1500);
	give(2, STOPPED, 0);
	tap_ok(did("TpP"), "with all answers, all are paused");
	pause_ask(true);
	tap_ok(did(""), "a second pause is like one");
	set_now(9500);
	pause_ask(false);
	tap_ok(did("RtgGr") && rewound == 8000 && sent_ticks == 8000,
	       "it runs again after the others were told the ticks since the last answer");
	pause_ask(false);
	tap_ok(did("") && !refused, "a second resume is like one");
	pause_ask(true);
	pause_ask(false);
	pause_ask(true);
	did("sS");
	give(2, STOPPED, 0);
	give(2, STOPPED, 0);
	tap_ok(refused, "two answers of one node are refused");
}

/* In a process of its own: the thread of the first leader is stuck. */
static void *hold_and_note(void *unused)
{
	pause_hold();
	note('H');
	return unused;
}

static void test_hold(void)
{
	pthread_t thread;

	pause_init();
	set_now(2000);
	pause_restored(500);
	tap_ok(did("ST"), "a guest that was restored stands still");
	pause_start();
	tap_ok(did("RtgGr") && rewound == 1500 && sent_ticks == 1500,
	       "it begins with the ticks since the checkpoint taken back");
	pause_ask(true);
	did("sS");
	give(1, STOPPED, 0);
	give(2, STOPPED, 0);
	did("TpP");
	pthread_create(&thread, NULL, hold_and_note, NULL);
	tap_ok(did("H"), "a paused guest can be held");
	pause_ask(false);
	tap_ok(did(""), "then nothing lets it run again");
	pause_release();
	tap_ok(did("RtgGr"), "but the end of that");
	pthread_join(thread, NULL);
}

static void test_follower(void)
{
	pause_init();
	pause_start();
	give(0, STOP, 0);
	tap_ok(did("Sd"), "another node answers when its CPUs have stopped");
	give(0, PAUSED, 0);
	tap_ok(did("P"), "and tells its keeper when all have");
	give(0, GO, 77);
	tap_ok(did("RGr") && rewound == 77, "it sets its clock back before it runs");
	tap_ok(!refused, "nothing was refused");
	give(1, STOP, 0);
	tap_ok(refused, "only node 0 may tell it");
	refused = false;
	give(0, 9, 0);
	tap_ok(refused, "an unknown message is refused");
}

int main(void)
{
	int status;

	tap_plan(18);
	if (!fork()) {
		test_hold();
		_exit(tap_failed || tap_done != HOLD_TESTS);
	}
	wait(&status);
	tap_done += HOLD_TESTS;
	tap_failed += !!status;
	test_leader();
	/* Its thread waits for an answer that never comes. */
	self = 1;
	refused = false;
	test_follower();
	return tap_exit();
}
