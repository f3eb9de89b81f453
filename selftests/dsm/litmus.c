// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Litmus tests of x86 memory ordering between nodes: the guest's own, run by
 * threads each of which has the memory mapped through a node of its own.
 *
 *	litmus [loop|rdma [NODES [DELAY_US]]]
 *
 * LITMUS_RUNS in the environment: runs of each test, half of them with both
 * variables on one page (5120).
 */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/guest/litmus_tests.h"
#include "selftests/unit/tap.h"

#define RUNS	5120
#define ENDLESS	1e9	/* seconds: as many runs as are wanted */

static struct cluster cluster = { .name = "litmus", .nodes = 4, .each = 2 * MIB };
static void *maps[NODES_MAX];

/**
 * struct thread - one thread of a run
 * @thread: itself
 * @run: what all of them are at
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

/* Memory that no run before has touched; every run begins at another place. */
static uint64_t next_place(void)
{
	static uint64_t places;
	uint64_t step = cluster_size(&cluster) / (2 * LITMUS_TESTS);

	return places++ * (step & ~(uint64_t)(PAGE - 1));
}

static void run_layout(struct litmus_run *run, const struct litmus_test *test,
		       bool together, uint64_t runs)
{
	struct thread threads[LITMUS_THREADS];
	uint64_t place = next_place();
	int i, ret;

	litmus_run_init(run, test, together, runs, ENDLESS);
	for (i = 0; i < test->threads; i++) {
		threads[i] = (struct thread) {
			.run = run,
			.index = i,
			.variables = maps[i % cluster.nodes] + place,
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
	struct litmus_run apart, together;
	uint64_t forbidden;

	run_layout(&apart, test, false, runs / 2);
	run_layout(&together, test, true, runs / 2);
	forbidden = apart.counts[LITMUS_FORBIDDEN] +
		    together.counts[LITMUS_FORBIDDEN];
	tap_diag("%s: %" PRIu64 " runs, %" PRIu64 " forbidden, %" PRIu64 " mixed",
		 test->name, litmus_run_count(&apart) +
		 litmus_run_count(&together), forbidden,
		 apart.counts[LITMUS_MIXED] + together.counts[LITMUS_MIXED]);
	tap_ok(!forbidden && litmus_run_count(&apart) >= runs / 2 &&
	       litmus_run_count(&together) >= runs / 2,
	       "%s: no forbidden outcome", test->name);
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
	tap_plan(1 + LITMUS_TESTS);
	cluster_make(&cluster);
	for (n = 0; n < cluster.nodes; n++)
		files[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
	tap_ok(cluster_wait_ready(&cluster), "the region is ready");
	for (n = 0; n < cluster.nodes; n++) {
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
