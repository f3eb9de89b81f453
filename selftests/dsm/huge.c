// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory in 2 MiB folios: that page tables map them by one entry, and that they
 * are as coherent as pages when several nodes access them at once.
 *
 *	huge [loop|rdma [NODES [DELAY_US]]]
 *
 * All nodes live in this kernel. One process has a mapping of each.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcluster.h"
#include "libslow.h"
#include "selftests/unit/tap.h"

#define BLOCK		(2 * MIB)
#define BLOCKS		8u	/* of each node */
#define BLOCK_PAGES	(BLOCK / PAGE)
#define WORDS_A_PAGE	(PAGE / sizeof(uint64_t))
#define STORM_BLOCKS	4u	/* of each node, the last ones */
#define STORM_PAGES	32u	/* of each of those blocks */
#define STORM_MS	1500
#define COUNTERS	(NODES_MAX * STORM_BLOCKS * STORM_PAGES)

static struct cluster cluster = {
	.name = "huge", .nodes = 2, .each = BLOCKS * BLOCK,
};

static int keepers[NODES_MAX];
static volatile uint64_t *views[NODES_MAX];

static volatile uint64_t *at(uint32_t view, uint32_t home, uint32_t block,
			     uint32_t page)
{
	return views[view] + ((home * BLOCKS + block) * BLOCK_PAGES + page) *
			     WORDS_A_PAGE;
}

static struct region_info info_of(uint32_t node)
{
	struct region_info info;

	if (region_get(cluster.name, node, REGION, &info))
		tap_bail("region of node %u: %s", node, conf_text());
	return info;
}

/* KiB of the mapping that begins at @addr that PMDs map. */
static uint64_t pmd_mapped(const volatile void *addr)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long long start, kib = 0;
	bool ours = false;
	char line[256];

	if (!file)
		tap_bail("smaps: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx-", &start) == 1 && strchr(line, '-'))
			ours = start == (uintptr_t)addr;
		if (ours && sscanf(line, "FilePmdMapped: %llu", &kib) == 1)
			break;
	}
	fclose(file);
	return kib;
}

/* All words of a block differ, and from those of other blocks. */
static uint64_t pattern(uint32_t home, uint32_t block, uint32_t word)
{
	return (((uint64_t)home << 40) + ((uint64_t)block << 32) + word + 1) *
	       0x9e3779b97f4a7c15ull;
}

static void fill(uint32_t view, uint32_t home, uint32_t block)
{
	volatile uint64_t *words = at(view, home, block, 0);
	uint32_t i;

	for (i = 0; i < BLOCK_PAGES * WORDS_A_PAGE; i++)
		words[i] = pattern(home, block, i);
}

/* Leaves out the first word of each page, which may have been written since. */
static bool is_filled(uint32_t view, uint32_t home, uint32_t block)
{
	volatile uint64_t *words = at(view, home, block, 0);
	uint32_t i;

	for (i = 0; i < BLOCK_PAGES * WORDS_A_PAGE; i++) {
		if (!(i % WORDS_A_PAGE) || words[i] == pattern(home, block, i))
			continue;
		tap_diag("node %u, home %u, block %u, word %u: %llx", view,
			 home, block, i, (unsigned long long)words[i]);
		return false;
	}
	return true;
}

static bool is_zero(uint32_t view, uint32_t home, uint32_t block)
{
	volatile uint64_t *words = at(view, home, block, 0);
	uint64_t any = 0;
	uint32_t i;

	for (i = 0; i < BLOCK_PAGES * WORDS_A_PAGE; i++)
		any |= words[i];
	return !any;
}

/* ---- one after the other ---- */

static void test_made(void)
{
	struct region_info info;

	*at(0, 0, 0, 5) = 1;
	info = info_of(0);
	tap_ok(info.huge == 1 && info.exclusive == BLOCK_PAGES &&
	       info.directory == BLOCK_PAGES,
	       "a first touch at home allocates a whole 2 MiB folio");
	tap_ok(pmd_mapped(views[0]) == BLOCK / 1024,
	       "one entry of the page tables maps the folio");
	*at(0, 0, 0, 5) = 0;
	tap_ok(is_zero(0, 0, 0), "the folio is zero");
}

