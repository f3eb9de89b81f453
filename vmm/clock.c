// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One TSC for the guest, though every host has its own.
 *
 * Node 0's guest TSC begins at 0. Every other node asks node 0 for its TSC
 * again and again and keeps the answer that came quickest: the true value at
 * the middle of a round trip is off by half the round trip at most. A page
 * never crosses faster than this message, so a guest cannot carry a time to
 * where it is still earlier.
 */
#include "clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>
#include <x86intrin.h>

#include "cluster.h"
#include "log.h"
#include "stop.h"
#include "vm.h"

#define CLOCK_PINGS	300
#define PING_TIMEOUT_S	10

/* Payload of CLUSTER_PING. */
struct ping_message {
	uint64_t sent;
};

/* Payload of CLUSTER_PONG. */
struct pong_message {
	uint64_t sent;		/* from the ping */
	uint64_t tsc;		/* node 0's */
	uint64_t offset;	/* node 0's guest has TSC plus this */
};

static uint64_t clock_offset;	/* node 0's */

/* The best answer so far, and the last one; clock_lock protects both. */
static struct {
	uint64_t best_trip;
	uint64_t best_offset;
	bool answered;
} clock_state = { .best_trip = UINT64_MAX };

static pthread_mutex_t clock_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t clock_cond = PTHREAD_COND_INITIALIZER;

static void handle_ping(unsigned int node, const void *payload)
{
	const struct ping_message *ping = payload;
	struct pong_message pong = {
		.sent = ping->sent, .offset = clock_offset, .tsc = __rdtsc(),
	};

	cluster_send(node, CLUSTER_PONG, &pong);
}

static void handle_pong(unsigned int node, const void *payload)
{
	uint64_t now = __rdtsc();
	const struct pong_message *pong = payload;
	uint64_t trip = now - pong->sent;

	(void)node;
	pthread_mutex_lock(&clock_lock);
	if (trip < clock_state.best_trip) {
		clock_state.best_trip = trip;
		clock_state.best_offset = pong->tsc + pong->offset -
					  (pong->sent + trip / 2);
	}
	clock_state.answered = true;
	pthread_cond_signal(&clock_cond);
	pthread_mutex_unlock(&clock_lock);
}

static void wait_for_pong(void)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PING_TIMEOUT_S;
	pthread_mutex_lock(&clock_lock);
	while (!clock_state.answered && !err)
		err = pthread_cond_timedwait(&clock_cond, &clock_lock, &until);
	clock_state.answered = false;
	pthread_mutex_unlock(&clock_lock);
	if (stop_asked())
		die(stop_get()->code, "%s", stop_get()->reason);
	if (err)
		die(EXIT_NODE_LOST, "Node 0 did not answer for %d seconds while clocks were compared.",
		    PING_TIMEOUT_S);
}

uint64_t clock_sync(void)
{
	uint64_t half;

	if (cluster_self() == 0)
		return clock_offset;
	for (unsigned int i = 0; i < CLOCK_PINGS; i++) {
		struct ping_message ping = { .sent = __rdtsc() };

		cluster_send(0, CLUSTER_PING, &ping);
		wait_for_pong();
	}
	half = clock_state.best_trip / 2;
	log_info("The clock agrees with node 0's within %llu microseconds.",
		 (unsigned long long)(half * 1000 / vm_tsc_khz()) + 1);
	return clock_state.best_offset;
}

void clock_init(void)
{
	clock_offset = -__rdtsc();
	cluster_handle(CLUSTER_PING, sizeof(struct ping_message), handle_ping);
	cluster_handle(CLUSTER_PONG, sizeof(struct pong_message), handle_pong);
}
