// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages to which programs hold references for long: nobody waits for them who
 * need not, and what must wait for them ends.
 *
 *	pins
 *
 * A page in a pipe (vmsplice) keeps its reference until the pipe is read. Loop
 * links; all nodes live in this kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcluster.h"
#include "selftests/unit/tap.h"

#define PINNED		600	/* more than a workqueue has workers */
#define PER_PIPE	256
#define PIPES		((PINNED + PER_PIPE - 1) / PER_PIPE)
#define APART		1050	/* index of a page that nobody pins */
#define ROUNDS		200
#define STACK		65536

static struct cluster cluster = { .name = "pins", .nodes = 2, .each = 8 * MIB };
static volatile char *views[2];
static int files[2];

static void begin(bool huge)
{
	uint32_t n;

	cluster_make(&cluster);
	if (!cluster_wait_ready(&cluster))
		tap_bail("the region does not become ready");
	for (n = 0; n < 2; n++) {
		policy_set(cluster.name, n, REGION, SSI_DSM_POLICY_AHEAD, 0);
		policy_set(cluster.name, n, REGION, SSI_DSM_POLICY_HUGE, huge);
		policy_set(cluster.name, n, REGION, SSI_DSM_POLICY_HOLD, 0);
		files[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		views[n] = map_region(files[n], cluster_size(&cluster));
		if (!views[n])
			tap_bail("mmap: %s", strerror(errno));
	}
}

static void unmap(uint32_t node)
{
	munmap((void *)views[node], cluster_size(&cluster));
	close(files[node]);
}

static void end(void)
{
	unmap(0);
	unmap(1);
	cluster_delete(&cluster);
}

/* ---- two nodes, two pages, each pinned by one and wanted by the other ---- */

/**
 * struct progress - what the program of a node has done; shared memory
 * @rounds: both pages went through its pipe
 * @refused: one could not be had
 */
struct progress {
	volatile uint64_t rounds;
	volatile uint64_t refused;
};

/* One page after the other into the pipe, then both out of it. */
static void pass_both(int *ends, struct iovec *iov, struct progress *progress)
{
	static char buffer[2 * PAGE];
	ssize_t bytes = vmsplice(ends[1], iov, 2, 0);

	if (bytes < 0 && errno != ENOMEM)
		_exit(2);
	if (bytes > 0 && read(ends[0], buffer, bytes) != bytes)
		_exit(3);
	if (bytes == 2 * PAGE)
		progress->rounds++;
	else
		progress->refused++;
}

/* Both go on until both are done. */
static void run_gup(uint32_t me, struct progress *progress)
{
	int fd = attach(cluster.name, me, SSI_DSM_ATTACH_NO_CHANNEL), ends[2];
	char *mem = map_region(fd, cluster_size(&cluster));
	char *mine = mem + (me ? 9 : 5) * PAGE;
	char *theirs = mem + (me ? 5 : 9) * PAGE;
	struct iovec iov[2] = { { mine, PAGE }, { theirs, PAGE } };

	if (pipe(ends))
		_exit(1);
	while (progress[0].rounds < ROUNDS || progress[1].rounds < ROUNDS) {
		mine[0]++;
		pass_both(ends, iov, &progress[me]);
	}
	_exit(0);
}

static void test_two_pages(bool huge)
{
	struct progress *progress = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool fine = true;
	uint64_t until;
	int pids[2];
	uint32_t n;

	begin(huge);
	until = now_ms() + 3 * DEADLINE_MS;
	fflush(stdout);
	for (n = 0; n < 2; n++) {
		pids[n] = fork();
		if (!pids[n])
			run_gup(n, progress);
	}
	for (n = 0; n < 2; n++)
		fine &= !reap(pids[n], until, "a program");
	tap_diag("rounds: %llu and %llu; without memory: %llu and %llu",
		 (unsigned long long)progress[0].rounds,
		 (unsigned long long)progress[1].rounds,
		 (unsigned long long)progress[0].refused,
		 (unsigned long long)progress[1].refused);
	tap_ok(fine, "two nodes get references to the same two pages in opposite order%s",
	       huge ? ", of 2 MiB folios" : "");
	munmap(progress, PAGE);
	end();
}

/* ---- many pages that stay ---- */

static int pipes[PIPES][2];

static void pin(uint32_t number, uint64_t index)
{
	struct iovec iov = { (void *)(views[0] + index * PAGE), PAGE };

	if (vmsplice(pipes[number / PER_PIPE][1], &iov, 1, 0) != PAGE)
		tap_bail("vmsplice: %s", strerror(errno));
}

static void open_pipes(void)
{
	uint32_t i;

	for (i = 0; i < PIPES; i++)
		if (pipe2(pipes[i], O_CLOEXEC) ||
		    fcntl(pipes[i][1], F_SETPIPE_SZ, PER_PIPE * PAGE) < 0)
			tap_bail("pipe: %s", strerror(errno));
}

static void close_pipes(void)
{
	uint32_t i;

	for (i = 0; i < PIPES; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

/* Node 1 writes to a page. */
static void *want(void *index)
{
	views[1][(uintptr_t)index * PAGE] = 1;
	return NULL;
}

static bool joins(pthread_t thread)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_MS / 1000;
	return !pthread_timedjoin_np(thread, NULL, &until);
}

static void test_many(void)
{
	static pthread_t threads[PINNED];
	pthread_attr_t attr;
	bool came, all = true;
	pthread_t apart;
	uintptr_t i;

	begin(false);
	open_pipes();
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	views[0][APART * PAGE] = 1;
	for (i = 0; i < PINNED; i++) {
		views[0][i * PAGE] = 1;
		pin(i, i);
		if (pthread_create(&threads[i], &attr, want, (void *)i))
			tap_bail("no thread");
	}
	sleep(1);
	pthread_create(&apart, &attr, want, (void *)APART);
	came = joins(apart);
	tap_ok(came, "while %u pinned pages are wanted, another page is handed over",
	       PINNED);
	close_pipes();
	for (i = 0; i < PINNED; i++)
		all &= joins(threads[i]);
	tap_ok(all, "when the references are put, the pages are handed over");
	end();
}

/* ---- deletion of a node while a page is pinned and wanted ---- */

static int child(int (*fn)(void))
{
	int pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	conf_open();
	_exit(fn());
}

/* The region is lost meanwhile. */
static int write_first(void)
{
	int fd = attach(cluster.name, 1, SSI_DSM_ATTACH_NO_CHANNEL);
	volatile uint8_t *mem = map_region(fd, cluster_size(&cluster));

	return !mem || !is_sigbus(mem, true);
}

static int delete_it(void)
{
	return !!node_del(cluster.name, 0);
}

static int get_another(void)
{
	return node_get("another", 9) != -ENOENT;
}

/* @huge: the pinned page is part of a 2 MiB folio. */
static void test_deletion(bool huge)
{
	const char *what = huge ? "a page of a 2 MiB folio" : "a page";
	int writer, deleter, getter;
	uint64_t until;
	bool get, delete;

	begin(huge);
	open_pipes();
	views[0][0] = 1;
	pin(0, 0);
	writer = child(write_first);
	sleep(1);
	until = now_ms() + DEADLINE_MS;
	deleter = child(delete_it);
	getter = child(get_another);
	get = !reap(getter, until, "the one that reads another node");
	delete = !reap(deleter, until, "the one that deletes");
	tap_ok(delete, "a node is deleted while %s is pinned that another node wants", what);
	tap_ok(get, "others read the configuration meanwhile");
	tap_ok(!reap(writer, until, "the one that wants it"),
	       "the access that waits for it ends with SIGBUS");
	tap_ok(views[1] && !node_get(cluster.name, 1),
	       "the other node is there");
	close_pipes();
	unmap(0);
	unmap(1);
	node_del(cluster.name, 1);
}

int main(void)
{
	alarm(300 * slower());
	conf_need();
	tap_plan(12);
	test_two_pages(false);
	test_two_pages(true);
	test_many();
	test_deletion(false);
	test_deletion(true);
	return tap_exit();
}
