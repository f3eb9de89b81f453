// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shrinker: what one call of it does to a cache that a program uses, and
 * what it reports to the kernel.
 *
 *	evict [loop|rdma]
 *
 * A write to drop_caches makes the kernel call all shrinkers, as often as their
 * caches are large. The tracepoint ssi_shrink shows each call, the kernel's
 * mm_shrink_slab_end the sum of what they reported.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define TRACING		"/sys/kernel/tracing/"
#define EACH		(16 * MIB)
#define CACHE_PAGES	(EACH / PAGE)

static struct cluster cluster = { .name = "evict", .nodes = 2, .each = EACH };

static int files[2];
static volatile uint64_t *views[2];

/* The page @i of node 0's memory, as node @view maps it. */
static volatile uint64_t *page(uint32_t view, uint64_t i)
{
	return views[view] + i * PAGE / sizeof(uint64_t);
}

/* ---- the trace ---- */

/**
 * struct calls - the calls of the shrinker
 * @count: how many
 * @beyond: calls that scanned, zapped or evicted more than they may
 * @scanned: sum of the entries that they looked at
 * @zapped: sum of the entries whose PTEs were removed
 * @dropped: sum of the dropped pages
 * @offered: sum of the pages offered to their home
 * @asked: how often the kernel asked for memory
 * @reported: sum of the pages that the kernel believes are free now
 */
struct calls {
	uint64_t count;
	uint64_t beyond;
	uint64_t scanned;
	uint64_t zapped;
	uint64_t dropped;
	uint64_t offered;
	uint64_t asked;
	uint64_t reported;
};

static void set_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		tap_bail("%s: %s", path, strerror(errno));
	close(fd);
}

static void trace(bool on)
{
	set_file(TRACING "events/ssi_dsm/ssi_shrink/enable", on ? "1" : "0");
	set_file(TRACING "events/vmscan/mm_shrink_slab_end/enable",
		 on ? "1" : "0");
}

static void read_call(struct calls *calls, const char *line)
{
	uint64_t may, scanned, zapped, dropped, offered;
	const char *at = strstr(line, "to_scan=");

	if (!at || sscanf(at, "to_scan=%" PRIu64 " scanned=%" PRIu64 " zapped=%"
			  PRIu64 " dropped=%" PRIu64 " offered=%" PRIu64, &may,
			  &scanned, &zapped, &dropped, &offered) != 5)
		tap_bail("a line of the trace: %s", line);
	calls->count++;
	calls->beyond += scanned > may || zapped > scanned ||
			 dropped + offered > scanned;
	calls->scanned += scanned;
	calls->zapped += zapped;
	calls->dropped += dropped;
	calls->offered += offered;
}

static void read_report(struct calls *calls, const char *line)
{
	static const char what[] = "last shrinker return val ";
	const char *at = strstr(line, what);

	if (!at)
		tap_bail("a line of the trace: %s", line);
	calls->asked++;
	calls->reported += strtoull(at + sizeof(what) - 1, NULL, 10);
}

static struct calls shrink(void)
{
	struct calls calls = { };
	char line[512];
	FILE *file;

	set_file(TRACING "trace", "");
	trace(true);
	set_file("/proc/sys/vm/drop_caches", "2");
	trace(false);
	file = fopen(TRACING "trace", "r");
	if (!file)
		tap_bail("the trace: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, "ssi_shrink:"))
			read_call(&calls, line);
		else if (strstr(line, "ssi_evict_scan_objects"))
			read_report(&calls, line);
	}
	fclose(file);
	tap_diag("%" PRIu64 " calls: %" PRIu64 " scanned, %" PRIu64
		 " zapped, %" PRIu64 " dropped, %" PRIu64 " offered",
		 calls.count, calls.scanned, calls.zapped, calls.dropped,
		 calls.offered);
	return calls;
}

/* ---- the tests ---- */

static struct region_info info_of(uint32_t node)
{
	struct region_info info;

	if (region_get(cluster.name, node, REGION, &info))
		tap_bail("region of node %u: %s", node, conf_text());
	return info;
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* The number of faults that it takes to read all pages, which are as written. */
static long read_all(uint64_t plus, bool *right)
{
	long before = faults();
	uint64_t i;

	*right = true;
	for (i = 0; i < CACHE_PAGES; i++)
		*right &= *page(1, i) == i + plus;
	return faults() - before;
}

static void test_calls(const struct calls *calls, const char *what)
{
	tap_ok(calls->count && !calls->beyond,
	       "%s: no call scans, zaps or evicts more pages than it may", what);
	tap_ok(calls->asked && calls->reported == calls->dropped,
	       "%s: the pages that it reports as free were dropped: %" PRIu64
	       " of %" PRIu64, what, calls->reported, calls->dropped);
}

/* Node 1 writes to the memory of node 0: it becomes the owner of all pages. */
static void test_owned(void)
{
	struct region_info before, after;
	struct calls calls;
	bool right;
	long again;
	uint64_t i;

	for (i = 0; i < CACHE_PAGES; i++)
		*page(1, i) = i + 1;
	before = info_of(1);
	calls = shrink();
	after = info_of(1);
	test_calls(&calls, "pages in use");
	tap_ok(after.dropped - before.dropped == calls.dropped &&
	       after.put - before.put == calls.offered,
	       "pages in use: the counters of the region agree");
	again = read_all(1, &right);
	tap_diag("%ld faults to map them again", again);
	tap_ok(right, "pages in use: they are as written");
}

/*
 * Node 0 has written them, and node 1 has copies, which it does not use. Pages
 * that have just come stay for some service times.
 */
static void test_copies(void)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	struct calls calls;
	bool right;
	uint64_t i;

	for (i = 0; i < CACHE_PAGES; i++)
		*page(0, i) = i + 2;
	read_all(2, &right);
	do
		calls = shrink();
	while (!calls.dropped && now_ms() < until);
	test_calls(&calls, "copies");
	tap_ok(calls.dropped, "copies: they are dropped");
	read_all(2, &right);
	tap_ok(right, "copies: they are as written");
}

/* The memory of a lost region cannot be freed before the region is. */
static void test_lost(void)
{
	struct calls calls;

	if (node_del(cluster.name, 0))
		tap_bail("deletion of node 0: %s", conf_text());
	wait_region(cluster.name, 1, REGION, SSI_DSM_REGION_LOST, NULL);
	tap_ok(info_of(1).cached, "a lost region has a cache");
	calls = shrink();
	tap_ok(!calls.asked && !calls.count,
	       "the kernel is not told of the cache of a lost region");
}

int main(int argc, char **argv)
{
	uint32_t n;

	cluster_args(&cluster, argc, argv);
	conf_need();
	if (access(TRACING "events/ssi_dsm/ssi_shrink", F_OK))
		tap_skip_all("there is no tracepoint ssi_shrink");
	alarm(110 * slower());
	tap_plan(11);
	cluster_make(&cluster);
	for (n = 0; n < 2; n++) {
		files[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		views[n] = map_region(files[n], cluster_size(&cluster));
		if (!views[n])
			tap_bail("mapping of node %u: %s", n, strerror(errno));
	}
	tap_ok(cluster_wait_ready(&cluster), "the region is ready on all nodes");
	test_owned();
	test_copies();
	for (n = 0; n < 2; n++)
		close(files[n]);
	test_lost();
	for (n = 0; n < 2; n++)
		munmap((void *)views[n], cluster_size(&cluster));
	if (node_del(cluster.name, 1))
		tap_bail("deletion of node 1: %s", conf_text());
	return tap_exit();
}
