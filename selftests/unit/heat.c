// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heat against exact counts: kinds, CPUs, nodes that serve, and the decay.
 *
 * The module's file, with the kernel of the simulator (Makefile.inc).
 */
#include <stdlib.h>
#include <time.h>

#include "alloc.h"
#include "engine/heat.h"
#include "memory/region.h"
#include "net/node.h"
#include "tap.h"

#define BLOCKS	700u	/* not a multiple of a chunk */
#define CPUS	5u
#define TICK	(1ull << SSI_DSM_HEAT_SHIFT)
#define ROUNDS	1000000

static struct ssi_node node;
static struct ssi_region region;
static bool no_memory;

void *ssi_alloc_zeroed_for(struct mem_cgroup *payer, size_t size, gfp_t gfp)
{
	(void)payer;
	(void)gfp;
	return no_memory ? NULL : calloc(1, size);
}

void kfree(void *ptr)
{
	free(ptr);
}

void sim_preempt(void)
{
}

/* ---- an array instead of the simulator's, which is linear ---- */

#define CHUNKS	8192

static void *chunks[CHUNKS];

void xa_init_flags(struct xarray *xa, u32 flags)
{
	(void)xa;
	(void)flags;
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	(void)xa;
	return chunks[index];
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, u32 filter)
{
	(void)xa;
	(void)filter;
	for (; *index < CHUNKS && *index <= max; ++*index)
		if (chunks[*index])
			return chunks[*index];
	return NULL;
}

void *xa_cmpxchg_bh(struct xarray *xa, unsigned long index, void *old, void *entry,
		    gfp_t gfp)
{
	void *now = chunks[index];

	(void)xa;
	(void)gfp;
	if (now == old)
		chunks[index] = entry;
	return now;
}

void xa_destroy(struct xarray *xa)
{
	(void)xa;
}

/* ---- tests ---- */

static struct ssi_heat_count found[4096];
static u32 num_found;

static void read_all(u64 now)
{
	unsigned long at = 0;

	num_found = 0;
	while (num_found < 4096 && ssi_heat_next(&region.heat, &at, ssi_heat_clock(now),
						 &found[num_found]))
		num_found++;
}

static const struct ssi_heat_count *find(u32 cpu, bool is_server, u64 at)
{
	static const struct ssi_heat_count none;

	for (u32 i = 0; i < num_found; i++)
		if (found[i].cpu == cpu && found[i].is_server == is_server &&
		    found[i].at == at)
			return &found[i];
	return &none;
}

static void note(u32 cpu, u64 block, enum ssi_heat_kind kind, u32 servers, u64 now)
{
	ssi_heat_note(&region, (block << SSI_BLOCK_SHIFT) + 7, cpu, kind, servers, now);
}

static void test_exact(void)
{
	static u32 exact[CPUS][BLOCKS][SSI_HEAT_KINDS], served[CPUS][4];
	u32 wrong = 0, sum = 0;

	srandom(1);
	for (int i = 0; i < 3000; i++) {
		u32 cpu = random() % CPUS, block = random() % BLOCKS;
		u32 kind = random() % SSI_HEAT_KINDS, servers = random() % 16;

		note(cpu, block, kind, servers, 5 * TICK);
		exact[cpu][block][kind]++;
		for (u32 n = 0; n < 4; n++)
			served[cpu][n] += servers >> n & 1;
	}
	read_all(5 * TICK);
	for (u32 cpu = 0; cpu < CPUS; cpu++)
		for (u32 block = 0; block < BLOCKS; block++)
			for (u32 kind = 0; kind < SSI_HEAT_KINDS; kind++) {
				wrong += find(cpu, false, block)->counts[kind] !=
					 exact[cpu][block][kind];
				sum += exact[cpu][block][kind];
			}
	tap_ok(!wrong && sum == 3000, "3000 faults of %u CPUs at %u blocks: %u counts are wrong",
	       CPUS, BLOCKS, wrong);
	for (u32 cpu = 0; cpu < CPUS; cpu++)
		for (u32 n = 0; n < 4; n++)
			wrong += find(cpu, true, n)->counts[0] != served[cpu][n];
	tap_ok(!wrong, "who has served them");
	tap_ok(num_found <= 3000 + CPUS * 4, "nothing else: %u counts", num_found);
}

