// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Litmus tests of x86 memory ordering across nodes.
 *
 * DOC: Theory of operation
 *
 * A test is a few lines that two or four CPUs run at the same time on two
 * variables, x and y, and the outcome that x86 forbids (Intel SDM volume 3,
 * 9.2.3). A page that lives on another node takes a millisecond to come, so
 * one instance at a time would measure nothing but that: a batch is an array
 * of instances of x and y, through which all threads run without waiting for
 * each other; between batches is a barrier.
 *
 * The variables of a batch lie on a page each ("apart") or share one
 * ("together"). Nothing is reset between batches: batch k writes the value k,
 * so that "old" is k - 1 and "new" is k. Results go to pages that only their
 * thread writes, and thread 0 judges them behind the barrier.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "report.h"
#include "workers.h"

#define INSTANCES	256	/* a page of 16 bytes each */
#define MAX_THREADS	4

/* Pauses before a batch: few, so that threads of one node meet; or many. */
#define DELAY_SHORT	0x7
#define DELAY_LONG	0x3ff

typedef volatile uint64_t var;

/* What a thread read; the first and the second value. */
struct reads {
	uint64_t a;
	uint64_t b;
};

enum outcome { OUTCOME_PLAIN, OUTCOME_MIXED, OUTCOME_FORBIDDEN };

/**
 * struct litmus_test - one test
 * @name: prefix of its keys
 * @threads: how many CPUs it takes
 * @run: what each thread does; k is the new value
 * @judge: of one instance; MIXED is an allowed outcome that only appears when
 *	the threads really ran at the same time
 */
struct litmus_test {
	const char *name;
	int threads;
	void (*run[MAX_THREADS])(var *x, var *y, uint64_t k, struct reads *r);
	enum outcome (*judge)(const struct reads *const *r, uint64_t k);
};

static struct reads results[MAX_THREADS][INSTANCES] PAGE_ALIGNED;
static uint64_t variables[2][PAGE_SIZE / 8] PAGE_ALIGNED;
static struct workers_barrier barrier;

/**
 * struct litmus_run - one test in one layout
 * @test: the test
 * @y_offset: words from x to y
 * @stride: words from one instance to the next
 * @max_batches: stop after these,
 * @deadline: or at this time
 * @stop: thread 0 says so, in front of a barrier
 * @batches: done
 * @counts: instances by outcome
 */
struct litmus_run {
	const struct litmus_test *test;
	unsigned int y_offset;
	unsigned int stride;
	uint64_t max_batches;
	double deadline;
	bool stop;
	uint64_t batches;
	uint64_t counts[3];
};

static void write_x_write_y(var *x, var *y, uint64_t k, struct reads *r)
{
	(void)r;
	*x = k;
	*y = k;
}

static void read_y_read_x(var *x, var *y, uint64_t k, struct reads *r)
{
	(void)k;
	r->a = *y;
	r->b = *x;
}

static void read_x_read_y(var *x, var *y, uint64_t k, struct reads *r)
{
	(void)k;
	r->a = *x;
	r->b = *y;
}

static void write_x(var *x, var *y, uint64_t k, struct reads *r)
{
	(void)y;
	(void)r;
	*x = k;
}

static void write_y(var *x, var *y, uint64_t k, struct reads *r)
{
	(void)x;
	(void)r;
	*y = k;
}

static void read_x_twice(var *x, var *y, uint64_t k, struct reads *r)
{
	(void)y;
	(void)k;
	r->a = *x;
	r->b = *x;
}

static void write_x_read_y(var *x, var *y, uint64_t k, struct reads *r)
{
	*x = k;
	r->a = *y;
}

static void write_y_read_x(var *x, var *y, uint64_t k, struct reads *r)
{
	*y = k;
	r->a = *x;
}

static void write_x_fence_read_y(var *x, var *y, uint64_t k, struct reads *r)
{
	*x = k;
	asm volatile("mfence" : : : "memory");
	r->a = *y;
}

static void write_y_fence_read_x(var *x, var *y, uint64_t k, struct reads *r)
{
	*y = k;
	asm volatile("mfence" : : : "memory");
	r->a = *x;
}

static void read_x_write_y(var *x, var *y, uint64_t k, struct reads *r)
{
	r->a = *x;
	*y = k;
}

static void read_y_write_x(var *x, var *y, uint64_t k, struct reads *r)
{
	r->a = *y;
	*x = k;
}

/* The second read sees older data than the first. */
static enum outcome judge_reads(const struct reads *r, uint64_t k)
{
	if (r->a == k && r->b != k)
		return OUTCOME_FORBIDDEN;
	return r->a != k && r->b == k ? OUTCOME_MIXED : OUTCOME_PLAIN;
}

static enum outcome judge_second(const struct reads *const *r, uint64_t k)
{
	return judge_reads(r[1], k);
}

/* Both writes are seen by nobody: allowed, for they wait in store buffers. */
static enum outcome judge_sb(const struct reads *const *r, uint64_t k)
{
	return r[0]->a != k && r[1]->a != k ? OUTCOME_MIXED : OUTCOME_PLAIN;
}

static enum outcome judge_sb_fenced(const struct reads *const *r, uint64_t k)
{
	if (r[0]->a != k && r[1]->a != k)
		return OUTCOME_FORBIDDEN;
	return r[0]->a == k && r[1]->a == k ? OUTCOME_MIXED : OUTCOME_PLAIN;
}

