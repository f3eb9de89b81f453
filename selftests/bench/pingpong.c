// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * B6: two nodes write one word.
 *
 *	pingpong [rdma|tcp] HOPS MS
 *
 * First alternating, HOPS times, without a hold window: each store takes the
 * page from the other node. Then both as fast as possible, for MS without and
 * for MS with the automatic window. The word is on a page of node 0.
 */
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "libbench.h"
#include "selftests/unit/tap.h"

#define NODES	2u

static struct cluster cluster = {
	.name = "bench",
	.transport = SSI_DSM_TRANSPORT_RDMA,
	.nodes = NODES,
	.each = 2 * MIB,
};

/* The memory that the two processes share beside the region. */
static struct shared {
	sem_t turn[NODES];
	uint64_t added[NODES];
	uint64_t until;
} *shared;
static uint32_t hops;
static uint64_t *hop_ns;

/* @arg: the node, as in the next function */
static void take_turns(void *arg)
{
	uint32_t node = (uintptr_t)arg, i;
	volatile uint64_t *word = (volatile uint64_t *)bench_map(&cluster, node);
	uint64_t start;

	for (i = node; i < hops; i += NODES) {
		while (sem_wait(&shared->turn[node]))
			;
		start = now_ns();
		*word = i;
		hop_ns[i] = now_ns() - start;
		sem_post(&shared->turn[!node]);
	}
}

static void add(void *arg)
{
	uint32_t node = (uintptr_t)arg;
	volatile uint64_t *word = (volatile uint64_t *)bench_map(&cluster, node);

	while (now_ms() < shared->until) {
		__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
		shared->added[node]++;
	}
}

static void on_both_nodes(void (*fn)(void *arg))
{
	uint64_t deadline = now_ms() + DEADLINE_MS;
	int pids[NODES];
	uint32_t n;

	for (n = 0; n < NODES; n++)
		pids[n] = bench_fork(fn, (void *)(uintptr_t)n);
	for (n = 0; n < NODES; n++)
		if (reap(pids[n], deadline, "a writer"))
			tap_bail("nothing was measured");
}

/* Additions per second of both together. */
static uint64_t additions(uint32_t ms)
{
	memset(shared->added, 0, sizeof(shared->added));
	shared->until = now_ms() + ms;
	on_both_nodes(add);
	return (shared->added[0] + shared->added[1]) * 1000 / ms;
}

int main(int argc, char **argv)
{
	uint64_t rate;
	uint32_t n, ms;

	if (argc > 1 && bench_takes_transport(&cluster, argv[1])) {
		argc--;
		argv++;
	}
	hops = argc == 3 ? atoi(argv[1]) : 0;
	ms = argc == 3 ? atoi(argv[2]) : 0;
	if (!hops || !ms)
		tap_bail("pingpong [rdma|tcp] HOPS MS");
	shared = bench_shared(sizeof(*shared));
	hop_ns = bench_shared(hops * sizeof(*hop_ns));
	for (n = 0; n < NODES; n++)
		sem_init(&shared->turn[n], 1, !n);

	bench_cluster_new(&cluster);
	bench_policy(&cluster, SSI_DSM_POLICY_HOLD, 0);
	on_both_nodes(take_turns);
	bench_print("hop", hop_ns, hops);
	rate = additions(ms);
	bench_print("added_without", &rate, 1);
	bench_policy(&cluster, SSI_DSM_POLICY_HOLD, SSI_DSM_POLICY_AUTO);
	rate = additions(ms);
	bench_print("added_with", &rate, 1);
	bench_cluster_del(&cluster);
	return 0;
}
