// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * B1, B3, B4, B9, B10, B12: node 1 reads what node 0 wrote.
 *
 *	remote NODES THREADS PAGES random|sequential [shared|third]
 *
 * Node 0 writes PAGES pages, of which it is the home. A process on node 1 then
 * reads all of them, with THREADS threads. Random ones lie apart, so that
 * read-ahead does not fetch them. shared: node 2 has read them before, so node
 * 0 need not write-protect its own mapping. third: node 2 is their home.
 */
#include <stdlib.h>
#include <string.h>

#include "libbench.h"
#include "selftests/unit/tap.h"

#define APART	8u	/* pages from one random page to the next */

static struct cluster cluster = {
	.name = "bench",
	.transport = SSI_DSM_TRANSPORT_RDMA,
};

static uint64_t offset;		/* of the pages in the region */

static void read_on_node_1(void *arg)
{
	struct touches *t = arg;

	t->mem = bench_map(&cluster, 1) + offset;
	bench_touch(t);
	bench_print("touch", t->ns, t->count);
	bench_print("elapsed", &t->elapsed, 1);
}

static void touch_all(uint32_t node, struct touches *t, bool write)
{
	struct touches all = *t;

	all.mem = bench_map(&cluster, node) + offset;
	all.threads = 1;
	all.write = write;
	bench_touch(&all);
}

int main(int argc, char **argv)
{
	struct touches t = { };
	uint32_t apart, i;
	const char *how;
	uint32_t *order;

	if (argc < 5)
		tap_bail("remote NODES THREADS PAGES random|sequential [shared|third]");
	how = argc > 5 ? argv[5] : "";
	cluster.nodes = atoi(argv[1]);
	t.threads = atoi(argv[2]);
	t.count = atoi(argv[3]);
	if (cluster.nodes < (*how ? 3 : 2) || cluster.nodes > NODES_MAX ||
	    !t.threads || t.threads > THREADS_MAX || !t.count)
		tap_bail("too many or too few nodes, threads or pages");
	apart = strcmp(argv[4], "random") ? 1 : APART;
	cluster.each = (t.count * (uint64_t)apart * PAGE + 2 * MIB - 1) /
		       (2 * MIB) * (2 * MIB);
	offset = strcmp(how, "third") ? 0 : 2 * cluster.each;
	order = bench_order(t.count, apart > 1);
	for (i = 0; i < t.count; i++)
		order[i] *= apart;
	t.order = order;
	t.ns = bench_shared(t.count * sizeof(*t.ns));

	bench_cluster_new(&cluster);
	touch_all(0, &t, true);
	if (!strcmp(how, "shared"))
		touch_all(2, &t, false);
	bench_in_child(read_on_node_1, &t);
	bench_cluster_del(&cluster);
	return 0;
}
