// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DISCARD of memory that is not needed any more: which pages it frees, which it
 * leaves, and that it loses no others, also while other nodes access them.
 *
 *	discard [loop|rdma [NODES [DELAY_US]]]
 *
 * All nodes live in this kernel. One process has a mapping of each.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcluster.h"
#include "libslow.h"
#include "selftests/unit/tap.h"

#define BLOCK		(2 * MIB)
#define BLOCKS		8u	/* of each node */
#define BLOCK_PAGES	(BLOCK / PAGE)
#define WORDS_A_PAGE	(PAGE / sizeof(uint64_t))
#define STORM_BLOCK	4u	/* the first block of test_storm() */
#define STORM_MS	1500

static struct cluster cluster = {
	.name = "discard", .nodes = 2, .each = BLOCKS * BLOCK,
};

static int files[NODES_MAX];
static volatile uint64_t *views[NODES_MAX];

/* Offset in the region, in bytes. */
static uint64_t place(uint32_t home, uint32_t block, uint32_t page)
{
	return home * cluster.each + (uint64_t)block * BLOCK +
	       (uint64_t)page * PAGE;
}

static volatile uint64_t *at(uint32_t view, uint32_t home, uint32_t block,
			     uint32_t page)
{
	return views[view] + place(home, block, page) / sizeof(uint64_t);
}

/* The number of pages that became zero, or a negative errno. */
static int64_t discard(uint32_t node, uint64_t offset, uint64_t len)
{
	struct ssi_dsm_discard args = { .offset = offset, .len = len };

	if (ioctl(files[node], SSI_DSM_DISCARD, &args))
		return -errno;
	return args.discarded / PAGE;
}

static struct region_info info_of(uint32_t node)
{
	struct region_info info;

	if (region_get(cluster.name, node, REGION, &info))
		tap_bail("region of node %u: %s", node, conf_text());
	return info;
}

/* ---- one after the other ---- */

static void test_refusals(void)
{
	struct ssi_dsm_discard args = { .len = PAGE };
	int fd = open(SSI_DSM_DEVICE, O_RDWR);

	tap_ok(discard(0, 1, PAGE) == -EINVAL &&
	       discard(0, 0, PAGE - 1) == -EINVAL &&
	       discard(0, cluster_size(&cluster), PAGE) == -EINVAL &&
	       discard(0, PAGE, UINT64_MAX - PAGE + 1) == -EINVAL,
	       "parts of pages, and ranges outside the region, are refused");
	tap_ok(ioctl(fd, SSI_DSM_DISCARD, &args) < 0 && errno == ENOTCONN &&
	       ioctl(files[0], SSI_DSM_DISCARD, NULL) < 0 && errno == EFAULT,
	       "so are a file without a region, and an invalid pointer");
	close(fd);
	tap_ok(!discard(0, 0, cluster_size(&cluster)),
	       "nothing is freed where no node has touched a page");
}

static void test_pages(void)
{
	uint64_t home = place(0, 0, 0), away = place(1, 0, 0);
	bool zero = true;
	uint32_t i;

	*at(1, 0, 0, 40) = 1;	/* so this block is made of pages */
	for (i = 0; i < 10; i++)
		*at(0, 0, 0, i) = *at(0, 1, 0, i) = i + 1;
	tap_ok(discard(0, home, 10 * PAGE) == 10 &&
	       discard(0, away, 10 * PAGE) == 10,
	       "pages that only one node has are freed, at home and elsewhere");
	for (i = 0; i < 10; i++)
		zero &= !*at(i % 2, 0, 0, i) && !*at(i % 2, 1, 0, i);
	tap_ok(zero, "discarded pages are zero on all nodes");
	*at(0, 0, 0, 3) = 77;
	tap_ok(*at(1, 0, 0, 3) == 77, "a discarded page can be written again");
}

static void test_others(void)
{
	*at(0, 0, 0, 20) = 5;
	*at(0, 0, 0, 21) = 6;
	if (*at(1, 0, 0, 20) != 5)
		tap_bail("a page is not coherent");
	*at(1, 0, 0, 21) = 7;
	tap_ok(!discard(0, place(0, 0, 20), 2 * PAGE) &&
	       !discard(1, place(0, 0, 20), PAGE) &&
	       *at(0, 0, 0, 20) == 5 && *at(1, 0, 0, 20) == 5 &&
	       *at(0, 0, 0, 21) == 7,
	       "pages that another node has too, or alone, are left");
}

