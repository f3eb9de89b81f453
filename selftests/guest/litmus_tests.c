// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Litmus tests of x86 memory ordering: the tests, and how they are run.
 *
 * DOC: Theory of operation
 *
 * A test is a few lines that two or four CPUs run at the same time on two
 * variables, x and y, and the outcome that x86 forbids (Intel SDM volume 3,
 * 9.2.3). A page of another node takes a millisecond to come, so the threads of
 * a single instance would hardly ever overlap. A batch is therefore an array of
 * instances of x and y, through which all threads run without waiting for each
 * other; between batches is a barrier.
 *
 * The variables of a batch lie on two pages, share one, or have a page each, so
 * that pages come and go between the instances. Nothing is reset between
 * batches: batch k writes the value k, so that "old" is k - 1 and "new" is k.
 * Results go to pages that only their thread writes, and thread 0 judges them
 * behind the barrier.
 */
#include <string.h>
#include <time.h>

#include "litmus_tests.h"
#include "barrier.h"

#define INSTANCES	256	/* a page of 16 bytes each */

/* Pauses before a batch: few, so that threads of one node meet; or many. */
#define DELAY_SHORT	0x7
#define DELAY_LONG	0x3ff

typedef litmus_var var;

static struct litmus_reads results[LITMUS_THREADS][INSTANCES] PAGE_ALIGNED;
static struct barrier barrier;

static void write_x_write_y(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	(void)r;
	*x = k;
	*y = k;
}

static void read_y_read_x(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	(void)k;
	r->a = *y;
	r->b = *x;
}

static void read_x_read_y(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	(void)k;
	r->a = *x;
	r->b = *y;
}

static void write_x(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	(void)y;
	(void)r;
	*x = k;
}

static void write_y(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	(void)x;
	(void)r;
	*y = k;
}

static void read_x_twice(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	(void)y;
	(void)k;
	r->a = *x;
	r->b = *x;
}

static void write_x_read_y(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	*x = k;
	r->a = *y;
}

static void write_y_read_x(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	*y = k;
	r->a = *x;
}

static void write_x_fence_read_y(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	*x = k;
	asm volatile("mfence" : : : "memory");
	r->a = *y;
}

static void write_y_fence_read_x(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	*y = k;
	asm volatile("mfence" : : : "memory");
	r->a = *x;
}

static void read_x_write_y(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	r->a = *x;
	*y = k;
}

static void read_y_write_x(var *x, var *y, uint64_t k, struct litmus_reads *r)
{
	r->a = *y;
	*x = k;
}

/* The second read sees older data than the first. */
static enum litmus_outcome judge_reads(const struct litmus_reads *r, uint64_t k)
{
	if (r->a == k && r->b != k)
		return LITMUS_FORBIDDEN;
	return r->a != k && r->b == k ? LITMUS_MIXED : LITMUS_PLAIN;
}

static enum litmus_outcome judge_second(const struct litmus_reads *const *r, uint64_t k)
{
	return judge_reads(r[1], k);
}

/* No thread sees a write: allowed, for both wait in store buffers. */
static enum litmus_outcome judge_sb(const struct litmus_reads *const *r, uint64_t k)
{
	return r[0]->a != k && r[1]->a != k ? LITMUS_MIXED : LITMUS_PLAIN;
}

static enum litmus_outcome judge_sb_fenced(const struct litmus_reads *const *r, uint64_t k)
{
	if (r[0]->a != k && r[1]->a != k)
		return LITMUS_FORBIDDEN;
	return r[0]->a == k && r[1]->a == k ? LITMUS_MIXED : LITMUS_PLAIN;
}

static enum litmus_outcome judge_lb(const struct litmus_reads *const *r, uint64_t k)
{
	if (r[0]->a == k && r[1]->a == k)
		return LITMUS_FORBIDDEN;
	return r[0]->a != k && r[1]->a != k ? LITMUS_MIXED : LITMUS_PLAIN;
}

/* The two readers see the two writes in different orders. */
static enum litmus_outcome judge_iriw(const struct litmus_reads *const *r, uint64_t k)
{
	bool x_first = r[2]->a == k && r[2]->b != k;
	bool y_first = r[3]->a == k && r[3]->b != k;