static void test_decay(void)
{
	u32 expected = 1000;

	for (int i = 0; i < 1000; i++)
		note(2, 3, SSI_HEAT_WRITE, 0, 200 * TICK);
	read_all(200 * TICK);
	tap_ok(num_found == 1 && found[0].counts[SSI_HEAT_WRITE] == 1000,
	       "after 195 ticks nothing of before is left: %u", num_found);
	for (int i = 0; i < 10; i++)
		expected -= (expected + 7) / 8;
	read_all(210 * TICK);
	tap_ok(found[0].counts[SSI_HEAT_WRITE] == expected, "after ten ticks, 1000 is %u, not %u",
	       found[0].counts[SSI_HEAT_WRITE], expected);
	note(2, 3, SSI_HEAT_READ, 0, 210 * TICK);
	read_all(210 * TICK);
	tap_ok(found[0].counts[SSI_HEAT_WRITE] == expected &&
	       found[0].counts[SSI_HEAT_READ] == 1, "a new fault leaves the other counts");
	for (u64 t = 300; t < 400; t++)
		for (int i = 0; i < 100; i++)
			note(1, 1, SSI_HEAT_READ, 0, t * TICK);
	read_all(399 * TICK);
	tap_ok(find(1, false, 1)->counts[0] >= 760 && find(1, false, 1)->counts[0] <= 840,
	       "100 faults in each tick make %u, about eight times as much",
	       find(1, false, 1)->counts[0]);
}

static void test_limits(void)
{
	const struct ssi_heat_count *count;

	for (int i = 0; i < 70000; i++)
		note(0, BLOCKS - 1, SSI_HEAT_GUESS, 0, 1000 * TICK);
	note(SSI_HEAT_NO_CPU, 0, SSI_HEAT_READ, 1u << 31, 1000 * TICK);
	note(5000, 0, SSI_HEAT_READ, 0, 1000 * TICK);
	note(SSI_HEAT_NOT_A_FAULT, 0, SSI_HEAT_READ, 0, 1000 * TICK);
	read_all(1000 * TICK);
	count = find(0, false, BLOCKS - 1);
	tap_ok(count->counts[SSI_HEAT_GUESS] == 65535 && !count->counts[SSI_HEAT_READ] &&
	       !count->counts[SSI_HEAT_WRITE], "a count does not flow over: %u",
	       count->counts[SSI_HEAT_GUESS]);
	tap_ok(find(SSI_HEAT_NO_CPU, false, 0)->counts[0] == 2 &&
	       find(SSI_HEAT_NO_CPU, true, 31)->counts[0] == 1,
	       "what is not of a CPU, or of one beyond the limit");
	tap_ok(num_found == 3, "and nothing of a request that is no fault: %u", num_found);
	no_memory = true;
	note(4, 0, SSI_HEAT_READ, 1, 1000 * TICK);
	note(600, 0, SSI_HEAT_READ, 1, 1000 * TICK);
	no_memory = false;
	read_all(1000 * TICK);
	tap_ok(!find(600, false, 0)->counts[0], "without memory a fault is not counted");
}

/* With sanitizers, so an upper limit; the number is for comparison only. */
static void test_cost(void)
{
	struct timespec begin, end;
	double ns;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (u32 i = 0; i < ROUNDS; i++)
		note(i & 3, i & 255, i % 3, 2, 2000 * TICK + i);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ns = (end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec);
	tap_diag("%.1f ns for a fault, with sanitizers", ns / ROUNDS);
}

int main(void)
{
	tap_plan(11);
	region.node = &node;
	ssi_heat_init(&region.heat, BLOCKS);
	test_exact();
	test_decay();
	test_limits();
	test_cost();
	for (u32 i = 0; i < CHUNKS; i++)
		free(chunks[i]);
	return tap_exit();
}