static void test_in_use(void)
{
	struct slow slow;
	bool kept;

	*at(0, 0, 0, 30) = 1;
	slow_begin(&slow, at(0, 0, 0, 30));
	kept = !discard(0, place(0, 0, 30), PAGE);
	tap_ok(slow_end(&slow, 9) && kept && *at(1, 0, 0, 30) == 9,
	       "a page with a write through a reference under way is left");
}

static void test_block(void)
{
	uint64_t huge = info_of(0).huge;
	bool part;

	*at(0, 0, 1, 5) = 1;
	*at(0, 0, 1, 6) = 2;
	part = info_of(0).huge == huge + 1 &&
	       !discard(0, place(0, 1, 1), BLOCK - PAGE) &&
	       *at(0, 0, 1, 5) == 1;
	tap_ok(part && info_of(0).huge == huge + 1,
	       "a 2 MiB folio is left if not all of it is discarded");
	tap_ok(discard(0, place(0, 1, 0), BLOCK) == BLOCK_PAGES &&
	       info_of(0).huge == huge, "a 2 MiB folio that is discarded as a whole is freed");
	tap_ok(!*at(1, 0, 1, 5) && !*at(0, 0, 1, 6), "its memory is zero then");
	*at(0, 0, 1, 7) = 3;
	tap_ok(*at(1, 0, 1, 7) == 3 &&
	       discard(0, place(0, 1, 0), BLOCK) == 1,
	       "after that the block is made of pages");
}

/* ---- all at once ---- */

/**
 * struct reader - a thread that reads pages while they may be discarded
 * @node: whose mapping it uses
 * @thread: itself
 * @mixed: pages whose words were neither as written nor zero
 */
struct reader {
	uint32_t node;
	pthread_t thread;
	uint32_t mixed;
};

static bool storm_is_over;

/* Its other pages are not copied yet. */
static void test_split_block(void)
{
	*at(0, 0, 2, 5) = 4;
	*at(0, 0, 2, 6) = 5;
	tap_ok(*at(1, 0, 2, 5) == 4 &&
	       discard(0, place(0, 2, 0), BLOCK) == BLOCK_PAGES - 1,
	       "a 2 MiB folio that was split just now is discarded, but for a copied page");
	tap_ok(*at(0, 0, 2, 5) == 4 && !*at(0, 0, 2, 6) && !*at(1, 0, 2, 7),
	       "only the copied page keeps its data");
}

static uint64_t pattern(uint32_t block, uint32_t page)
{
	return (uint64_t)(block + 1) << 32 | (page + 1);
}

static bool is_whole(uint32_t view, uint32_t block, uint32_t page)
{
	volatile uint64_t *words = at(view, 0, block, page);
	uint64_t first = words[0], last = words[WORDS_A_PAGE - 1];

	/* it may be discarded between the two loads, but cannot come back */
	return (first == pattern(block, page) || !first) &&
	       (last == first || !last);
}

static void *read_pages(void *arg)
{
	struct reader *reader = arg;
	uint64_t seed = reader->node * 77777 + 1;

	while (!__atomic_load_n(&storm_is_over, __ATOMIC_RELAXED)) {
		uint32_t block, page;

		seed = seed * 6364136223846793005ull + 1;
		block = STORM_BLOCK + (seed >> 33) % (BLOCKS - STORM_BLOCK);
		page = (seed >> 40) % BLOCK_PAGES;
		reader->mixed += !is_whole(reader->node, block, page);
	}
	return NULL;
}

static void fill(uint32_t block)
{
	uint32_t page, i;

	for (page = 0; page < BLOCK_PAGES; page++)
		for (i = 0; i < WORDS_A_PAGE; i++)
			at(0, 0, block, page)[i] = pattern(block, page);
}

/* All nodes read the same: what was written, or zero. */
static bool is_agreed(void)
{
	uint32_t block, page, n;

	for (block = STORM_BLOCK; block < BLOCKS; block++)
		for (page = 0; page < BLOCK_PAGES; page++)
			for (n = 0; n < cluster.nodes; n++)
				if (!is_whole(n, block, page) ||
				    *at(n, 0, block, page) !=
				    *at(0, 0, block, page))
					return false;
	return true;
}