static void test_split(void)
{
	volatile uint64_t *word = at(1, 0, 0, 17) + 1;
	struct region_info info;
	bool read;

	fill(0, 0, 0);
	read = *word == pattern(0, 0, 17 * WORDS_A_PAGE + 1);
	info = info_of(0);
	tap_ok(read && !info.huge && info.split == 1 &&
	       !pmd_mapped(views[0]),
	       "a folio is split when another node reads a page of it");
	tap_ok(info.shared == 1 && info.exclusive == BLOCK_PAGES - 1,
	       "the home then has all other pages of the block exclusively");
	tap_ok(is_filled(0, 0, 0) && is_filled(1, 0, 0),
	       "both nodes read what was written to all pages of the block");
}

static void test_read_first(void)
{
	bool zero = !*at(0, 0, 1, 100);

	*at(0, 0, 1, 100) = 7;
	*at(1, 0, 1, 101) = 8;
	tap_ok(zero && *at(1, 0, 1, 100) == 7 && *at(0, 0, 1, 101) == 8,
	       "a folio whose first access was a read can be written, and then split");
}

static void test_others_first(void)
{
	uint64_t before = info_of(0).huge;

	*at(1, 0, 2, 3) = 9;
	*at(0, 0, 2, 4) = 10;
	tap_ok(info_of(0).huge == before && *at(0, 0, 2, 3) == 9 &&
	       *at(1, 0, 2, 4) == 10,
	       "a block whose first page another node touched is made of pages");
}

static void *write_next_page(void *arg)
{
	*(volatile uint64_t *)arg = 12;
	return NULL;
}

/* A write through a reference must not be lost when the folio is split. */
static void test_pinned(void)
{
	uint64_t split = info_of(0).split;
	struct slow slow;
	pthread_t other;
	bool waits;

	*at(0, 0, 3, 0) = 0;
	slow_begin(&slow, at(0, 0, 3, 0));
	pthread_create(&other, NULL, write_next_page,
		       (void *)at(1, 0, 3, 1));
	usleep(200000);
	waits = info_of(0).split == split && info_of(0).huge == 1;
	tap_ok(waits, "a folio is not split while a write through a reference runs");
	waits = slow_end(&slow, 11);
	pthread_join(other, NULL);
	tap_ok(waits && *at(1, 0, 3, 0) == 11 && *at(0, 0, 3, 1) == 12 &&
	       info_of(0).split == split + 1,
	       "it is split when that write has ended, and the write is kept");
}

