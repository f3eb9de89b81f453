/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Litmus tests of x86 memory ordering. They have threads and variables, and do
 * not depend on how these are connected: the guest's CPUs run them, and so do
 * programs that are attached to different nodes (selftests/dsm/litmus.c).
 */
#ifndef SSI_LITMUS_TESTS_H
#define SSI_LITMUS_TESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LITMUS_THREADS		4
#define LITMUS_TESTS		6

typedef volatile uint64_t litmus_var;

/* The two values that a thread has read. */
struct litmus_reads {
	uint64_t a;
	uint64_t b;
};

enum litmus_outcome {
	LITMUS_PLAIN,
	LITMUS_MIXED,
	LITMUS_FORBIDDEN,
	LITMUS_OUTCOMES,
};

/**
 * struct litmus_test - one test
 * @name: prefix of its keys
 * @threads: how many CPUs it takes
 * @run: the code of each thread; k is the new value
 * @judge: of one instance; MIXED is an allowed outcome that only appears when
 *	the threads really ran at the same time
 */
struct litmus_test {
	const char *name;
	int threads;
	void (*run[LITMUS_THREADS])(litmus_var *x, litmus_var *y, uint64_t k,
				    struct litmus_reads *r);
	enum litmus_outcome (*judge)(const struct litmus_reads *const *r,
				     uint64_t k);
};

/* The places of the variables of a test's instances. */
enum litmus_layout {
	LITMUS_TOGETHER,	/* all on one page */
	LITMUS_APART,		/* all x on one page, all y on another */
	LITMUS_SPREAD,		/* each on a page of its own */
	LITMUS_LAYOUTS,
};

extern const struct litmus_test litmus_tests[LITMUS_TESTS];

/**
 * struct litmus_run - one test in one layout
 * @test: the test
 * @y_offset: words from x to y
 * @stride: words from one instance to the next
 * @instances: of a batch
 * @max_batches: stop after these,
 * @deadline: or at this time
 * @stop: set by thread 0, before a barrier
 * @batches: done
 * @counts: instances by outcome
 */
struct litmus_run {
	const struct litmus_test *test;
	unsigned int y_offset;
	unsigned int stride;
	unsigned int instances;
	uint64_t max_batches;
	double deadline;
	bool stop;
	uint64_t batches;
	uint64_t counts[LITMUS_OUTCOMES];
};

/* Bytes that the variables of a layout take; most in LITMUS_SPREAD. */
size_t litmus_size(enum litmus_layout layout);

/*
 * Begin a run of @runs instances, or for @seconds if that is less. One run at a
 * time.
 */
void litmus_run_init(struct litmus_run *run, const struct litmus_test *test,
		     enum litmus_layout layout, uint64_t runs, double seconds);

/*
 * Run thread @thread of @run->test->threads; all of them run at once.
 * @variables are litmus_size() bytes at a page's beginning, the same memory for
 * all, zero at first.
 */
void litmus_run_thread(struct litmus_run *run, int thread,
		       litmus_var *variables);

/* The number of instances that were run. */
uint64_t litmus_run_count(const struct litmus_run *run);

#endif /* SSI_LITMUS_TESTS_H */