static void test_storm(void)
{
	static struct reader readers[NODES_MAX];
	uint64_t end, given = 0;
	uint32_t n, block, mixed = 0;

	for (block = STORM_BLOCK; block < BLOCKS; block++)
		fill(block);
	for (n = 0; n < cluster.nodes; n++) {
		readers[n] = (struct reader){ .node = n };
		pthread_create(&readers[n].thread, NULL, read_pages,
			       &readers[n]);
	}
	end = now_ms() + STORM_MS;
	for (block = STORM_BLOCK; now_ms() < end; block++) {
		if (block == BLOCKS)
			block = STORM_BLOCK;
		for (n = 0; n < cluster.nodes; n++)
			given += discard(n, place(0, block, 0), BLOCK);
	}
	__atomic_store_n(&storm_is_over, true, __ATOMIC_RELAXED);
	for (n = 0; n < cluster.nodes; n++) {
		pthread_join(readers[n].thread, NULL);
		mixed += readers[n].mixed;
	}
	tap_diag("%llu pages were freed", (unsigned long long)given);
	tap_ok(given && !mixed,
	       "pages that are discarded while nodes read them are as written, or zero");
	tap_ok(is_agreed(), "all nodes read the same in each page after that");
}

/**
 * struct adder - a thread that adds to a counter next to discarded pages
 * @node: whose mapping it uses
 * @added: how often
 * @thread: itself
 */
struct adder {
	uint32_t node;
	uint64_t added;
	pthread_t thread;
};

#define COUNTER_PAGE	100u

static void *add(void *arg)
{
	struct adder *adder = arg;

	while (!__atomic_load_n(&storm_is_over, __ATOMIC_RELAXED)) {
		__atomic_fetch_add(at(adder->node, 1, 2, COUNTER_PAGE), 1,
				   __ATOMIC_SEQ_CST);
		*at(adder->node, 1, 2, adder->node) = adder->added++;
	}
	return NULL;
}

static void test_neighbours(void)
{
	static struct adder adders[NODES_MAX];
	uint64_t end = now_ms() + STORM_MS, sum = 0;
	uint32_t n;

	storm_is_over = false;
	for (n = 0; n < cluster.nodes; n++) {
		adders[n] = (struct adder){ .node = n };
		pthread_create(&adders[n].thread, NULL, add, &adders[n]);
	}
	while (now_ms() < end)
		for (n = 0; n < cluster.nodes; n++) {
			discard(n, place(1, 2, 0), COUNTER_PAGE * PAGE);
			discard(n, place(1, 2, COUNTER_PAGE + 1),
				BLOCK - (COUNTER_PAGE + 1) * PAGE);
		}
	__atomic_store_n(&storm_is_over, true, __ATOMIC_RELAXED);
	for (n = 0; n < cluster.nodes; n++) {
		pthread_join(adders[n].thread, NULL);
		sum += adders[n].added;
	}
	tap_ok(sum && *at(0, 1, 2, COUNTER_PAGE) == sum,
	       "no addition to a page beside discarded ones is lost: %llu",
	       (unsigned long long)*at(0, 1, 2, COUNTER_PAGE));
}

int main(int argc, char **argv)
{
	uint32_t n;

	cluster_args(&cluster, argc, argv);
	conf_need();
	alarm(110 * slower());
	tap_plan(18);
	cluster_make(&cluster);
	for (n = 0; n < cluster.nodes; n++) {
		files[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		views[n] = map_region(files[n], cluster_size(&cluster));
		if (!views[n])
			tap_bail("mapping of node %u: %s", n, strerror(errno));
	}
	tap_ok(cluster_wait_ready(&cluster), "the region is ready on all nodes");
	test_refusals();
	test_pages();
	test_others();
	test_in_use();
	test_block();
	test_split_block();
	test_storm();
	test_neighbours();
	for (n = 0; n < cluster.nodes; n++) {
		munmap((void *)views[n], cluster_size(&cluster));
		close(files[n]);
	}
	cluster_delete(&cluster);
	return tap_exit();
}
