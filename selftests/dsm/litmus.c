// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Litmus tests of x86 memory ordering between nodes: the guest's own tests, run
 * by threads that each have the memory mapped through a node of their own.
 *
 *	litmus [loop|rdma [NODES [DELAY_US]]]
 *
 * There is no hold window, so that a page may move between any two accesses.
 *
 * LITMUS_RUNS in the environment: runs of each test and layout (2560).
 */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/guest/litmus_tests.h"
#include "selftests/unit/tap.h"

#define RUNS	2560
#define ENDLESS	1e9	/* seconds: as many runs as are wanted */

static struct cluster cluster = { .name = "litmus", .nodes = 4, .each = 4 * MIB };
static uint8_t *maps[NODES_MAX];

/**
 * struct thread - one thread of a run
 * @thread: itself
 * @run: the run that all of them are in
 * @index: which of the test's threads it is
 * @variables: as its node sees them
 */
struct thread {
	pthread_t thread;
	struct litmus_run *run;
	int index;
	litmus_var *variables;
};

static void *run_thread(void *arg)
{
	struct thread *t = arg;

	litmus_run_thread(t->run, t->index, t->variables);
	return NULL;
}

/* Memory that no run before has touched. */
static uint64_t next_place(size_t size)
{
	static uint64_t next;
	uint64_t place = next;

	next += size;
	if (next > cluster_size(&cluster))
		tap_bail("the region is too small for all runs");
	return place;
}

static void run_layout(struct litmus_run *run, const struct litmus_test *test,
		       enum litmus_layout layout, uint64_t runs)
{
	uint64_t place = next_place(litmus_size(layout));
	struct thread threads[LITMUS_THREADS];
	int i, ret;

	litmus_run_init(run, test, layout, runs, ENDLESS);
	for (i = 0; i < test->threads; i++) {
		threads[i] = (struct thread) {
			.run = run,
			.index = i,
			.variables = (litmus_var *)(maps[i % cluster.nodes] +
						    place),
		};
		ret = pthread_create(&threads[i].thread, NULL, run_thread,
				     &threads[i]);
		if (ret)	/* those before wait for it in vain */
			tap_bail("no thread: %s", strerror(ret));
	}
	for (i = 0; i < test->threads; i++)
		pthread_join(threads[i].thread, NULL);
}

static void run_test(const struct litmus_test *test, uint64_t runs)
{
	static const char *const names[LITMUS_LAYOUTS] = {
		"on one page", "on two pages", "on a page each"
	};
	struct litmus_run run;
	uint32_t layout;

	for (layout = 0; layout < LITMUS_LAYOUTS; layout++) {
		run_layout(&run, test, layout, runs);
		tap_diag("%" PRIu64 " runs, %" PRIu64 " mixed",
			 litmus_run_count(&run), run.counts[LITMUS_MIXED]);
		tap_ok(!run.counts[LITMUS_FORBIDDEN] &&
		       litmus_run_count(&run) >= runs,
		       "%s, %s: no forbidden outcome", test->name,
		       names[layout]);
	}
}

static uint64_t wanted_runs(void)
{
	const char *text = getenv("LITMUS_RUNS");

	return text ? strtoull(text, NULL, 10) : RUNS;
}

int main(int argc, char **argv)
{
	int files[NODES_MAX];
	uint32_t n, i;

	cluster_args(&cluster, argc, argv);
	conf_need();
	tap_plan(1 + LITMUS_TESTS * LITMUS_LAYOUTS);
	cluster_make(&cluster);
	for (n = 0; n < cluster.nodes; n++)
		files[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
	tap_ok(cluster_wait_ready(&cluster), "the region is ready");
	for (n = 0; n < cluster.nodes; n++) {
		policy_set(cluster.name, n, REGION, SSI_DSM_POLICY_HOLD, 0);
		maps[n] = map_region(files[n], cluster_size(&cluster));
		if (!maps[n])
			tap_bail("node %u: mmap failed", n);
	}
	for (i = 0; i < LITMUS_TESTS; i++)
		run_test(&litmus_tests[i], wanted_runs());
	for (n = 0; n < cluster.nodes; n++) {
		munmap(maps[n], cluster_size(&cluster));
		close(files[n]);
	}
	cluster_delete(&cluster);
	return tap_exit();
}
