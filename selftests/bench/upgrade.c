// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * B8: a store to a page of which K other nodes have a copy.
 *
 *	upgrade [rdma|tcp] K PAGES
 *
 * Node 0, the pages' home, has written them; it and all others have read them
 * when node 1 writes. Nothing but its request, the invalidations and their
 * acknowledgements crosses the links: node 1 has the data.
 */
#include <stdlib.h>

#include "libbench.h"
#include "selftests/unit/tap.h"

static struct cluster cluster = {
	.name = "bench",
	.transport = SSI_DSM_TRANSPORT_RDMA,
};

static void touch_all(uint32_t node, struct touches *t, bool write)
{
	t->mem = bench_map(&cluster, node);
	t->write = write;
	bench_touch(t);
}

static void upgrade_on_node_1(void *arg)
{
	struct touches *t = arg;

	touch_all(1, t, false);
	t->write = true;
	bench_touch(t);
	bench_print("upgrade", t->ns, t->count);
}

int main(int argc, char **argv)
{
	struct touches t = { .threads = 1 };
	uint32_t n;

	if (argc > 1 && bench_takes_transport(&cluster, argv[1])) {
		argc--;
		argv++;
	}
	if (argc != 3)
		tap_bail("upgrade [rdma|tcp] K PAGES");
	cluster.nodes = atoi(argv[1]) + 1;
	t.count = atoi(argv[2]);
	if (cluster.nodes < 2 || cluster.nodes > NODES_MAX || !t.count)
		tap_bail("K is 1 to %u", NODES_MAX - 1);
	cluster.each = (t.count * (uint64_t)PAGE + 2 * MIB - 1) / (2 * MIB) *
		       (2 * MIB);
	t.order = bench_order(t.count, true);
	t.ns = bench_shared(t.count * sizeof(*t.ns));

	bench_cluster_new(&cluster);
	touch_all(0, &t, true);
	for (n = 2; n < cluster.nodes; n++)
		touch_all(n, &t, false);
	bench_in_child(upgrade_on_node_1, &t);
	bench_cluster_del(&cluster);
	return 0;
}
