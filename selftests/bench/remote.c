// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * B1, B3, B4, B9, B10, B12: node 1 reads what node 0 wrote.
 *
 *	remote TRANSPORT NODES THREADS PAGES random|sequential [STATE]
 *
 * TRANSPORT is rdma, rdma-tls, rdma-auth, tcp, tls or tls-chacha.
 *
 * Node 0 writes PAGES pages, of which it is the home. A process on node 1 then
 * reads all of them, with THREADS threads. Random ones lie apart, so that
 * read-ahead does not fetch them. Node 0 takes its memory in blocks of 2 MiB,
 * and the first read of a block unmaps the whole block there. STATE tells what
 * a read finds:
 *
 *	(none)		node 0 has the page exclusively; some reads are the first
 *			of their block
 *	unmapped	the same, but one more page of each block is read just
 *			before the block's first one; its time is in the series
 *			"first"
 *	first		each page is the only one that is read of its block
 *	mapped		node 0 has the page exclusively and maps it writable: it
 *			has written single pages (policy huge 0)
 *	shared		node 2 has read the page before: no page work is needed
 *	third		node 2 is the home of the page, and node 0 has written it
 */
#include <stdlib.h>
#include <string.h>

#include "libbench.h"
#include "selftests/unit/tap.h"

#define APART		8u	/* pages from one random page to the next */
#define BLOCK_PAGES	(2 * MIB / PAGE)
#define EXTRA		4u	/* the block's page that "unmapped" reads first */

static struct cluster cluster = {
	.name = "bench",
	.transport = SSI_DSM_TRANSPORT_RDMA,
};

/* Pages to read, and the pages that node 0 writes before: all of these. */
struct plan {
	const char *state;
	uint32_t apart;		/* pages */
	uint64_t offset;	/* of the pages in the region */
	struct touches reads;
	bool *extra;		/* of each read: its page is a block's EXTRA */
};

static bool state_is(const struct plan *plan, const char *state)
{
	return !strcmp(plan->state, state);
}

/* The times of the reads that are extra ones, or of the others. */
static void print_times(const struct plan *plan, const char *name, bool extra)
{
	const struct touches *reads = &plan->reads;
	uint64_t *ns = bench_shared(reads->count * sizeof(*ns));
	uint32_t i, n = 0;

	for (i = 0; i < reads->count; i++)
		if (plan->extra[i] == extra)
			ns[n++] = reads->ns[i];
	bench_print(name, ns, n);
}

static void read_on_node_1(void *arg)
{
	struct plan *plan = arg;

	plan->reads.mem = bench_map(&cluster, 1) + plan->offset;
	bench_touch(&plan->reads);
	print_times(plan, "touch", false);
	if (state_is(plan, "unmapped"))
		print_times(plan, "first", true);
	bench_print("elapsed", &plan->reads.elapsed, 1);
}

static void touch_all(const struct plan *plan, uint32_t node, bool write)
{
	struct touches all = plan->reads;

	all.mem = bench_map(&cluster, node) + plan->offset;
	all.threads = 1;
	all.write = write;
	bench_touch(&all);
}

/* Before the first page of each block comes the block's EXTRA page. */
static void insert_extras(struct plan *plan, const uint32_t *pages, uint32_t count)
{
	uint32_t blocks = (uint64_t)count * plan->apart / BLOCK_PAGES + 1;
	bool *seen = bench_shared(blocks * sizeof(*seen));
	uint32_t *order = bench_shared((count + blocks) * sizeof(*order));
	uint32_t i, block, n = 0;

	plan->extra = bench_shared((count + blocks) * sizeof(*plan->extra));
	for (i = 0; i < count; i++) {
		block = pages[i] / BLOCK_PAGES;
		if (!seen[block] && state_is(plan, "unmapped")) {
			plan->extra[n] = true;
			order[n++] = block * BLOCK_PAGES + EXTRA;
		}
		seen[block] = true;
		order[n++] = pages[i];
	}
	plan->reads.order = order;
	plan->reads.count = n;
}

static void make_plan(struct plan *plan, uint32_t count, bool random)
{
	uint32_t *pages = bench_order(count, random);
	uint32_t i;

	plan->apart = random ? APART : 1;
	if (state_is(plan, "first"))
		plan->apart = BLOCK_PAGES;
	for (i = 0; i < count; i++)
		pages[i] *= plan->apart;
	insert_extras(plan, pages, count);
	plan->reads.ns = bench_shared(plan->reads.count * sizeof(*plan->reads.ns));
	cluster.each = (count * (uint64_t)plan->apart * PAGE + 2 * MIB - 1) /
		       (2 * MIB) * (2 * MIB);
	plan->offset = state_is(plan, "third") ? 2 * cluster.each : 0;
}

static bool state_is_known(const struct plan *plan)
{
	static const char *const states[] = {
		"", "unmapped", "first", "mapped", "shared", "third",
	};
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (state_is(plan, states[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct plan plan = { };
	uint32_t count, nodes_min = 2;

	if (argc > 1 && bench_takes_transport(&cluster, argv[1])) {
		argc--;
		argv++;
	}
	if (argc < 5)
		tap_bail("remote [rdma|tcp] NODES THREADS PAGES random|sequential [STATE]");
	plan.state = argc > 5 ? argv[5] : "";
	cluster.nodes = atoi(argv[1]);
	plan.reads.threads = atoi(argv[2]);
	count = atoi(argv[3]);
	if (!state_is_known(&plan))
		tap_bail("no such state: %s", plan.state);
	if (state_is(&plan, "shared") || state_is(&plan, "third"))
		nodes_min = 3;
	if (cluster.nodes < nodes_min || cluster.nodes > NODES_MAX ||
	    !plan.reads.threads || plan.reads.threads > THREADS_MAX || !count)
		tap_bail("too many or too few nodes, threads or pages");
	make_plan(&plan, count, !strcmp(argv[4], "random"));

	bench_cluster_new(&cluster);
	if (state_is(&plan, "mapped"))
		bench_policy(&cluster, SSI_DSM_POLICY_HUGE, 0);
	touch_all(&plan, 0, true);
	if (state_is(&plan, "shared"))
		touch_all(&plan, 2, false);
	bench_in_child(read_on_node_1, &plan);
	bench_cluster_del(&cluster);
	return 0;
}
