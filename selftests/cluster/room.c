// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One node's program in a region that is larger than the memory of each host.
 *
 *	room NODE fill		writes each word of the region
 *	room NODE check		checks that each word is as written by fill
 *	room NODE hold		is attached until it is killed; without it, the node
 *				would leave the region when fill ends
 *
 * The cluster is called room; selftests/lab/scenarios/room makes it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "selftests/dsm/libcluster.h"
#include "selftests/unit/tap.h"

#define CLUSTER		"room"

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

/* Whether @argv names one of the three uses. */
static bool is_use(int argc, char **argv)
{
	return argc == 3 &&
	       (!strcmp(argv[2], "fill") || !strcmp(argv[2], "check") ||
		!strcmp(argv[2], "hold"));
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
	uint64_t size, bad = 0;
	volatile uint64_t *words;
	uint32_t node;
	int file;

	if (!is_use(argc, argv))
		tap_bail("room NODE fill|check|hold");
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
	if (!strcmp(argv[2], "fill"))
		fill(words, size / sizeof(*words));
	else
		bad = count_bad(words, size / sizeof(*words));
	tap_ok(!bad, "node %u: %s of %llu MiB, %llu words are wrong", node,
	       argv[2], (unsigned long long)(size / MIB),
	       (unsigned long long)bad);
	return tap_exit();
}
