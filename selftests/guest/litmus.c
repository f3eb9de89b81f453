// SPDX-License-Identifier: GPL-2.0-or-later
/* Litmus tests of x86 memory ordering, on CPUs of different nodes. */
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "checks.h"
#include "litmus_tests.h"
#include "report.h"
#include "workers.h"

static litmus_var variables[2 * PAGE_SIZE / sizeof(litmus_var)] PAGE_ALIGNED;

static void run_thread(int thread, void *run)
{
	litmus_run_thread(run, thread, variables);
}

static int run_layout(struct litmus_run *run, const struct litmus_test *test,
		      enum litmus_layout layout, const struct machine *machine,
		      const struct settings *settings)
{
	memset((void *)variables, 0, sizeof(variables));
	litmus_run_init(run, test, layout, settings->litmus_runs,
			settings->seconds);
	return workers_run(machine->cpus, test->threads, run_thread, run);
}

/* Returns the number of runs. */
static uint64_t run_test(const struct litmus_test *test,
			 const struct machine *machine,
			 const struct settings *settings)
{
	struct litmus_run apart, together;
	uint64_t forbidden, mixed;

	if (run_layout(&apart, test, LITMUS_APART, machine, settings) ||
	    run_layout(&together, test, LITMUS_TOGETHER, machine, settings))
		return 0;
	forbidden = apart.counts[LITMUS_FORBIDDEN] +
		    together.counts[LITMUS_FORBIDDEN];
	mixed = apart.counts[LITMUS_MIXED] + together.counts[LITMUS_MIXED];
	if (forbidden)
		report_fail("%s: a forbidden outcome was seen %" PRIu64 " times with the variables on two pages and %" PRIu64 " times with both on one.",
			    test->name, apart.counts[LITMUS_FORBIDDEN],
			    together.counts[LITMUS_FORBIDDEN]);
	report_key("%s_forbidden=%" PRIu64 " %s_mixed=%" PRIu64, test->name,
		   forbidden, test->name, mixed);
	return litmus_run_count(&apart) + litmus_run_count(&together);
}

void check_litmus(const struct machine *machine,
		  const struct settings *settings)
{
	uint64_t runs = 0;

	for (size_t i = 0; i < LITMUS_TESTS; i++) {
		if (litmus_tests[i].threads > machine->num_cpus) {
			report_skip(litmus_tests[i].name);
			continue;
		}
		runs += run_test(&litmus_tests[i], machine, settings);
		report_progress("%s is done, %" PRIu64 " runs so far.",
				litmus_tests[i].name, runs);
	}
	report_key("runs=%" PRIu64, runs);
}
