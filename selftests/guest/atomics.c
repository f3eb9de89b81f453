// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every CPU adds to the same words, with each kind of locked instruction and
 * under a mutex; each word must be the sum of all additions.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "checks.h"
#include "report.h"
#include "workers.h"

#define ROUNDS_MAX	200000	/* of each thread */
#define ROUNDS_PER_LOOK	64	/* rounds between looks at the clock */

enum word { WORD_ADD, WORD_INC, WORD_XADD, WORD_CMPXCHG, NUM_WORDS };

static const char * const word_names[NUM_WORDS] = {
	"lock add", "lock inc", "lock xadd", "lock cmpxchg",
};

/* The words share a page; the mutex guards words on two other pages. */
static struct {
	uint64_t words[NUM_WORDS] PAGE_ALIGNED;
	pthread_mutex_t mutex PAGE_ALIGNED;
	uint64_t first PAGE_ALIGNED;
	uint64_t second PAGE_ALIGNED;
} shared;

struct atomics {
	double deadline;
	struct {
		uint64_t words;
		uint64_t mutex;
	} done[MAX_CPUS];
	uint64_t torn[MAX_CPUS];
};

static void add_words(void)
{
	uint64_t one = 1, old = shared.words[WORD_CMPXCHG];

	asm volatile("lock addq $1, %0" : "+m"(shared.words[WORD_ADD]));
	asm volatile("lock incq %0" : "+m"(shared.words[WORD_INC]));
	asm volatile("lock xaddq %0, %1"
		     : "+r"(one), "+m"(shared.words[WORD_XADD]));
	while (!__atomic_compare_exchange_n(&shared.words[WORD_CMPXCHG], &old,
					    old + 1, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
		;
}

/* Plain increments, whose sum is only exact if the mutex works. */
static bool add_locked(void)
{
	bool equal;

	pthread_mutex_lock(&shared.mutex);
	equal = shared.first == shared.second;
	shared.first++;
	shared.second++;
	pthread_mutex_unlock(&shared.mutex);
	return equal;
}

static void run_words(int index, void *arg)
{
	struct atomics *atomics = arg;
	uint64_t done = 0;

	do {
		for (int i = 0; i < ROUNDS_PER_LOOK; i++)
			add_words();
		done += ROUNDS_PER_LOOK;
	} while (done < ROUNDS_MAX && report_now() < atomics->deadline);
	atomics->done[index].words = done;
}

static void run_mutex(int index, void *arg)
{
	struct atomics *atomics = arg;
	uint64_t done = 0, torn = 0;

	do {
		torn += !add_locked();
		done++;
	} while (done < ROUNDS_MAX && (done % ROUNDS_PER_LOOK ||
				       report_now() < atomics->deadline));
	atomics->done[index].mutex = done;
	atomics->torn[index] = torn;
}

static void compare(const char *what, uint64_t found, uint64_t expected)
{
	if (found != expected)
		report_fail("%s: the sum is %" PRIu64 " instead of %" PRIu64 ".",
			    what, found, expected);
}

static void evaluate(const struct atomics *atomics, int count)
{
	uint64_t words = 0, mutex = 0, torn = 0;

	for (int i = 0; i < count; i++) {
		words += atomics->done[i].words;
		mutex += atomics->done[i].mutex;
		torn += atomics->torn[i];
	}
	for (int i = 0; i < NUM_WORDS; i++)
		compare(word_names[i], shared.words[i], words);
	compare("mutex, first word", shared.first, mutex);
	compare("mutex, second word", shared.second, mutex);
	if (torn)
		report_fail("The two words under the mutex differed %" PRIu64 " times.",
			    torn);
	report_key("threads=%d locked_adds=%" PRIu64 " mutex_adds=%" PRIu64,
		   count, words * NUM_WORDS, mutex);
}

void check_atomics(const struct machine *machine,
		   const struct settings *settings)
{
	static struct atomics atomics;

	memset(&shared, 0, sizeof(shared));
	pthread_mutex_init(&shared.mutex, NULL);
	atomics.deadline = report_now() + settings->seconds;
	if (workers_run(machine->cpus, machine->num_cpus, run_words, &atomics))
		return;
	atomics.deadline = report_now() + settings->seconds;
	if (workers_run(machine->cpus, machine->num_cpus, run_mutex, &atomics))
		return;
	evaluate(&atomics, machine->num_cpus);
}
