// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Allocations that fail, one after the other, in each system call of a cluster's
 * life: on a debug kernel (CONFIG_FAULT_INJECTION, /proc/self/fail-nth).
 *
 * For each step all steps before it are done, and then the step with its first,
 * second, ... allocation failing, until it makes no more of them: each of the first ten, and
 * fewer and fewer of the next, since pools make many of one kind. The step may
 * succeed or report that there is no memory. Either way the cluster can be deleted
 * afterwards, and nothing is left; the kernel itself reports the rest.
 *
 *	faults [loop|rdma|tcp [FIRST LAST]]: only these steps; all of them take longer than
 *	a program may
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../dsm/libcluster.h"
#include "selftests/unit/tap.h"

#define NTH_MAX		20000u	/* allocations of one step: more are a loop */
#define EACH		10u

static struct cluster cluster = {
	.name = "faults", .transport = SSI_DSM_TRANSPORT_LOOP, .nodes = 2,
	.each = 4 * MIB,
};

static int fds[2] = { -1, -1 };
static uint8_t *memory[2];

/* ---- failures --------------------------------------------------------------- */

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		tap_skip_all("%s: %s; this needs a debug kernel", path,
			     strerror(errno));
	if (write(fd, text, strlen(text)) < 0)
		tap_bail("%s: %s", path, strerror(errno));
	close(fd);
}

#define DEBUGFS	"/sys/kernel/debug/"

/* Every allocation may fail, also one that may sleep, and without a message. */
static void let_all_fail(void)
{
	write_to(DEBUGFS "failslab/ignore-gfp-wait", "N");
	write_to(DEBUGFS "failslab/verbose", "0");
	write_to(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	write_to(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	write_to(DEBUGFS "fail_page_alloc/min-order", "0");
	write_to(DEBUGFS "fail_page_alloc/verbose", "0");
	write_to(DEBUGFS "fail_usercopy/verbose", "0");
}

static void arm(int fd, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fd, text, len, 0) != len)
		tap_bail("fail-nth: %s", strerror(errno));
}

/* Return: the allocation has failed. */
static bool disarm(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		tap_bail("fail-nth: %s", strerror(errno));
	arm(fd, 0);
	return !atoi(text);
}

/* ---- steps ------------------------------------------------------------------ */

static int new_node_0(void)
{
	return node_new(cluster.name, 0, cluster.transport,
			cluster_addr(&cluster, 0));
}

static int new_node_1(void)
{
	return node_new(cluster.name, 1, cluster.transport,
			cluster_addr(&cluster, 1));
}

static int new_peer_0(void)
{
	return peer_new(cluster.name, 0, 1, cluster_addr(&cluster, 1), 0);
}

static int new_peer_1(void)
{
	return peer_new(cluster.name, 1, 0, cluster_addr(&cluster, 0), 0);
}

static int new_region(uint32_t node)
{
	const struct part map[2] = {
		{ 0, cluster.each }, { 1, cluster.each },
	};

	return region_new(cluster.name, node, REGION, map, 2);
}

static int new_region_0(void)
{
	return new_region(0);
}

static int new_region_1(void)
{
	return new_region(1);
}

static int attach_both(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		fds[i] = attach(cluster.name, i, 0);
		if (fds[i] < 0)
			return fds[i];
	}
	return 0;
}

static int map_both(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		memory[i] = map_region(fds[i], cluster_size(&cluster));
		if (!memory[i])
			return -errno;
	}
	return 0;
}

static int touch(uint64_t offset, unsigned int node, bool write)
{
	return is_sigbus(memory[node] + offset, write) ? -EFAULT : 0;
}

static int write_own(void)
{
	return touch(0, 0, true);
}

static int write_remote(void)
{
	return touch(cluster.each, 0, true);
}

static int read_back(void)
{
	return touch(cluster.each, 1, false) ?: touch(0, 1, false);
}

static int upgrade(void)
{
	return touch(0, 0, true) ?: touch(cluster.each, 0, true);
}

static int send_text(void)
{
	return send_message(fds[0], 1, "text", 5);
}

static int receive(void)
{
	struct message m;
	int ret = read_message(fds[1], &m, 20000);

	/* the first one says that the region is ready */
	return ret ?: read_message(fds[1], &m, 20000);
}

static int discard(void)
{
	struct ssi_dsm_discard args = { .len = cluster_size(&cluster) };

	return ioctl(fds[0], SSI_DSM_DISCARD, &args) ? -errno : 0;
}

static int set_policy(void)
{
	return policy_set(cluster.name, 0, REGION, SSI_DSM_POLICY_CACHE, MIB);
}

