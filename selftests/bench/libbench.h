/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timed touches of memory, and the output of their times.
 *
 * A program here prints series, one a line: a name, then a number for each
 * sample, in ns unless the name says otherwise. selftests/bench/bench computes
 * the results.
 */
#ifndef LIBBENCH_H
#define LIBBENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "selftests/dsm/libcluster.h"

#define THREADS_MAX	32u

/**
 * struct touches - pages to touch, each once and timed
 * @mem: where the pages are
 * @order: page numbers, in the order they are touched
 * @count: how many
 * @threads: share them; thread t takes the t-th of the parts, which are equal
 * @write: store to them, do not load
 * @ns: out: how long each took, in the order of @order; bench_shared()
 * @elapsed: out: until the last was done, in ns
 */
struct touches {
	volatile uint8_t *mem;
	const uint32_t *order;
	uint32_t count;
	uint32_t threads;
	bool write;
	uint64_t *ns;
	uint64_t elapsed;
};

uint64_t now_ns(void);

/* Whether @word is a transport; then @c has it. */
bool bench_takes_transport(struct cluster *c, const char *word);

/* Bails out, with @what and errno, if not @ok. */
void bench_must(bool ok, const char *what);

/* Zeroed memory that children share. Bails out if there is none. */
void *bench_shared(uint64_t size);

/*
 * Numbers 0 .. @count - 1, shuffled with a fixed seed or ascending; never
 * freed.
 */
uint32_t *bench_order(uint32_t count, bool shuffled);

/* Touches all pages of @t. Bails out if there are no threads. */
void bench_touch(struct touches *t);

/* One line: @name and @n numbers. */
void bench_print(const char *name, const uint64_t *values, uint32_t n);

/* Runs @fn in a process of its own. Returns its pid. */
int bench_fork(void (*fn)(void *arg), void *arg);

/*
 * Runs @fn in a process of its own and waits for it. Bails out if it takes
 * longer than DEADLINE_MS or fails.
 */
void bench_in_child(void (*fn)(void *arg), void *arg);

/*
 * Starts a process that serves others: @serve writes a byte to @ready when it can,
 * and goes on until bench_server_end(). Returns its pid.
 */
int bench_server(void (*serve)(int ready));
void bench_server_end(int pid);

/*
 * A cluster whose region is ready, its node n kept by an attached
 * file. bench_map() attaches to @node and maps the region.
 */
void bench_cluster_new(const struct cluster *c);
volatile uint8_t *bench_map(const struct cluster *c, uint32_t node);

/* Sets a policy of the region (enum ssi_dsm_policy) on all nodes. */
void bench_policy(const struct cluster *c, uint32_t policy, uint64_t value);

/* Unmaps everything and deletes the nodes. */
void bench_cluster_del(const struct cluster *c);

#endif /* LIBBENCH_H */
