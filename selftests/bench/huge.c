// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A node's own memory in 2 MiB folios, and the same page by page.
 *
 *	huge MIB
 *
 * Of MIB each way: ns to touch a MiB for the first time, and ns for loads that
 * go through all of it in order, a cache line at a time, and at random.
 */
#include <stdlib.h>

#include "libbench.h"
#include "selftests/unit/tap.h"

#define LINE	64u
#define LOADS	200000u		/* a sample */
#define SAMPLES	15u

static struct cluster cluster = {
	.name = "bench",
	.transport = SSI_DSM_TRANSPORT_LOOP,
	.nodes = 2,
};

static uint64_t size;	/* of each way */

static void touch(volatile uint8_t *mem, const char *name)
{
	uint64_t count = size / MIB, *ns = bench_shared(count * sizeof(*ns));
	uint64_t i, page;

	for (i = 0; i < count; i++) {
		ns[i] = now_ns();
		for (page = 0; page < MIB / PAGE; page++)
			mem[i * MIB + page * PAGE] = 1;
		ns[i] = now_ns() - ns[i];
	}
	bench_print(name, ns, count);
}

static uint64_t load_in_order(volatile uint8_t *mem)
{
	uint64_t start = now_ns();
	uint32_t i;

	for (i = 0; i < LOADS; i++)
		(void)mem[(uint64_t)i * LINE % size];
	return now_ns() - start;
}

static uint64_t load_at_random(volatile uint8_t *mem)
{
	uint64_t start = now_ns(), seed = 1;
	uint32_t i;

	for (i = 0; i < LOADS; i++) {
		seed = seed * 6364136223846793005ull + 1;
		(void)mem[(seed >> 30) % size];
	}
	return now_ns() - start;
}

/* Samples of both ways alternate: this machine has other work, too. */
static void compare(volatile uint8_t *huge, volatile uint8_t *pages,
		    uint64_t (*load)(volatile uint8_t *),
		    const char *huge_name, const char *pages_name)
{
	uint64_t of_huge[SAMPLES], of_pages[SAMPLES];
	uint32_t i;

	for (i = 0; i < SAMPLES; i++) {
		of_huge[i] = load(huge);
		of_pages[i] = load(pages);
	}
	bench_print(huge_name, of_huge, SAMPLES);
	bench_print(pages_name, of_pages, SAMPLES);
}

int main(int argc, char **argv)
{
	volatile uint8_t *huge, *pages;

	size = argc == 2 ? atoi(argv[1]) / 2 * (2 * MIB) : 0;
	if (!size)
		tap_bail("huge MIB, 2 or more");
	cluster.each = 2 * size;
	bench_cluster_new(&cluster);
	huge = bench_map(&cluster, 0);
	pages = huge + size;
	touch(huge, "huge_first");
	policy_set(cluster.name, 0, REGION, SSI_DSM_POLICY_HUGE, 0);
	touch(pages, "pages_first");
	compare(huge, pages, load_in_order, "huge_in_order",
		"pages_in_order");
	compare(huge, pages, load_at_random, "huge_random", "pages_random");
	bench_cluster_del(&cluster);
	return 0;
}
