// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regions that are made on two nodes at about the same time become READY,
 * no matter when the announcement of one arrives at the other. A region that is
 * deleted and made anew has nothing to do with the one before.
 *
 *	join [loop|rdma]
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define ROUNDS		100
#define DELAY_US	30	/* of a link, times 0 to 4 */
#define PAUSE_NS	400000	/* between the two, at most */
#define ANEW_ROUNDS	50
#define ANEW_REGION	1000
#define ANEW_DELAY_US	3000	/* of a link over loop, times 2 or 3 */
#define LOAD_PAGES	64	/* of each node */
#define LOAD_STORES	20	/* on each node, before a region is deleted */
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

/* Each round has its own id: the rounds do not depend on each other. */
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

/* ---- made anew ---- */

/* Stores of the programs of this round, by node. */
static volatile uint32_t *stores;

static void run_load(uint32_t node)
{
	int fd = attach_region(cluster.name, node, ANEW_REGION,
			       SSI_DSM_ATTACH_NO_CHANNEL);
	uint8_t *mem = fd < 0 ? NULL : map_region(fd, 2 * cluster.each);
	uint64_t page = node;

	if (!mem)
		_exit(1);
	for (;; page++) {
		if (is_sigbus(mem + page / 2 % LOAD_PAGES * PAGE +
			      page % 2 * cluster.each, true))
			_exit(0);
		stores[node]++;
	}
}

static int start_load(uint32_t node)
{
	int pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		run_load(node);
	return pid;
}

static bool region_state_is(uint32_t node, uint32_t state)
{
	struct region_info info = { };

	if (!region_get(cluster.name, node, ANEW_REGION, &info) &&
	    info.state == state)
		return true;
	tap_diag("node %u: the region is in state %u, not %u: %s", node,
		 info.state, state, info.reason);
	return false;
}

static bool made_anew(uint32_t node)
{
	return !region_del(cluster.name, node, ANEW_REGION) &&
	       region_made(node, ANEW_REGION);
}

/* @node's is made anew; the other node's does not know yet when it is. */
static bool one_anew(uint32_t node)
{
	return made_anew(node) && region_state_is(node, SSI_DSM_REGION_WAITING) &&
	       wait_region(cluster.name, !node, ANEW_REGION,
			   SSI_DSM_REGION_LOST, NULL) &&
	       region_state_is(node, SSI_DSM_REGION_WAITING) && made_anew(!node);
}

static bool both_anew(uint32_t first)
{
	return made_anew(first) && made_anew(!first);
}

/* A round begins and ends with a region that is READY on both nodes. */
static bool live_again(uint32_t round)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	int pids[2];
	bool ok;

	stores[0] = 0;
	stores[1] = 0;
	pids[0] = start_load(0);
	pids[1] = start_load(1);
	while ((stores[0] < LOAD_STORES || stores[1] < LOAD_STORES) &&
	       now_ms() < until)
		usleep(1000);
	ok = now_ms() < until && (round & 2 ? both_anew(round & 1) : one_anew(round & 1));
	ok = ok && region_ready(0, ANEW_REGION) && region_ready(1, ANEW_REGION);
	/* Their old regions are LOST: no program may wait for a page of one. */
	ok &= !reap(pids[0], until, "the program on node 0");
	ok &= !reap(pids[1], until, "the program on node 1");
	return ok;
}

static void test_anew(void)
{
	uint32_t round = 0;
	bool ok;

	stores = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ok = stores != MAP_FAILED && region_made(0, ANEW_REGION) &&
	     region_made(1, ANEW_REGION) && region_ready(0, ANEW_REGION) &&
	     region_ready(1, ANEW_REGION);
	while (ok && round < ANEW_ROUNDS && live_again(round))
		round++;
	tap_ok(round == ANEW_ROUNDS, "in %u of %u rounds regions that were made anew under load became ready again",
	       round, ANEW_ROUNDS);
	tap_ok(region_state_is(0, SSI_DSM_REGION_READY) &&
	       wait_peer(cluster.name, 0, 1, SSI_DSM_LINK_UP, NULL) &&
	       wait_peer(cluster.name, 1, 0, SSI_DSM_LINK_UP, NULL),
	       "messages of old regions cost no link");
}

int main(int argc, char **argv)
{
	uint32_t round = 0;

	cluster_args(&cluster, argc, argv);
	conf_need();
	alarm(DEAD_S * slower());
	tap_plan(5);
	cluster_make(&cluster);
	tap_ok(cluster_wait_ready(&cluster), "the links are up");
	while (round < ROUNDS && meet(round))
		round++;
	tap_ok(round == ROUNDS, "in %u of %u rounds both regions became ready", round,
	       ROUNDS);
	cluster_delete(&cluster);
	cluster.delay_us = ANEW_DELAY_US;
	cluster_make(&cluster);
	test_anew();
	cluster_delete(&cluster);
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
	return tap_exit();
}
