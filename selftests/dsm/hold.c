// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hold windows: they can be changed while pages move, and no store is lost.
 *
 *	hold [loop|rdma [NODES [DELAY_US]]]
 *
 * Times are printed, not judged: they depend on the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define RUN_MS	1500
#define MANY	900	/* pages that are held at the same time */
#define SPREAD	3	/* their distance, in pages */
#define MANY_MS	6000	/* how long */
#define WATCHDOG "/proc/sys/kernel/watchdog_thresh"

static struct cluster cluster = { .name = "hold", .nodes = 2, .each = 16 * MIB };
static uint64_t *added;		/* by node, shared by all processes */

static void add_until(uint32_t node, uint64_t until)
{
	int fd = attach(cluster.name, node, SSI_DSM_ATTACH_NO_CHANNEL);
	uint64_t *mem = fd < 0 ? NULL : map_region(fd, cluster_size(&cluster));

	if (!mem)
		_exit(1);
	while (now_ms() < until) {
		__atomic_fetch_add(mem, 1, __ATOMIC_SEQ_CST);
		added[node]++;
	}
	_exit(0);
}

static uint64_t moves(void)
{
	struct stats_info info;
	uint64_t sum = 0;
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++) {
		stats_get(cluster.name, n, REGION, &info);
		sum += info.count[SSI_DSM_CLASS_WRITE_REMOTE];
	}
	return sum;
}

/* All nodes add to one word; if @change, the window is changed meanwhile. */
static bool add_together(volatile uint64_t *word, uint32_t change)
{
	uint64_t until = now_ms() + RUN_MS, start = *word, sum = start;
	uint64_t before = moves();
	bool all = true;
	int pids[NODES_MAX];
	uint32_t n;

	memset(added, 0, NODES_MAX * sizeof(*added));
	fflush(stdout);
	for (n = 0; n < cluster.nodes; n++) {
		pids[n] = fork();
		if (!pids[n])
			add_until(n, until);
	}
	for (; change && now_ms() < until; change++)
		policy_set(cluster.name, change % cluster.nodes, REGION,
			   SSI_DSM_POLICY_HOLD, change % 7 * 700);
	for (n = 0; n < cluster.nodes; n++) {
		all &= !reap(pids[n], until + DEADLINE_MS, "a program");
		all &= added[n] > 0;
		sum += added[n];
	}
	tap_diag("%llu additions, %llu moves of the page",
		 (unsigned long long)(sum - start),
		 (unsigned long long)(moves() - before));
	return all && *word == sum;
}

static void test_window(volatile uint64_t *word, uint64_t us, const char *text)
{
	struct policies_info info;
	bool all = true;
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++) {
		all &= !policy_set(cluster.name, n, REGION,
				   SSI_DSM_POLICY_HOLD, us);
		all &= !policies_get(cluster.name, n, REGION, &info);
		all &= info.policies[SSI_DSM_POLICY_HOLD].value == us;
	}
	tap_ok(all, "%s can be set and read", text);
	tap_ok(add_together(word, 0), "%s: no addition is lost", text);
}

/* The word is on page 0. */
static void test_hottest(void)
{
	uint32_t all = (1u << cluster.nodes) - 1;
	struct pages_info info;

	pages_get(cluster.name, 0, REGION, &info);
	tap_diag("page %llu moved %llu times between nodes %x",
		 (unsigned long long)info.index, (unsigned long long)info.moves,
		 info.nodes);
	tap_ok(info.count && !info.index && info.moves > 1 && info.nodes == all,
	       "PAGE_GET names the page as the hottest, with the nodes it moves between");
}

/* ---- many messages that are held ---- */

static volatile uint8_t *wanted;

static void *want(void *number)
{
	wanted[(uintptr_t)number * SPREAD * PAGE] = 1;
	return NULL;
}

/* Node 1 writes to all pages and goes on running, so it keeps them. */
static int keep_many(void)
{
	volatile uint8_t *mem;
	int fd, i, pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	fd = attach(cluster.name, 1, SSI_DSM_ATTACH_NO_CHANNEL);
	mem = map_region(fd, cluster_size(&cluster));
	if (!mem)
		_exit(1);
	for (i = 0; i < MANY; i++)
		mem[i * SPREAD * PAGE] = 1;
	for (;;)
		;
}

static void set_watchdog(const char *seconds)
{
	int fd = open(WATCHDOG, O_WRONLY);

	if (fd < 0 || write(fd, seconds, strlen(seconds)) < 0)
		tap_diag(WATCHDOG ": %s", strerror(errno));
	close(fd);
}

static bool want_many(void)
{
	static pthread_t threads[MANY];
	pthread_attr_t attr;
	struct timespec until;
	bool all = true;
	uintptr_t i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; i < MANY; i++)
		if (pthread_create(&threads[i], &attr, want, (void *)i))
			tap_bail("no thread");
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 2 * DEADLINE_MS / 1000;
	for (i = 0; i < MANY; i++)
		all &= !pthread_timedjoin_np(threads[i], NULL, &until);
	return all;
}

/* The kernel's own watchdog judges whether a CPU is kept in softirqs. */
static void test_many(int keeper)
{
	int log = kernel_log(), pid;
	bool all;

	wanted = map_region(keeper, cluster_size(&cluster));
	policy_set(cluster.name, 0, REGION, SSI_DSM_POLICY_AHEAD, 0);
	policy_set(cluster.name, 1, REGION, SSI_DSM_POLICY_AHEAD, 0);
	policy_set(cluster.name, 1, REGION, SSI_DSM_POLICY_HOLD, MANY_MS * 1000);
	set_watchdog("1");
	pid = keep_many();
	sleep(1);
	all = want_many();
	set_watchdog("10");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_ok(all, "%u messages are held, and their pages come in the end", MANY);
	tap_ok(!kernel_says(log, "soft lockup"), "no CPU is kept from its tasks meanwhile");
	close(log);
	munmap((void *)wanted, cluster_size(&cluster));
}

int main(int argc, char **argv)
{
	volatile uint64_t *word;
	int keepers[NODES_MAX];
	uint32_t n;

	cluster_args(&cluster, argc, argv);
	conf_need();
	alarm(120 * slower());
	tap_plan(11);
	added = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cluster_make(&cluster);
	for (n = 0; n < cluster.nodes; n++)
		keepers[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
	tap_ok(cluster_wait_ready(&cluster), "the region is ready");
	word = map_region(keepers[0], cluster_size(&cluster));
	if (!word)
		tap_bail("mmap: %s", strerror(errno));
	test_window(word, 0, "no window");
	test_window(word, 20000, "a window of 20 ms");
	test_window(word, SSI_DSM_POLICY_AUTO, "the automatic window");
	tap_ok(add_together(word, 1), "a window that changes all the time: no addition is lost");
	test_hottest();
	test_many(keepers[0]);
	munmap((void *)word, cluster_size(&cluster));
	for (n = 0; n < cluster.nodes; n++)
		close(keepers[n]);
	cluster_delete(&cluster);
	return tap_exit();
}
