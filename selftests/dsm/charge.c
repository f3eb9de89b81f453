// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory cgroups: the one that pays for a guest's memory, and a limit that is
 * too low.
 *
 *	charge [loop|rdma]
 *
 * The program makes a cgroup and is in it while it makes the nodes, so that
 * cgroup is charged with all memory of both nodes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define ROOT		"/sys/fs/cgroup/"
#define GROUP		ROOT "ssi-charge/"
#define PAGES		4096u		/* of each part of node 0's memory */
#define PARTS		4u
#define INEXACT		1024u		/* pages that CPUs have charged ahead */
#define HANG_MS		60000

static struct cluster cluster = {
	.name = "charge", .nodes = 2, .each = PARTS * PAGES * PAGE,
};

static int files[2];
static volatile uint64_t *views[2];

/* Page @i of a part of node 0's memory, as node @view maps it. */
static volatile uint64_t *page(uint32_t view, uint32_t part, uint32_t i)
{
	return views[view] +
	       ((uint64_t)part * PAGES + i) * PAGE / sizeof(uint64_t);
}

/* ---- the cgroup ---- */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static void set(const char *path, const char *text)
{
	int ret = write_file(path, text);

	if (ret)
		tap_bail("%s to %s: %s", text, path, strerror(-ret));
}

/* In bytes. */
static uint64_t charged(void)
{
	FILE *file = fopen(GROUP "memory.current", "r");
	uint64_t bytes;

	if (!file || fscanf(file, "%" SCNu64, &bytes) != 1)
		tap_bail("memory.current: %s", strerror(errno));
	fclose(file);
	return bytes;
}

static void set_limit(uint64_t bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	set(GROUP "memory.max", text);
}

static void enter_group(void)
{
	if (write_file(ROOT "cgroup.subtree_control", "+memory"))
		tap_skip_all("there is no memory cgroup at %s", ROOT);
	if (mkdir(GROUP, 0755) && errno != EEXIST)
		tap_bail("%s: %s", GROUP, strerror(errno));
	set(GROUP "cgroup.procs", "0");
}

/* What is charged to it goes to its parent. */
static void leave_group(void)
{
	set(ROOT "cgroup.procs", "0");
}

/* ---- the tests ---- */

static void write_part(uint32_t part)
{
	uint32_t i;

	for (i = 0; i < PAGES; i++)
		*page(0, part, i) = (uint64_t)part << 32 | (i + 1);
}

static bool read_part(uint32_t part)
{
	bool right = true;
	uint32_t i;

	for (i = 0; i < PAGES; i++)
		right &= *page(1, part, i) == ((uint64_t)part << 32 | (i + 1));
	return right;
}

static void test_received(void)
{
	uint64_t before, after;
	bool right;

	write_part(0);
	before = charged();
	right = read_part(0);
	after = charged();
	tap_diag("%" PRIu64 " KiB charged, then %" PRIu64, before >> 10,
		 after >> 10);
	tap_ok(right && after >= before + (PAGES - INEXACT) * PAGE,
	       "pages that come from another node are charged to the cgroup that made the node");
}

/* Node 0's memory is in 2 MiB folios, which node 1's requests split. */
static void test_split(void)
{
	uint64_t before, after;
	bool right;

	write_part(1);
	before = charged();
	right = read_part(1);
	after = charged();
	tap_ok(right && after >= before + (PAGES - INEXACT) * PAGE,
	       "pages of split 2 MiB folios stay charged");
}

static bool is_ready(void)
{
	return wait_region(cluster.name, 0, REGION, SSI_DSM_REGION_READY, NULL) &&
	       wait_region(cluster.name, 1, REGION, SSI_DSM_REGION_READY, NULL);
}

/*
 * A child in the cgroup reads a part, and the cgroup is at its limit. It may be
 * killed for its own allocations.
 */
static void read_at_limit(uint32_t part)
{
	int pid = fork();

	if (pid < 0)
		tap_bail("fork: %s", strerror(errno));
	if (!pid) {
		views[1] = map_region(files[1], cluster_size(&cluster));
		if (!views[1])
			_exit(2);
		enter_group();
		_exit(!read_part(part));
	}
	if (!reap(pid, now_ms() + HANG_MS, "the reader at the limit"))
		tap_diag("it has read all");
}

static void test_limit(void)
{
	uint64_t limit;

	write_part(2);
	write_part(3);
	leave_group();
	limit = charged();
	set_limit(limit);
	tap_ok(read_part(2),
	       "pages arrive though the cgroup of the node is at its limit");
	read_at_limit(3);
	tap_ok(is_ready(), "the region is not lost for that");
	set(GROUP "memory.max", "max");
	tap_ok(read_part(2) && read_part(3),
	       "all pages can be read when the limit is higher");
}

/* Nothing is charged to the cgroup when the nodes are gone. */
static bool is_empty(void)
{
	uint64_t until = now_ms() + DEADLINE_MS;

	while (charged() > INEXACT * PAGE)
		if (now_ms() > until)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	uint32_t n;

	cluster_args(&cluster, argc, argv);
	conf_need();
	alarm(110 * slower());
	enter_group();
	tap_plan(7);
	cluster_make(&cluster);
	for (n = 0; n < 2; n++) {
		files[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		views[n] = map_region(files[n], cluster_size(&cluster));
		if (!views[n])
			tap_bail("mapping of node %u: %s", n, strerror(errno));
	}
	tap_ok(cluster_wait_ready(&cluster), "the region is ready on all nodes");
	test_received();
	test_split();
	test_limit();
	for (n = 0; n < 2; n++) {
		munmap((void *)views[n], cluster_size(&cluster));
		close(files[n]);
	}
	cluster_delete(&cluster);
	tap_ok(is_empty(), "nothing is charged when the nodes are gone");
	rmdir(GROUP);
	return tap_exit();
}