	if (x_first && y_first)
		return LITMUS_FORBIDDEN;
	return x_first || y_first ? LITMUS_MIXED : LITMUS_PLAIN;
}

const struct litmus_test litmus_tests[LITMUS_TESTS] = {
	{ "mp", 2, { write_x_write_y, read_y_read_x }, judge_second },
	{ "sb", 2, { write_x_read_y, write_y_read_x }, judge_sb },
	{ "sb_fenced", 2, { write_x_fence_read_y, write_y_fence_read_x },
	  judge_sb_fenced },
	{ "lb", 2, { read_x_write_y, read_y_write_x }, judge_lb },
	{ "corr", 2, { write_x, read_x_twice }, judge_second },
	{ "iriw", 4, { write_x, write_y, read_x_read_y, read_y_read_x },
	  judge_iriw },
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* splitmix64: good enough to vary where and when the threads meet. */
static uint64_t hash(uint64_t value)
{
	value += 0x9e3779b97f4a7c15;
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
	value = (value ^ value >> 27) * 0x94d049bb133111eb;
	return value ^ value >> 31;
}

/* In every other batch the threads start at different instances. */
static void run_batch(const struct litmus_run *run, int thread, var *x,
		      uint64_t k)
{
	uint64_t start = hash(k % 2 ? k : k * LITMUS_THREADS + thread);
	unsigned int delay = hash(k * LITMUS_THREADS + thread) &
			     (k % 4 == 3 ? DELAY_LONG : DELAY_SHORT);
	var *y = x + run->y_offset;

	while (delay--)
		barrier_relax();
	for (unsigned int n = 0; n < run->instances; n++) {
		unsigned int i = (start + n) % run->instances;

		run->test->run[thread](x + i * run->stride, y + i * run->stride,
				       k, &results[thread][i]);
	}
}

static void judge_batch(struct litmus_run *run, uint64_t k)
{
	for (unsigned int i = 0; i < run->instances; i++) {
		const struct litmus_reads *r[LITMUS_THREADS];

		for (int thread = 0; thread < LITMUS_THREADS; thread++)
			r[thread] = &results[thread][i];
		run->counts[run->test->judge(r, k)]++;
	}
	run->batches = k;
	if (k >= run->max_batches || now() > run->deadline)
		run->stop = true;
}

void litmus_run_thread(struct litmus_run *run, int thread, var *variables)
{
	for (uint64_t k = 1; ; k++) {
		barrier_wait(&barrier, run->test->threads);
		if (run->stop)
			return;
		run_batch(run, thread, variables, k);
		barrier_wait(&barrier, run->test->threads);
		if (!thread)
			judge_batch(run, k);
	}
}

#define PAGE_WORDS	(PAGE_SIZE / sizeof(var))

static const struct {
	unsigned int y_offset;
	unsigned int stride;
	size_t pages;
} layouts[LITMUS_LAYOUTS] = {
	[LITMUS_TOGETHER] = { PAGE_WORDS / 2, 1, 1 },
	[LITMUS_APART] = { PAGE_WORDS, 2, 2 },
	[LITMUS_SPREAD] = { PAGE_WORDS, 2 * PAGE_WORDS, 2 * INSTANCES },
};

size_t litmus_size(enum litmus_layout layout)
{
	return layouts[layout].pages * PAGE_SIZE;
}

void litmus_run_init(struct litmus_run *run, const struct litmus_test *test,
		     enum litmus_layout layout, uint64_t runs, double seconds)
{
	unsigned int instances = runs < INSTANCES ? runs : INSTANCES;

	*run = (struct litmus_run) {
		.test = test,
		.y_offset = layouts[layout].y_offset,
		.stride = layouts[layout].stride,
		.instances = instances,
		.max_batches = (runs + instances - 1) / instances,
		.deadline = now() + seconds,
	};
	memset(results, 0, sizeof(results));
}

uint64_t litmus_run_count(const struct litmus_run *run)
{
	return run->batches * run->instances;
}
