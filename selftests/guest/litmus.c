// SPDX-License-Identifier: GPL-2.0-or-later
/* Litmus tests of x86 memory ordering, on CPUs of different nodes. */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "checks.h"
#include "litmus_tests.h"
#include "report.h"
#include "workers.h"

/* Memory for the largest layout; freed, since the memory check needs all. */
#define VARIABLES_SIZE	litmus_size(LITMUS_SPREAD)

static litmus_var *variables;

static const char *const layouts[LITMUS_LAYOUTS] = {
	[LITMUS_TOGETHER] = "both variables on one page",
	[LITMUS_APART] = "the variables on two pages",
	[LITMUS_SPREAD] = "a page for each variable",
};

static void run_thread(int thread, void *run)
{
	litmus_run_thread(run, thread, variables);
}

/* Returns the number of runs. */
static uint64_t run_test(const struct litmus_test *test,
			 const struct machine *machine,
			 const struct settings *settings)
{
	uint64_t counts[LITMUS_OUTCOMES] = { 0 };
	uint64_t runs = 0;

	for (uint32_t layout = 0; layout < LITMUS_LAYOUTS; layout++) {
		struct litmus_run run;

		memset((void *)variables, 0, litmus_size(layout));
		litmus_run_init(&run, test, layout, settings->litmus_runs,
				settings->seconds / LITMUS_LAYOUTS);
		if (workers_run(machine->cpus, test->threads, run_thread, &run))
			return 0;
		if (run.counts[LITMUS_FORBIDDEN])
			report_fail("%s: a forbidden outcome was seen %" PRIu64 " times with %s.",
				    test->name, run.counts[LITMUS_FORBIDDEN],
				    layouts[layout]);
		for (int i = 0; i < LITMUS_OUTCOMES; i++)
			counts[i] += run.counts[i];
		runs += litmus_run_count(&run);
	}
	report_key("%s_forbidden=%" PRIu64 " %s_mixed=%" PRIu64, test->name,
		   counts[LITMUS_FORBIDDEN], test->name, counts[LITMUS_MIXED]);
	return runs;
}

void check_litmus(const struct machine *machine,
		  const struct settings *settings)
{
	uint64_t runs = 0;
	void *area;

	area = mmap(NULL, VARIABLES_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED) {
		report_fail("No %zu bytes can be had: %s.", VARIABLES_SIZE,
			    strerror(errno));
		return;
	}
	variables = area;
	for (size_t i = 0; i < LITMUS_TESTS; i++) {
		if (litmus_tests[i].threads > machine->num_cpus) {
			report_skip(litmus_tests[i].name);
			continue;
		}
		runs += run_test(&litmus_tests[i], machine, settings);
		report_progress("%s is done, %" PRIu64 " runs so far.",
				litmus_tests[i].name, runs);
	}
	munmap(area, VARIABLES_SIZE);
	report_key("runs=%" PRIu64, runs);
}
