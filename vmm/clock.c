// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One TSC for the guest, though every host has its own.
 *
 * DOC: Theory of operation
 *
 * At the start: node 0's guest TSC begins at 0. Every other node asks node 0 for
 * its TSC many times and keeps the quickest answer: its error is at most half of
 * the round trip. A page never crosses faster than this message, so the guest
 * cannot see time go backwards between nodes.
 *
 * While the guest runs: the TSCs of two hosts differ in speed by some parts in a
 * million, which is too little for KVM to scale (it treats up to 250 as equal),
 * and no TSC may be set back. So the guest's time is that of the fastest host,
 * and the others step forward. At intervals each node measures its lead over
 * node 0 and sends it there. When node 0 has the leads of all, it tells each node
 * to step that lags behind the first one by more than the error of the
 * measurements, and steps itself. A node that had to step soon measures again
 * soon.
 *
 * A lead is invalid once either node has stepped. So it contains the number of
 * steps that each of the two had done when it was measured: node 0 sends its
 * number with the pong, read before its TSC, and counts after a step.
 *
 * A guest that stood still (pause.c) continues with the time at which it stopped: all
 * nodes set their clocks back by the same number of ticks, while no CPU runs. That
 * is a step of every node, which none was told to do.
 */
#include "clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#include "cluster.h"
#include "deadline.h"
#include "log.h"
#include "stop.h"
#include "tsc.h"
#include "vm.h"

#define START_PINGS	300
#define WATCH_PINGS	8
#define WATCH_MIN_MS	50	/* between two measurements */
#define WATCH_MAX_MS	1000
#define TICK_MS		10
#define PING_TIMEOUT_S	20	/* longer than most links are interrupted */

/* Payload of CLUSTER_PING. */
struct ping_message {
	uint64_t sent;		/* the sender's host TSC */
};

/* Payload of CLUSTER_PONG. */
struct pong_message {
	uint64_t sent;		/* from the ping */
	uint64_t guest_tsc;	/* node 0's */
	uint64_t steps;		/* that node 0 had done before */
};

/* Payload of CLUSTER_CLOCK_LEAD. */
struct lead_message {
	int64_t lead;		/* of the sender's guest TSC over node 0's */
	uint64_t error;		/* of that, at most */
	uint64_t steps;		/* from the pong */
	uint64_t own_steps;	/* that the sender has done */
};

/* Payload of CLUSTER_CLOCK_STEP. */
struct step_message {
	uint64_t ticks;
};

/**
 * struct lead - what node 0 knows of another node's clock
 * @ticks: how far it is ahead
 * @error: of that, at most
 * @known: since the last decision
 * @steps: that it was told to do
 */
struct lead {
	int64_t ticks;
	uint64_t error;
	bool known;
	uint64_t steps;
};

/* clock_lock protects all of it. */
static struct {
	uint64_t best_trip;		/* the best answer of a series: */
	uint64_t best_offset;		/* of node 0's guest TSC to our TSC */
	uint64_t best_steps;
	bool answered;
	uint64_t step;			/* ticks that node 0 has told us to step */
	uint64_t asked_steps;		/* and the number of these steps */
	uint64_t steps;			/* steps done */
	struct lead leads[SSI_DSM_MAX_NODES];	/* node 0 */
} clocks;

static pthread_mutex_t clock_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t clock_cond = PTHREAD_COND_INITIALIZER;

/* ---- a series of pings ---- */

static void handle_ping(unsigned int node, const void *payload)
{
	const struct ping_message *ping = payload;
	struct pong_message pong = { .sent = ping->sent };

	pthread_mutex_lock(&clock_lock);
	pong.steps = clocks.steps;
	pthread_mutex_unlock(&clock_lock);
	pong.guest_tsc = tsc_read();
	cluster_send(node, CLUSTER_PONG, &pong);
}

static void handle_pong(unsigned int node, const void *payload)
{
	uint64_t now = __rdtsc();
	const struct pong_message *pong = payload;
	uint64_t trip = now - pong->sent;

	(void)node;
	pthread_mutex_lock(&clock_lock);
	if (trip < clocks.best_trip) {
		clocks.best_trip = trip;
		clocks.best_offset = pong->guest_tsc - (pong->sent + trip / 2);
		clocks.best_steps = pong->steps;
	}
	clocks.answered = true;
	pthread_cond_broadcast(&clock_cond);
	pthread_mutex_unlock(&clock_lock);
}