/* The same memory at an address that no PMD can map. */
static void test_unaligned(void)
{
	uint64_t size = BLOCK - PAGE;
	uint8_t *place = mmap(NULL, 2 * BLOCK, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile uint64_t *odd;

	odd = mmap(place, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   keepers[1], (cluster.each + BLOCK) + PAGE);
	if (odd == MAP_FAILED)
		tap_bail("mmap: %s", strerror(errno));
	odd[0] = 13;	/* page 1 of block 1 of node 1 */
	tap_ok(info_of(1).huge && *at(1, 1, 1, 1) == 13,
	       "two mappings of a folio, one by single pages, show the same");
	*at(1, 1, 1, 2) = 14;
	tap_ok(odd[WORDS_A_PAGE] == 14 && *at(0, 1, 1, 1) == 13 &&
	       *at(0, 1, 1, 2) == 14, "they still do when the folio is split");
	*at(0, 1, 1, 1) = 15;
	tap_ok(odd[0] == 15, "the mapping by single pages shows what another node writes then");
	munmap(place, 2 * BLOCK);
}

static void test_switched_off(void)
{
	uint64_t before = info_of(1).huge;

	policy_set(cluster.name, 1, REGION, SSI_DSM_POLICY_HUGE, 0);
	*at(1, 1, 2, 0) = 1;
	tap_ok(info_of(1).huge == before, "no folio is allocated where the policy huge is 0");
	policy_set(cluster.name, 1, REGION, SSI_DSM_POLICY_HUGE, 1);
}

/* ---- all at once ---- */

/**
 * struct storm - a thread that adds to counters on pages of all nodes' blocks
 * @node: whose mapping it uses
 * @seed: of its random numbers
 * @until: when to end
 * @thread: itself
 * @added: by counter
 */
struct storm {
	uint32_t node;
	uint64_t seed;
	uint64_t until;
	pthread_t thread;
	uint64_t added[COUNTERS];
};

/* Counter @i: a word on a page of a block that nobody touched before. */
static volatile uint64_t *counter_at(uint32_t view, uint32_t i)
{
	uint32_t home = i % cluster.nodes, rest = i / cluster.nodes;
	uint32_t block = BLOCKS - STORM_BLOCKS + rest % STORM_BLOCKS;

	return at(view, home, block, rest / STORM_BLOCKS * 13) + i % 500;
}

static uint32_t nr_counters(void)
{
	return cluster.nodes * STORM_BLOCKS * STORM_PAGES;
}

static uint32_t next_random(struct storm *storm)
{
	storm->seed = storm->seed * 6364136223846793005ull + 1;
	return storm->seed >> 33;
}

static void *add_to_counters(void *arg)
{
	struct storm *storm = arg;
	uint32_t i;

	while (now_ms() < storm->until) {
		i = next_random(storm) % nr_counters();
		__atomic_fetch_add(counter_at(storm->node, i), 1,
				   __ATOMIC_SEQ_CST);
		storm->added[i]++;
		/* from time to time all PTEs are removed */
		if (!(next_random(storm) % 500))
			madvise((void *)views[storm->node],
				cluster_size(&cluster), MADV_DONTNEED);
	}
	return NULL;
}

static void test_storm(void)
{
	static struct storm storms[2 * NODES_MAX];
	uint32_t threads = 2 * cluster.nodes, t, i;
	uint64_t start = now_ms(), sum, total = 0;
	bool exact = true;

	for (t = 0; t < threads; t++) {
		storms[t] = (struct storm){
			.node = t % cluster.nodes,
			.seed = t * 77777 + start,
			.until = start + STORM_MS,
		};
		pthread_create(&storms[t].thread, NULL, add_to_counters,
			       &storms[t]);
	}
	for (t = 0; t < threads; t++)
		pthread_join(storms[t].thread, NULL);
	for (i = 0; i < nr_counters(); i++) {
		for (t = 0, sum = 0; t < threads; t++)
			sum += storms[t].added[i];
		total += sum;
		exact &= *counter_at(i % cluster.nodes, i) == sum;
	}
	for (t = 0, sum = 0; t < cluster.nodes; t++)
		sum += info_of(t).split;
	tap_diag("%llu additions, %llu folios split so far",
		 (unsigned long long)total, (unsigned long long)sum);
	tap_ok(exact, "no addition is lost while folios are made and split on all nodes");
}

/* Each node fills a block at home, and the next node reads it. */
static void test_handed_round(void)
{
	bool all = true;
	uint32_t n, next;

	for (n = 0; n < cluster.nodes; n++)
		fill(n, n, 3);
	for (n = 0; n < cluster.nodes; n++) {
		next = (n + 1) % cluster.nodes;
		all &= is_filled(next, n, 3);
		all &= is_filled(n, n, 3);
	}
	tap_ok(all, "each node reads what the node before it wrote to its own memory");
}

static void map_views(void)
{
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++) {
		keepers[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		if (keepers[n] < 0)
			tap_bail("attach to node %u: %s", n,
				 strerror(-keepers[n]));
		views[n] = map_region(keepers[n], cluster_size(&cluster));
		if (!views[n])
			tap_bail("mmap of node %u: %s", n, strerror(errno));
	}
}

/* Deletes the nodes while one folio is left and one is mapped. */
static void test_end(void)
{
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++)
		close(keepers[n]);
	cluster_delete(&cluster);
	tap_ok(is_sigbus((volatile uint8_t *)at(1, 1, 0, 0), true),
	       "folios are freed with their region");
	for (n = 0; n < cluster.nodes; n++)
		munmap((void *)views[n], cluster_size(&cluster));
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
}

int main(int argc, char **argv)
{
	cluster_args(&cluster, argc, argv);
	conf_need();
	alarm(110 * slower());
	tap_plan(19);
	cluster_make(&cluster);
	map_views();
	tap_ok(cluster_wait_ready(&cluster), "the region is ready on all nodes");
	test_made();
	test_split();
	test_read_first();
	test_others_first();
	test_pinned();
	test_unaligned();
	test_switched_off();
	test_storm();
	*at(1, 1, 0, 0) = 1;
	test_handed_round();
	test_end();
	return tap_exit();
}
