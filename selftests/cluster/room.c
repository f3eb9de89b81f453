// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One node's program in a region that is larger than the memory of each host.
 *
 *	room NODE fill		writes each word of the region
 *	room NODE check		checks that each word is as written by fill
 *	room NODE hold		is attached until it is killed; without it, the node
 *				would leave the region when fill ends
 *	room NODE add SECONDS	adds 1 to one word in each of some pages, again and
 *				again, and prints "added N"
 *	room NODE sum N		checks that N is the sum of all these words
 *
 * The cluster is called room; the scenarios room and blink of selftests/lab make
 * it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "selftests/dsm/libcluster.h"
#include "selftests/unit/tap.h"

#define CLUSTER		"room"
#define COUNTERS	16u

/* splitmix64: differs for all words, and from a mix of two of them. */
static uint64_t word_of(uint64_t index)
{
	uint64_t x = (index + 1) * 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static void fill(volatile uint64_t *words, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		words[i] = word_of(i);
}

static uint64_t count_bad(const volatile uint64_t *words, uint64_t count)
{
	uint64_t bad = 0;

	for (uint64_t i = 0; i < count; i++)
		bad += words[i] != word_of(i);
	return bad;
}

/* Pages at both nodes are homes of these words. */
static volatile uint64_t *counter(volatile uint64_t *words, uint64_t count,
				  uint64_t index)
{
	return &words[index * (count / COUNTERS)];
}

static void add(volatile uint64_t *words, uint64_t count, uint64_t seconds)
{
	uint64_t until = now_ms() + seconds * 1000, added = 0;

	while (now_ms() < until) {
		__atomic_fetch_add(counter(words, count, added % COUNTERS), 1,
				   __ATOMIC_SEQ_CST);
		added++;
	}
	printf("added %llu\n", (unsigned long long)added);
}

static uint64_t sum(volatile uint64_t *words, uint64_t count)
{
	uint64_t total = 0;

	for (uint64_t i = 0; i < COUNTERS; i++)
		total += *counter(words, count, i);
	return total;
}

/* Whether @argv names one of the uses. */
static bool is_use(int argc, char **argv)
{
	if (argc == 4)
		return !strcmp(argv[2], "add") || !strcmp(argv[2], "sum");
	return argc == 3 &&
	       (!strcmp(argv[2], "fill") || !strcmp(argv[2], "check") ||
		!strcmp(argv[2], "hold"));
}

static uint64_t run(char **argv, volatile uint64_t *words, uint64_t count)
{
	uint64_t number = argv[3] ? strtoull(argv[3], NULL, 10) : 0;

	if (!strcmp(argv[2], "fill"))
		fill(words, count);
	else if (!strcmp(argv[2], "add"))
		add(words, count, number);
	else if (!strcmp(argv[2], "sum"))
		return sum(words, count) - number;
	else
		return count_bad(words, count);
	return 0;
}

static uint64_t size_of(uint32_t node)
{
	struct region_info info;

	if (region_get(CLUSTER, node, REGION, &info))
		tap_bail("region of node %u: %s", node, conf_text());
	return info.size;
}

int main(int argc, char **argv)
{
	uint64_t size, bad;
	volatile uint64_t *words;
	uint32_t node;
	int file;

	if (!is_use(argc, argv))
		tap_bail("room NODE fill|check|hold|add SECONDS|sum N");
	node = strtoul(argv[1], NULL, 10);
	conf_need();
	file = attach(CLUSTER, node, SSI_DSM_ATTACH_NO_CHANNEL);
	if (file < 0)
		tap_bail("attach to node %u: %s", node, strerror(-file));
	if (!strcmp(argv[2], "hold"))
		return pause();
	if (!wait_region(CLUSTER, node, REGION, SSI_DSM_REGION_READY, NULL))
		tap_bail("the region is not ready");
	size = size_of(node);
	words = map_region(file, size);
	if (!words)
		tap_bail("the region cannot be mapped");
	tap_plan(1);
	bad = run(argv, words, size / sizeof(*words));
	tap_ok(!bad, "node %u: %s of %llu MiB, %llu words are wrong", node,
	       argv[2], (unsigned long long)(size / MIB),
	       (unsigned long long)bad);
	return tap_exit();
}
