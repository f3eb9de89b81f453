// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regions that are made on two nodes at about the same time become READY,
 * no matter when the announcement of one arrives at the other.
 *
 *	join [loop|rdma]
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define ROUNDS		100
#define DELAY_US	30	/* of a link, times 0 to 4 */
#define PAUSE_NS	400000	/* between the two, at most */
#define DEAD_S		100

static struct cluster cluster = {
	.name = "join", .nodes = 2, .each = 2 * MIB, .delay_us = DELAY_US,
};

static const struct part map[] = { { 0, 2 * MIB }, { 1, 2 * MIB } };

static void spin_ns(long ns)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000000000 +
	       now.tv_nsec - start.tv_nsec < ns);
}

static bool region_made(uint32_t node, uint32_t region)
{
	return !region_new(cluster.name, node, region, map, cluster.nodes);
}

static bool region_ready(uint32_t node, uint32_t region)
{
	return wait_region(cluster.name, node, region, SSI_DSM_REGION_READY,
			   NULL);
}

/*
 * Each round has its own id: LEAVE of the last round may still be on its way.
 */
static bool meet(uint32_t round)
{
	uint32_t region = round + 2;	/* cluster_make() has made 1 */
	uint32_t first = round % 2;
	bool ok;

	ok = region_made(first, region);
	spin_ns(random() % PAUSE_NS);
	ok = ok && region_made(!first, region);
	ok = ok && region_ready(0, region) && region_ready(1, region);
	return !region_del(cluster.name, 0, region) &&
	       !region_del(cluster.name, 1, region) && ok;
}

int main(int argc, char **argv)
{
	uint32_t round = 0;

	cluster_args(&cluster, argc, argv);
	conf_need();
	alarm(DEAD_S);
	tap_plan(3);
	cluster_make(&cluster);
	tap_ok(cluster_wait_ready(&cluster), "the links are up");
	while (round < ROUNDS && meet(round))
		round++;
	tap_ok(round == ROUNDS, "in %u of %u rounds both regions became ready", round,
	       ROUNDS);
	cluster_delete(&cluster);
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
	return tap_exit();
}