/* Return: node 0 answered in time. */
static bool wait_for_pong(void)
{
	struct timespec until = deadline_in(PING_TIMEOUT_S * 1000);
	int err = 0;

	pthread_mutex_lock(&clock_lock);
	while (!clocks.answered && !err)
		err = pthread_cond_clockwait(&clock_cond, &clock_lock,
					     CLOCK_MONOTONIC, &until);
	clocks.answered = false;
	pthread_mutex_unlock(&clock_lock);
	return !err && !stop_asked();
}

/* Leaves the best answer in clocks. Return: node 0 answered. */
static bool ask_node_0(unsigned int pings)
{
	clocks.best_trip = UINT64_MAX;
	while (pings--) {
		struct ping_message ping = { .sent = __rdtsc() };

		cluster_send(0, CLUSTER_PING, &ping);
		if (!wait_for_pong())
			return false;
	}
	return true;
}

uint64_t clock_sync(void)
{
	if (cluster_self() == 0)
		return tsc_offset();
	if (!ask_node_0(START_PINGS)) {
		if (stop_asked())
			die(stop_get()->code, "%s", stop_get()->reason);
		die(EXIT_NODE_LOST, "Node 0 has not answered for %d seconds while the clocks were compared.",
		    PING_TIMEOUT_S);
	}
	log_info("The clock differs from that of node 0 by at most %llu microseconds.",
		 (unsigned long long)(clocks.best_trip / 2 * 1000 /
				      vm_tsc_khz()) + 1);
	return clocks.best_offset;
}

/* ---- the others: measure, and step when told ---- */

static void tell_lead(void)
{
	struct lead_message m;

	if (!ask_node_0(WATCH_PINGS))
		return;
	m.error = clocks.best_trip / 2;
	m.steps = clocks.best_steps;
	pthread_mutex_lock(&clock_lock);
	m.lead = tsc_offset() - clocks.best_offset;
	m.own_steps = clocks.steps;
	pthread_mutex_unlock(&clock_lock);
	cluster_send(0, CLUSTER_CLOCK_LEAD, &m);
}

static void handle_step(unsigned int node, const void *payload)
{
	const struct step_message *m = payload;

	if (node != 0)
		return;
	pthread_mutex_lock(&clock_lock);
	clocks.step += m->ticks;
	clocks.asked_steps++;
	pthread_mutex_unlock(&clock_lock);
}

/* Return: there was something to do. */
static bool step_as_told(void)
{
	uint64_t ticks, steps;

	pthread_mutex_lock(&clock_lock);
	ticks = clocks.step;
	steps = clocks.asked_steps;
	clocks.step = 0;
	clocks.asked_steps = 0;
	pthread_mutex_unlock(&clock_lock);
	if (!ticks)
		return false;
	tsc_advance(ticks);
	pthread_mutex_lock(&clock_lock);
	clocks.steps += steps;
	pthread_mutex_unlock(&clock_lock);
	return true;
}

/* ---- node 0: decide who steps ---- */

static void handle_lead(unsigned int node, const void *payload)
{
	const struct lead_message *m = payload;
	struct lead *lead = &clocks.leads[node];

	pthread_mutex_lock(&clock_lock);
	if (m->steps == clocks.steps && m->own_steps == lead->steps) {
		lead->ticks = m->lead;
		lead->error = m->error;
		lead->known = true;
	}
	pthread_mutex_unlock(&clock_lock);
}

static bool knows_all(void)
{
	for (unsigned int node = 1; node < cluster_nodes(); node++)
		if (!clocks.leads[node].known)
			return false;
	return true;
}

/* The clock that is ahead of all others; leads[0] is node 0's own, 0. */
static const struct lead *find_first(void)
{
	const struct lead *first = &clocks.leads[0];

	for (unsigned int node = 1; node < cluster_nodes(); node++)
		if (clocks.leads[node].ticks > first->ticks)
			first = &clocks.leads[node];
	return first;
}

/* By more than half of the greatest possible error; the real one is far smaller. */
static bool lags(const struct lead *lead, const struct lead *first)
{
	return first->ticks - lead->ticks >
	       (int64_t)(first->error + lead->error) / 2;
}

