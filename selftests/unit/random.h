/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For programs that drive devices of the VMM at random, under ASan and UBSan:
 *
 *   random_... [--seed N] [--seconds S]
 *
 * What is done follows from the seed, which is printed; where threads of a
 * device or of the program run at once, when it is done does not.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../../vmm/log.h"
#include "tap.h"

#define RANDOM_STALL_S	20	/* an operation takes no longer */

static struct {
	uint64_t seed;
	double seconds;
	double end;
	/* Operations so far, of all threads. */
	atomic_ullong done;
} random_run;

static _Thread_local uint64_t random_state;

/* ---- numbers ---------------------------------------------------------------- */

/* Each thread has its own: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t random_bits(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline uint64_t random_below(uint64_t limit)
{
	return random_bits() % limit;
}

/* Any number, with those preferred at which something begins or ends. */
static inline uint64_t random_odd(void)
{
	uint64_t power = 1ull << random_below(64);

	switch (random_below(4)) {
	case 0:
		return random_below(300);
	case 1:
		return power - random_below(3);
	case 2:
		return -power + random_below(3);
	default:
		return random_bits();
	}
}

static inline unsigned int random_len(void)
{
	return 1u << random_below(4);
}

/* ---- time ------------------------------------------------------------------- */

static inline double random_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* One operation of this thread has ended. Return: whether to do another. */
static inline bool random_goes_on(void)
{
	static _Thread_local unsigned int count;
	static _Thread_local bool over;

	atomic_fetch_add(&random_run.done, 1);
	if (count++ % 64 == 0)
		over = random_now() > random_run.end;
	return !over;
}

/* Ends the program if no operation ends any more. */
static inline void *random_watch(void *unused)
{
	unsigned long long before = 0, now;

	for (;;) {
		sleep(RANDOM_STALL_S);
		now = atomic_load(&random_run.done);
		if (now == before)
			tap_bail("no operation has ended for %d s; seed %llu",
				 RANDOM_STALL_S,
				 (unsigned long long)random_run.seed);
		before = now;
	}
	return unused;
}

/* ---- begin ------------------------------------------------------------------ */

static inline void random_begin(int argc, char **argv, double seconds)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 's' },
		{ 0 },
	};
	pthread_t thread;
	int option;

	random_run.seed = time(NULL);
	random_run.seconds = seconds;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			random_run.seed = strtoull(optarg, NULL, 0);
		else if (option == 's')
			random_run.seconds = atof(optarg);
		else
			exit(EXIT_FAILURE);
	}
	random_state = random_run.seed;
	random_run.end = random_now() + random_run.seconds;
	tap_diag("seed %llu, %.0f s", (unsigned long long)random_run.seed,
		 random_run.seconds);
	if (pthread_create(&thread, NULL, random_watch, NULL))
		tap_bail("there is no thread");
}

#endif /* RANDOM_H */
