// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * B11: two guests' CPUs on two nodes that share nothing but page tables and
 * code.
 *
 *	guestwalk ROUNDS MS [rogpt]
 *
 * Each CPU increments a word on a page of its own 20,000 times, loads CR3, so
 * that it must walk its page tables again, and does an OUT, again and again. In
 * each round, after one that does not count, the OUTs within MS are counted:
 *
 *	alone	of the CPU on node 0, while no other runs
 *	both	of both
 *	own	both, each in a copy of all that in memory of its own: what
 *		this machine's CPUs can do when nothing is shared
 *
 * Page tables, code and the words are in the region, node 0 their home, on
 * pages that lie apart, so that read-ahead brings none of them. With rogpt the
 * policy of this name is on.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libbench.h"
#include "libguest.h"
#include "selftests/unit/tap.h"

#define NODES		2u
#define APART		(8 * PAGE)
#define STUCK_S		4u	/* a guest that does not exit for so long is stuck */
#define WAIT_S		(2 * STUCK_S)

/* Guest-physical addresses, and also offsets in the region. */
#define TABLES		0
#define CODE		(4 * APART)
#define WORD(node)	((5 + (node)) * APART)
#define SIZE		(2 * MIB)

/* rdi: the word */
GUEST_CODE(increment,
	   "	mov $20000, %ecx\n"
	   "1:	incq (%rdi)\n"
	   "	dec %ecx\n"
	   "	jnz 1b\n"
	   "	mov %cr3, %rax\n"
	   "	mov %rax, %cr3\n"
	   "	out %al, $0x10\n"
	   "	jmp increment\n");

static const struct cluster cluster = {
	.name = "bench",
	.transport = SSI_DSM_TRANSPORT_RDMA,
	.nodes = NODES,
	.each = SIZE,
};

/* The memory that the processes share beside the region. */
static struct shared {
	sem_t go[NODES];
	sem_t done[NODES];
	uint64_t until;			/* ns; 0: it was all */
	bool own;			/* memory, not the region */
	uint64_t exits[NODES];
} *shared;

static void wait_for(sem_t *sem)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_S;
	while (sem_timedwait(sem, &end))
		if (errno != EINTR)
			tap_bail("the other process: %s", strerror(errno));
}

static void write_guest(uint8_t *mem)
{
	guest_tables(mem + TABLES, TABLES, 4, APART);
	memcpy(mem + CODE, increment, increment_size);
}

static void count_exits(struct guest *g, uint32_t node, void *mem)
{
	guest_memory(g, 0, 0, mem, 0);
	guest_memory(g, 0, 0, mem, SIZE);
	guest_deadline(STUCK_S, mem, SIZE);
	shared->exits[node] = 0;
	while (now_ns() < shared->until) {
		guest_run(g);
		shared->exits[node]++;
	}
	guest_deadline(0, NULL, 0);
}

static void run_node(void *arg)
{
	uint32_t node = (uintptr_t)arg;
	struct guest_start start = {
		.tables = TABLES,
		.code = CODE,
		.rdi = WORD(node),
	};
	uint8_t *region = (uint8_t *)bench_map(&cluster, node);
	uint8_t *own = bench_shared(SIZE);
	struct guest g;

	write_guest(own);
	guest_new(&g);
	guest_memory(&g, 0, 0, region, SIZE);
	guest_begin(&g, &start);
	for (;;) {
		sem_post(&shared->done[node]);
		wait_for(&shared->go[node]);
		if (!shared->until)
			break;
		count_exits(&g, node, shared->own ? own : region);
	}
	guest_del(&g);
}

static int start_node(uint32_t node)
{
	int pid = bench_fork(run_node, (void *)(uintptr_t)node);

	wait_for(&shared->done[node]);
	return pid;
}

/* Exits per second of the first @nodes. */
static void count_for(uint32_t nodes, uint32_t ms, uint64_t rates[NODES])
{
	uint32_t n;

	shared->until = now_ns() + ms * 1000000ull;
	for (n = 0; n < nodes; n++)
		sem_post(&shared->go[n]);
	for (n = 0; n < nodes; n++)
		wait_for(&shared->done[n]);
	for (n = 0; n < nodes; n++)
		rates[n] = shared->exits[n] * 1000 / ms;
}

static void one_round(uint32_t ms)
{
	uint64_t rates[NODES];

	count_for(1, ms, rates);
	bench_print("alone", rates, 1);
	count_for(NODES, ms, rates);
	bench_print("both", rates, NODES);
	shared->own = true;
	count_for(NODES, ms, rates);
	bench_print("own", rates, NODES);
	shared->own = false;
}

int main(int argc, char **argv)
{
	uint32_t rounds = argc > 2 ? atoi(argv[1]) : 0;
	uint32_t ms = argc > 2 ? atoi(argv[2]) : 0;
	bool rogpt = argc == 4 && !strcmp(argv[3], "rogpt");
	uint64_t rates[NODES];
	struct guest kept;
	int pids[NODES];
	uint32_t n;

	if (!rounds || !ms || argc != 3 + rogpt)
		tap_bail("guestwalk ROUNDS MS [rogpt]");
	shared = bench_shared(sizeof(*shared));
	guest_first(&kept);
	bench_cluster_new(&cluster);
	if (rogpt)
		bench_policy(&cluster, SSI_DSM_POLICY_ROGPT, 1);
	write_guest((uint8_t *)bench_map(&cluster, 0));
	for (n = 0; n < NODES; n++) {
		sem_init(&shared->go[n], 1, 0);
		sem_init(&shared->done[n], 1, 0);
		pids[n] = start_node(n);
	}
	count_for(NODES, ms, rates);	/* cold code, new pages: does not count */
	while (rounds--)
		one_round(ms);
	shared->until = 0;
	for (n = 0; n < NODES; n++)
		sem_post(&shared->go[n]);
	for (n = 0; n < NODES; n++)
		if (reap(pids[n], now_ms() + DEADLINE_MS, "a guest's process"))
			tap_bail("a guest's process did not end well");
	bench_cluster_del(&cluster);
	guest_last(&kept);
	return 0;
}