static void log_step(unsigned int node, uint64_t ticks)
{
	log_debug("Node %u's clock steps by %llu ns.", node,
		  (unsigned long long)ticks * 1000000 / vm_tsc_khz());
}

static void tell_step(unsigned int node, uint64_t ticks)
{
	struct step_message m = { .ticks = ticks };

	log_step(node, ticks);
	clocks.leads[node].steps++;
	cluster_send(node, CLUSTER_CLOCK_STEP, &m);
}

/* Return: by how much node 0 itself has to step. */
static uint64_t decide(void)
{
	const struct lead first = *find_first();
	struct lead *lead = clocks.leads;

	for (unsigned int node = 1; node < cluster_nodes(); node++) {
		lead[node].known = false;
		if (lags(&lead[node], &first))
			tell_step(node, first.ticks - lead[node].ticks);
	}
	return lags(&lead[0], &first) ? first.ticks : 0;
}

static void step_node_0(uint64_t ticks)
{
	log_step(0, ticks);
	tsc_advance(ticks);
	pthread_mutex_lock(&clock_lock);
	clocks.steps++;
	for (unsigned int node = 1; node < cluster_nodes(); node++)
		clocks.leads[node].known = false;
	pthread_mutex_unlock(&clock_lock);
}

void clock_rewind(uint64_t ticks)
{
	pthread_mutex_lock(&clock_lock);
	tsc_rewind(ticks);
	clocks.steps++;
	for (unsigned int node = 1; node < cluster_nodes(); node++) {
		clocks.leads[node].steps++;
		clocks.leads[node].known = false;
	}
	pthread_mutex_unlock(&clock_lock);
}

static void lead_nodes(void)
{
	uint64_t own = 0;

	pthread_mutex_lock(&clock_lock);
	if (knows_all())
		own = decide();
	pthread_mutex_unlock(&clock_lock);
	if (own)
		step_node_0(own);
}

/* ---- all ---- */

/*
 * For tests: with SSI_CLOCK_DRIFT_PPM this host's clock appears to be too fast by so
 * many parts in a million, to this program too.
 */
static void pretend_drift(void)
{
	static uint64_t last;
	const char *ppm = getenv("SSI_CLOCK_DRIFT_PPM");
	uint64_t now;

	if (!ppm)
		return;
	now = __rdtsc();
	if (last)
		tsc_advance((now - last) / 1000 * strtoul(ppm, NULL, 10) / 1000);
	last = now;
}

/* Measure at intervals, which are short while there is something to correct. */
static void follow_node_0(void)
{
	static unsigned int interval = WATCH_MIN_MS, waited;
	static uint64_t seen_steps;
	bool stepped;

	stepped = step_as_told();
	waited += TICK_MS;
	if (!stepped && waited < interval)
		return;
	waited = 0;
	tell_lead();
	stepped |= clocks.best_steps != seen_steps;
	seen_steps = clocks.best_steps;
	interval = stepped ? interval / 2 : interval + interval / 4;
	if (interval < WATCH_MIN_MS)
		interval = WATCH_MIN_MS;
	if (interval > WATCH_MAX_MS)
		interval = WATCH_MAX_MS;
}

static void *watch_clocks(void *unused)
{
	while (!stop_asked()) {
		nanosleep(&(struct timespec){ .tv_nsec = TICK_MS * 1000000L },
			  NULL);
		pretend_drift();
		if (cluster_self())
			follow_node_0();
		else
			lead_nodes();
	}
	return unused;
}

void clock_watch(void)
{
	pthread_t thread;

	if (cluster_nodes() == 1)
		return;
	if (pthread_create(&thread, NULL, watch_clocks, NULL))
		die(EXIT_HOST, "The host gives no thread for the clock.");
	pthread_detach(thread);
}

void clock_init(void)
{
	tsc_begin();
	cluster_handle(CLUSTER_PING, sizeof(struct ping_message), handle_ping);
	cluster_handle(CLUSTER_PONG, sizeof(struct pong_message), handle_pong);
	cluster_handle(CLUSTER_CLOCK_LEAD, sizeof(struct lead_message),
		       handle_lead);
	cluster_handle(CLUSTER_CLOCK_STEP, sizeof(struct step_message),
		       handle_step);
}