static enum outcome judge_lb(const struct reads *const *r, uint64_t k)
{
	if (r[0]->a == k && r[1]->a == k)
		return OUTCOME_FORBIDDEN;
	return r[0]->a != k && r[1]->a != k ? OUTCOME_MIXED : OUTCOME_PLAIN;
}

/* The two readers see the two writes in different orders. */
static enum outcome judge_iriw(const struct reads *const *r, uint64_t k)
{
	bool x_first = r[2]->a == k && r[2]->b != k;
	bool y_first = r[3]->a == k && r[3]->b != k;

	if (x_first && y_first)
		return OUTCOME_FORBIDDEN;
	return x_first || y_first ? OUTCOME_MIXED : OUTCOME_PLAIN;
}

static const struct litmus_test tests[] = {
	{ "mp", 2, { write_x_write_y, read_y_read_x }, judge_second },
	{ "sb", 2, { write_x_read_y, write_y_read_x }, judge_sb },
	{ "sb_fenced", 2, { write_x_fence_read_y, write_y_fence_read_x },
	  judge_sb_fenced },
	{ "lb", 2, { read_x_write_y, read_y_write_x }, judge_lb },
	{ "corr", 2, { write_x, read_x_twice }, judge_second },
	{ "iriw", 4, { write_x, write_y, read_x_read_y, read_y_read_x },
	  judge_iriw },
};

#define NUM_TESTS	(sizeof(tests) / sizeof(tests[0]))

/* splitmix64: enough to vary where and when the threads meet. */
static uint64_t hash(uint64_t value)
{
	value += 0x9e3779b97f4a7c15;
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
	value = (value ^ value >> 27) * 0x94d049bb133111eb;
	return value ^ value >> 31;
}

/* In every other batch the threads start at different instances. */
static void run_batch(const struct litmus_run *run, int thread, uint64_t k)
{
	uint64_t start = hash(k % 2 ? k : k * MAX_THREADS + thread);
	unsigned int delay = hash(k * MAX_THREADS + thread) &
			     (k % 4 == 3 ? DELAY_LONG : DELAY_SHORT);
	var *x = variables[0], *y = x + run->y_offset;

	while (delay--)
		workers_relax();
	for (unsigned int n = 0; n < INSTANCES; n++) {
		unsigned int i = (start + n) % INSTANCES;

		run->test->run[thread](x + i * run->stride, y + i * run->stride,
				       k, &results[thread][i]);
	}
}

static void judge_batch(struct litmus_run *run, uint64_t k)
{
	for (unsigned int i = 0; i < INSTANCES; i++) {
		const struct reads *r[MAX_THREADS];

		for (int thread = 0; thread < MAX_THREADS; thread++)
			r[thread] = &results[thread][i];
		run->counts[run->test->judge(r, k)]++;
	}
	run->batches = k;
	if (k >= run->max_batches || report_now() > run->deadline)
		run->stop = true;
}

static void run_thread(int thread, void *arg)
{
	struct litmus_run *run = arg;

	for (uint64_t k = 1; ; k++) {
		workers_wait(&barrier, run->test->threads);
		if (run->stop)
			return;
		run_batch(run, thread, k);
		workers_wait(&barrier, run->test->threads);
		if (!thread)
			judge_batch(run, k);
	}
}

static int run_layout(struct litmus_run *run, const struct machine *machine,
		      const struct settings *settings)
{
	memset(variables, 0, sizeof(variables));
	memset(results, 0, sizeof(results));
	run->stop = false;
	run->max_batches = (settings->litmus_runs + INSTANCES - 1) / INSTANCES;
	run->deadline = report_now() + settings->seconds;
	return workers_run(machine->cpus, run->test->threads, run_thread, run);
}

/* Returns the number of runs. */
static uint64_t run_test(const struct litmus_test *test,
			 const struct machine *machine,
			 const struct settings *settings)
{
	struct litmus_run apart = {
		.test = test, .y_offset = PAGE_SIZE / 8, .stride = 2,
	};
	struct litmus_run together = {
		.test = test, .y_offset = PAGE_SIZE / 16, .stride = 1,
	};
	uint64_t forbidden, mixed;

	if (run_layout(&apart, machine, settings) ||
	    run_layout(&together, machine, settings))
		return 0;
	forbidden = apart.counts[OUTCOME_FORBIDDEN] +
		    together.counts[OUTCOME_FORBIDDEN];
	mixed = apart.counts[OUTCOME_MIXED] + together.counts[OUTCOME_MIXED];
	if (forbidden)
		report_fail("%s: a forbidden outcome was seen %" PRIu64 " times with the variables on two pages and %" PRIu64 " times with both on one.",
			    test->name, apart.counts[OUTCOME_FORBIDDEN],
			    together.counts[OUTCOME_FORBIDDEN]);
	report_key("%s_forbidden=%" PRIu64 " %s_mixed=%" PRIu64, test->name,
		   forbidden, test->name, mixed);
	return (apart.batches + together.batches) * INSTANCES;
}

void check_litmus(const struct machine *machine,
		  const struct settings *settings)
{
	uint64_t runs = 0;

	for (size_t i = 0; i < NUM_TESTS; i++) {
		if (tests[i].threads > machine->num_cpus) {
			report_skip(tests[i].name);
			continue;
		}
		runs += run_test(&tests[i], machine, settings);
		report_progress("%s is done, %" PRIu64 " runs so far.",
				tests[i].name, runs);
	}
	report_key("runs=%" PRIu64, runs);
}
