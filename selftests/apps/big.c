// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * big MIB TOUCHES THREADS: a working set of MIB. Each thread fills its part, then
 * adds one to words in pages of its part that chance chooses, TOUCHES times in all.
 * At the end the words are added up. Exit code 1: a wrong sum.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE		4096
#define MAX_THREADS	64

struct part {
	pthread_t thread;
	unsigned char *start;
	uint64_t pages;
	uint64_t touches;
	uint64_t chance;
};

static pthread_barrier_t filled;

static uint64_t *word_of(const struct part *part, uint64_t page)
{
	return (uint64_t *)(part->start + page * PAGE);
}

/* George Marsaglia's xorshift64 */
static uint64_t next(uint64_t *chance)
{
	*chance ^= *chance << 13;
	*chance ^= *chance >> 7;
	*chance ^= *chance << 17;
	return *chance;
}

static void *use(void *arg)
{
	struct part *part = arg;

	for (uint64_t page = 0; page < part->pages; page++)
		memset(word_of(part, page), 0, 8);
	pthread_barrier_wait(&filled);
	pthread_barrier_wait(&filled);
	for (uint64_t i = 0; i < part->touches; i++)
		++*word_of(part, next(&part->chance) % part->pages);
	return NULL;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static uint64_t sum_of(const struct part *part)
{
	uint64_t sum = 0;

	for (uint64_t page = 0; page < part->pages; page++)
		sum += *word_of(part, page);
	return sum;
}

int main(int argc, char **argv)
{
	uint64_t mib = argc > 3 ? strtoull(argv[1], NULL, 10) : 0;
	uint64_t touches = argc > 3 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t threads = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	static struct part parts[MAX_THREADS];
	uint64_t sum = 0;
	unsigned char *all;
	double began;

	if (!mib || !threads || threads > MAX_THREADS)
		return 2;
	all = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return 2;
	pthread_barrier_init(&filled, NULL, threads + 1);
	for (uint64_t i = 0; i < threads; i++) {
		parts[i] = (struct part){
			.pages = (mib << 20) / PAGE / threads,
			.touches = touches / threads, .chance = i + 1,
		};
		parts[i].start = all + i * parts[i].pages * PAGE;
		if (pthread_create(&parts[i].thread, NULL, use, &parts[i]))
			return 2;
	}
	pthread_barrier_wait(&filled);
	began = now();
	pthread_barrier_wait(&filled);
	for (uint64_t i = 0; i < threads; i++)
		pthread_join(parts[i].thread, NULL);
	printf("rate %.1f\n", touches / (now() - began));
	for (uint64_t i = 0; i < threads; i++)
		sum += sum_of(&parts[i]);
	return sum != touches / threads * threads;
}