static int ask(void)
{
	struct region_info region;
	struct stats_info stats;
	struct policies_info policies;
	struct pages_info pages;
	struct peer_info peer;

	return region_get(cluster.name, 0, REGION, &region) ?:
	       stats_get(cluster.name, 0, REGION, &stats) ?:
	       policies_get(cluster.name, 0, REGION, &policies) ?:
	       pages_get(cluster.name, 0, REGION, &pages) ?:
	       peer_get(cluster.name, 0, 1, &peer);
}

static int dump(void)
{
	int count = conf_count(conf_request(SSI_DSM_CMD_REGION_GET));

	return count < 0 ? count : 0;
}

static int detach(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (memory[i])
			munmap(memory[i], cluster_size(&cluster));
		if (fds[i] >= 0)
			close(fds[i]);
		memory[i] = NULL;
		fds[i] = -1;
	}
	return 0;
}

static int delete_region(void)
{
	return region_del(cluster.name, 0, REGION);
}

static int delete_peer(void)
{
	return peer_del(cluster.name, 0, 1);
}

static int delete_node(void)
{
	return node_del(cluster.name, 0);
}

static const struct step {
	const char *name;
	int (*run)(void);
} steps[] = {
	{ "the first node", new_node_0 },
	{ "the second node", new_node_1 },
	{ "the first peer", new_peer_0 },
	{ "the second peer", new_peer_1 },
	{ "the first region", new_region_0 },
	{ "the second region", new_region_1 },
	{ "attach", attach_both },
	{ "mmap", map_both },
	{ "a write to memory of the node", write_own },
	{ "a write to memory of the other node", write_remote },
	{ "reads of what the other node has", read_back },
	{ "writes to what both nodes have", upgrade },
	{ "a message", send_text },
	{ "its arrival", receive },
	{ "discard", discard },
	{ "a policy", set_policy },
	{ "questions", ask },
	{ "a dump", dump },
	{ "munmap and close", detach },
	{ "deletion of a region", delete_region },
	{ "deletion of a peer", delete_peer },
	{ "deletion of a node", delete_node },
};

/* ---- all of it -------------------------------------------------------------- */

/* Only regions that are ready can be attached to; no failure is armed meanwhile. */
static void wait_for(const struct step *step)
{
	if (step->run == attach_both && !cluster_wait_ready(&cluster))
		tap_bail("%s: the regions are not ready", step->name);
}

static void prepare(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		int ret;

		wait_for(&steps[i]);
		ret = steps[i].run();
		if (ret)
			tap_bail("%s, before a failure: %s: %s", steps[i].name,
				 strerror(-ret), conf_text());
	}
}

/* The cluster may lack any of its parts. */
static bool clean_up(void)
{
	detach();
	if (conf_open())
		tap_bail("no netlink");
	for (uint32_t node = 0; node < 2; node++) {
		int ret = node_del(cluster.name, node);

		if (ret && ret != -ENOENT)
			tap_diag("node %u: %s", node, strerror(-ret));
	}
	return conf_count(conf_request(SSI_DSM_CMD_NODE_GET)) == 0;
}

/* EIO is libnl's, if its message could not be sent. */
static bool is_clear(int ret)
{
	return !ret || ret == -ENOMEM || ret == -ENOBUFS || ret == -EIO ||
	       ret == -EAGAIN || ret == -EFAULT || ret == -ENOENT;
}

static void fail_each(unsigned int number)
{
	int fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	unsigned int nth = 0, refused = 0, count = 0;
	bool fails = true, good = true;

	if (fd < 0)
		tap_skip_all("no /proc/self/fail-nth; this needs a debug kernel");
	while (fails && nth < NTH_MAX) {
		int ret;

		nth += 1 + nth / EACH;
		count++;
		prepare(number);
		wait_for(&steps[number]);
		arm(fd, nth);
		ret = steps[number].run();
		fails = disarm(fd);
		refused += !!ret;
		if (!is_clear(ret) || (ret && !fails)) {
			tap_diag("failure %u: %s: %s", nth, strerror(-ret),
				 conf_text());
			good = false;
		}
		if (!clean_up()) {
			tap_diag("failure %u: a node is left", nth);
			good = false;
		}
	}
	close(fd);
	tap_ok(good && nth < NTH_MAX, "%s: %u failures of up to %u, %u refusals",
	       steps[number].name, count - 1, nth - 1, refused);
}

int main(int argc, char **argv)
{
	unsigned int first = 0, last = ARRAY_SIZE(steps) - 1;

	cluster_args(&cluster, argc > 2 ? 2 : argc, argv);
	if (argc > 3) {
		first = atoi(argv[2]);
		last = atoi(argv[3]);
	}
	if (first > last || last >= ARRAY_SIZE(steps))
		tap_bail("steps are 0 to %zu", ARRAY_SIZE(steps) - 1);
	conf_need();
	let_all_fail();
	tap_plan(last - first + 1);
	for (unsigned int i = first; i <= last; i++)
		fail_each(i);
	return tap_exit();
}
