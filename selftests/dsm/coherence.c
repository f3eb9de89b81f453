// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that processes on different nodes share, checked access by access.
 *
 *	coherence [loop|rdma [NODES [DELAY_US [CACHE_MIB [FAIL_NTH
 *		  [BREAK_NTH]]]]]]
 *
 * DOC: Theory of operation
 *
 * All nodes live in this kernel. Worker processes attach to them, one to each
 * node and one more to node 0, and do the same things to the region at the same
 * time. Ordinary shared memory has a copy of each word, with a lock for each
 * word, so that every single load can be checked against the last store.
 *
 * A page of the region has one use. Of each node's memory:
 *
 *	page 0		counters that all workers add to without locks
 *	page 1		message passing
 *	page 2		contended words, on two nodes' pages
 *	page 3 ..	the process that checks states and statistics
 *	page 16 ..	words that are spread over all pages
 *
 * Before each access a worker notes the page. If the worker does not end in
 * time, that note is printed.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libcluster.h"
#include "libslow.h"
#include "selftests/unit/tap.h"

#define EACH		(2 * MIB)
#define PAGES_EACH	(EACH / PAGE)
#define CONTENDED	64	/* words on two pages */
#define WORDS		2048	/* contended ones included */
#define WORDS_A_PAGE	4	/* of those that are spread */
#define FIRST_SPREAD	16
#define COUNTERS	8
#define WORKERS_MAX	(NODES_MAX + 1)
#define HANG_MS		(20000 * slower())	/* over its time: a worker hangs */
#define DEAD_S		170	/* so does the whole program */

/* The present operation of a worker. */
enum op { IDLE, LOADS, STORES, ADDS, COPIES };

/**
 * struct worker - the part of a worker that the main process reads
 * @node: that it is attached to
 * @op: enum op
 * @page: page of the region that it accesses
 * @since: when that access began
 * @done: operations
 * @errors: checks that failed
 * @added: by counter
 */
struct worker {
	uint32_t node;
	uint32_t op;
	uint64_t page;
	uint64_t since;
	uint64_t done;
	uint64_t errors;
	uint64_t added[COUNTERS];
};

/**
 * struct shared - ordinary memory of all workers
 * @locks: a lock for each word
 * @reference: the contents that each word must have
 * @workers: by number
 */
struct shared {
	pthread_mutex_t locks[WORDS];
	uint64_t reference[WORDS];
	struct worker workers[WORKERS_MAX];
};

struct phase {
	const char *text;
	void (*fn)(uint64_t until);
	uint32_t ms;
	uint64_t hold_us;
};

static struct cluster cluster = { .name = "test", .nodes = 2, .each = EACH };
static struct shared *shared;
static struct worker *me;
static uint8_t *mem;
static uint32_t nr_workers;
static int keepers[NODES_MAX];
static uint64_t seed;

static uint64_t random_u64(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1dull;
}

static uint32_t random_below(uint32_t end)
{
	return (uint32_t)((random_u64() >> 32) * end >> 32);
}

/* ---- places in the region ---- */

static uint64_t page_of(uint32_t node, uint32_t page)
{
	return node * PAGES_EACH + page;
}

static uint64_t *at(uint64_t page, uint32_t offset)
{
	return (uint64_t *)(mem + page * PAGE + offset);
}

static uint64_t *word_at(uint32_t i)
{
	uint32_t node, spread;

	if (i < CONTENDED)
		return at(page_of(i % 2, 2), i / 2 * 8);
	node = i % cluster.nodes;
	spread = (i - CONTENDED) / cluster.nodes;
	return at(page_of(node, FIRST_SPREAD + spread / WORDS_A_PAGE),
		  spread % WORDS_A_PAGE * 1024 + 8 * (spread % 100));
}

static uint64_t *counter_at(uint32_t i)
{
	return at(page_of(i < COUNTERS / 2 ? 0 : i % cluster.nodes, 0), 8 * i);
}

/* ---- accesses ---- */

static void wanting(enum op op, const void *addr)
{
	me->page = ((uint8_t *)addr - mem) / PAGE;
	me->since = now_ms();
	me->op = op;
}

static void got(void)
{
	me->op = IDLE;
	me->done++;
}

static uint64_t load(uint64_t *addr)
{
	uint64_t value;

	wanting(LOADS, addr);
	value = __atomic_load_n(addr, __ATOMIC_ACQUIRE);
	got();
	return value;
}

static void store(uint64_t *addr, uint64_t value)
{
	wanting(STORES, addr);
	__atomic_store_n(addr, value, __ATOMIC_RELEASE);
	got();
}

static void add(uint64_t *addr, uint64_t value)
{
	wanting(ADDS, addr);
	__atomic_fetch_add(addr, value, __ATOMIC_SEQ_CST);
	got();
}

/* Through get_user_pages(), as KVM and devices do. */
static void copy(uint64_t *addr, uint64_t *value, bool write)
{
	struct iovec here = { value, sizeof(*value) };
	struct iovec there = { addr, sizeof(*addr) };
	ssize_t len;

	wanting(COPIES, addr);
	len = write ? process_vm_writev(getpid(), &here, 1, &there, 1, 0) :
		      process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	got();
	if (len == sizeof(*value))
		return;
	me->errors++;
	tap_diag("node %u cannot %s page %llu by process_vm: %s", me->node,
		 write ? "write" : "read", (unsigned long long)me->page,
		 strerror(errno));
}

static void differs(const char *what, uint64_t *addr, uint64_t is,
		    uint64_t must)
{
	if (me->errors++ < 5)
		tap_diag("node %u, page %llu, offset %lu: %s is %llx, must be %llx",
			 me->node, (unsigned long long)me->page,
			 (unsigned long)addr % PAGE, what,
			 (unsigned long long)is, (unsigned long long)must);
}

/* ---- phases that run in workers ---- */

static void check_and_change(uint32_t i, uint64_t fresh)
{
	uint64_t *addr = word_at(i), value;
	uint32_t how = random_below(8);

	pthread_mutex_lock(&shared->locks[i]);
	if (how == 0)
		copy(addr, &value, false);
	else
		value = load(addr);
	if (value != shared->reference[i])
		differs("a word", addr, value, shared->reference[i]);
	if (how >= 4)
		store(addr, fresh);
	else if (how == 3)
		copy(addr, &fresh, true);
	if (how >= 3)
		shared->reference[i] = fresh;
	pthread_mutex_unlock(&shared->locks[i]);
}

static void random_words(uint64_t until, uint32_t first, uint32_t end)
{
	uint64_t fresh = (uint64_t)(me - shared->workers + 1) << 56 |
			 (now_ms() & 0xffffff) << 32;

	while (now_ms() < until && me->errors < 5)
		check_and_change(first + random_below(end - first), ++fresh);
}

static void spread_words(uint64_t until)
{
	random_words(until, CONTENDED, WORDS);
}

static void contended_words(uint64_t until)
{
	random_words(until, 0, CONTENDED);
}

static void add_counters(uint64_t until)
{
	uint32_t i;

	while (now_ms() < until) {
		i = random_below(COUNTERS);
		add(counter_at(i), 1);
		me->added[i]++;
	}
}

/*
 * Worker 0 writes data, then a flag, on pages of different homes. A worker that
 * reads the flag must read the data too, and neither may ever become smaller.
 */
static void pass_messages(uint64_t until)
{
	uint64_t *data = at(page_of(0, 1), 0), *flag = at(page_of(1, 1), 0);
	uint64_t last = 0, f, d, k = 0;

	while (now_ms() < until && me->errors < 5) {
		if (me == shared->workers) {
			store(data, ++k);
			store(flag, k);
			continue;
		}
		f = load(flag);
		d = load(data);
		if (d < f)
			differs("data older than its flag", data, d, f);
		if (f < last)
			differs("a flag that became smaller", flag, f, last);
		last = f;
	}
}

static uint64_t pattern(uint64_t *addr, uint64_t round)
{
	return ((uint64_t)((uint8_t *)addr - mem) + round) *
	       0x9e3779b97f4a7c15ull;
}

static void fill_all(uint64_t round)
{
	uint64_t *end = (uint64_t *)(mem + cluster_size(&cluster)), *p;

	for (p = (uint64_t *)mem; p < end; p++) {
		if (!((uintptr_t)p % PAGE))
			wanting(STORES, p);
		*p = pattern(p, round);
	}
	got();
}

static void verify_all(uint64_t round)
{
	uint64_t *end = (uint64_t *)(mem + cluster_size(&cluster)), *p;

	for (p = (uint64_t *)mem; p < end && me->errors < 5; p++) {
		if (!((uintptr_t)p % PAGE))
			wanting(LOADS, p);
		if (*p != pattern(p, round))
			differs("a filled word", p, *p, pattern(p, round));
	}
	got();
}

/* ---- running workers ---- */

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	static const char text[] = "# SIGBUS in a worker\n";
	ssize_t ignored;

	(void)sig;
	(void)info;
	(void)context;
	ignored = write(STDOUT_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	_exit(3);
}

static void become_worker(uint32_t w, uint32_t node)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};
	int fd = attach(cluster.name, node, SSI_DSM_ATTACH_NO_CHANNEL);

	sigaction(SIGBUS, &action, NULL);
	me = &shared->workers[w];
	*me = (struct worker){ .node = node };
	seed = 88172645463325252ull * (w + 1) + now_ms();
	mem = fd < 0 ? NULL : map_region(fd, cluster_size(&cluster));
	if (mem)
		return;
	tap_diag("node %u: cannot attach and map: %s", node,
		 strerror(fd < 0 ? -fd : errno));
	_exit(2);
}

/* Prints the operation of a worker, when one hangs. */
static void tell_worker(uint32_t w)
{
	static const char *const ops[] = { "does not touch the region",
		"loads", "stores to", "adds to", "copies" };
	const struct worker *worker = &shared->workers[w];
	struct region_info info;

	if (worker->op == IDLE) {
		tap_diag("worker %u on node %u %s, after %llu accesses", w,
			 worker->node, ops[IDLE],
			 (unsigned long long)worker->done);
		return;
	}
	region_get(cluster.name, worker->node, REGION, &info);
	tap_diag("worker %u on node %u %s page %llu (home %llu) since %llu ms, after %llu accesses; its region is in state %u: %s",
		 w, worker->node, ops[worker->op],
		 (unsigned long long)worker->page,
		 (unsigned long long)(worker->page / PAGES_EACH),
		 (unsigned long long)(now_ms() - worker->since),
		 (unsigned long long)worker->done, info.state, info.reason);
}

static bool reap_workers(int *pids, uint32_t count, uint64_t deadline)
{
	bool all = true;
	char name[32];
	uint32_t w, i;

	for (w = 0; w < count; w++) {
		while (now_ms() < deadline && shared->workers[w].node != ~0u)
			usleep(5000);
		for (i = 0; now_ms() >= deadline && all && i < count; i++)
			tell_worker(i);
		snprintf(name, sizeof(name), "worker %u", w);
		all &= !reap(pids[w], deadline, name);
		all &= !shared->workers[w].errors;
	}
	return all;
}

static int start_worker(uint32_t w, uint32_t node, void (*fn)(uint64_t),
			uint64_t arg)
{
	int pid;

	shared->workers[w] = (struct worker){ .node = node };
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		tap_bail("fork: %s", strerror(errno));
	if (pid)
		return pid;
	become_worker(w, node);
	fn(arg);
	me->node = ~0u;
	_exit(0);
}

static void tell_rates(const struct phase *phase)
{
	uint64_t least = UINT64_MAX, total = 0;
	uint32_t w;

	for (w = 0; w < nr_workers; w++) {
		uint64_t done = shared->workers[w].done;

		total += done;
		least = done < least ? done : least;
	}
	tap_diag("%s: %llu accesses, the slowest worker %llu", phase->text,
		 (unsigned long long)total, (unsigned long long)least);
}

static void run_phase(const struct phase *phase)
{
	uint64_t until = now_ms() + phase->ms;
	int pids[WORKERS_MAX];
	bool all = true;
	uint32_t w;

	for (w = 0; w < cluster.nodes; w++)
		policy_set(cluster.name, w, REGION, SSI_DSM_POLICY_HOLD,
			   phase->hold_us);
	for (w = 0; w < nr_workers; w++)
		pids[w] = start_worker(w, w % cluster.nodes, phase->fn, until);
	all = reap_workers(pids, nr_workers, until + HANG_MS);
	tell_rates(phase);
	for (w = 0; w < nr_workers; w++)
		all &= shared->workers[w].done > 0;
	tap_ok(all, "%s", phase->text);
}

/* ---- after the phases ---- */

static uint64_t must_be[COUNTERS];

static void check_counters(uint64_t unused)
{
	uint32_t i;

	(void)unused;
	for (i = 0; i < COUNTERS; i++)
		if (load(counter_at(i)) != must_be[i])
			differs("a counter", counter_at(i), *counter_at(i),
				must_be[i]);
}

static void test_counters(const struct phase *phase)
{
	uint32_t w, i;
	int pid;

	run_phase(phase);
	memset(must_be, 0, sizeof(must_be));
	for (w = 0; w < nr_workers; w++)
		for (i = 0; i < COUNTERS; i++)
			must_be[i] += shared->workers[w].added[i];
	pid = start_worker(0, cluster.nodes - 1, check_counters, 0);
	tap_ok(reap_workers(&pid, 1, now_ms() + HANG_MS),
	       "%s: the sums are exact", phase->text);
}

static void test_fill(uint32_t from, uint32_t to)
{
	uint64_t start = now_ms();
	bool all;
	int pid;

	pid = start_worker(0, from, fill_all, from);
	all = reap_workers(&pid, 1, start + HANG_MS);
	pid = start_worker(0, to, verify_all, from);
	all &= reap_workers(&pid, 1, start + 2 * HANG_MS);
	tap_diag("%llu MiB filled by node %u, verified by node %u, in %llu ms",
		 (unsigned long long)(cluster_size(&cluster) / MIB), from, to,
		 (unsigned long long)(now_ms() - start));
	tap_ok(all, "node %u reads all that node %u has written", to, from);
}

/* ---- states and statistics, by one process on all nodes ---- */

static volatile uint64_t *views[NODES_MAX];

static void map_views(void)
{
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++) {
		views[n] = map_region(keepers[n], cluster_size(&cluster));
		if (!views[n])
			tap_bail("mmap of node %u: %s", n, strerror(errno));
	}
}

static void unmap_views(void)
{
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++)
		munmap((void *)views[n], cluster_size(&cluster));
}

static uint64_t count_of(uint32_t node, uint32_t class)
{
	struct stats_info info;

	if (stats_get(cluster.name, node, REGION, &info))
		tap_bail("statistics of node %u: %s", node, conf_text());
	if (info.bucketed[class] != info.count[class])
		tap_diag("class %u of node %u: %llu counted, %llu in buckets",
			 class, node, (unsigned long long)info.count[class],
			 (unsigned long long)info.bucketed[class]);
	return info.count[class];
}

/* Statistics come a moment after the page: until the counter is there. */
static bool counted(uint32_t node, uint32_t class, uint64_t want)
{
	uint64_t until = now_ms() + 2000, count;

	do {
		count = count_of(node, class);
	} while (count < want && now_ms() < until);
	if (count != want)
		tap_diag("class %u of node %u: %llu, must be %llu", class,
			 node, (unsigned long long)count,
			 (unsigned long long)want);
	return count == want;
}

#define COUNT(node, class)	count_of(node, SSI_DSM_CLASS_##class)
#define COUNTED(node, class, n)	counted(node, SSI_DSM_CLASS_##class, n)

static uint64_t watched(uint32_t home)
{
	return page_of(home, 3) * PAGE / sizeof(uint64_t);
}

/* A page of each home, first touched by the last node. */
static void test_first_touch(void)
{
	uint32_t last = cluster.nodes - 1, n;
	uint64_t before = COUNT(last, FIRST_TOUCH);
	bool zero = true;

	for (n = 0; n < cluster.nodes; n++) {
		zero &= !views[last][watched(n)];
		views[last][watched(n)] = 100 + n;
	}
	tap_ok(zero, "untouched pages are zero");
	tap_ok(COUNTED(last, FIRST_TOUCH, before + cluster.nodes),
	       "the first read of each counts as a first touch, the write after it does not");
}

static void test_replication(void)
{
	uint32_t last = cluster.nodes - 1, n;
	uint64_t before[NODES_MAX], given = COUNT(last, FORWARDED);
	bool same = true, all = true;

	for (n = 0; n < last; n++) {
		before[n] = COUNT(n, READ_REMOTE);
		same &= views[n][watched(0)] == 100;
		same &= views[n][watched(0)] == 100;
	}
	for (n = 0; n < last; n++)
		all &= COUNTED(n, READ_REMOTE, before[n] + 1);
	tap_ok(same, "all nodes read what one node has written");
	tap_ok(all && COUNTED(last, FORWARDED, given + last),
	       "each node has fetched the page once, from its owner");
}

static void test_upgrade(void)
{
	uint32_t last = cluster.nodes - 1, n;
	uint64_t dropped[NODES_MAX] = { }, upgrades = COUNT(0, UPGRADE);
	uint64_t fetched;
	bool same = true, all = true;

	for (n = 1; n < cluster.nodes; n++)
		dropped[n] = COUNT(n, INVALIDATION);
	views[0][watched(0)] = 4711;
	all &= COUNTED(0, UPGRADE, upgrades + 1);
	for (n = 1; n < cluster.nodes; n++)
		all &= COUNTED(n, INVALIDATION, dropped[n] + 1);
	for (n = 0; n < cluster.nodes; n++)
		same &= views[n][watched(0)] == 4711;
	tap_ok(all, "a reader's write is one upgrade, and one invalidation on each other node");
	tap_ok(same, "all nodes read what the upgraded node wrote");
	fetched = COUNT(last, WRITE_REMOTE);
	views[last][watched(1)] = 1;
	views[0][watched(1)] = 2;
	fetched = COUNT(last, WRITE_REMOTE) - fetched;
	tap_ok(!fetched && views[last][watched(1)] == 2,
	       "a write to an exclusive page makes no request");
}

static uint64_t exclusive_on(uint32_t node)
{
	struct region_info info;

	region_get(cluster.name, node, REGION, &info);
	return info.exclusive;
}

static void *write_on_the_other(void *arg)
{
	volatile uint64_t *page = arg;

	page[1] = 2;
	return NULL;
}

/* A write through a reference must not be lost with the page. */
static void test_pinned(void)
{
	uint64_t place = page_of(0, 4) * PAGE / sizeof(uint64_t);
	volatile uint64_t *here = views[0] + place, *there = views[1] + place;
	uint64_t until = now_ms() + DEADLINE_MS, exclusive;
	struct slow slow;
	pthread_t other;
	bool written;

	here[0] = 0;
	exclusive = exclusive_on(0);
	slow_begin(&slow, here);
	pthread_create(&other, NULL, write_on_the_other, (void *)there);
	while (exclusive_on(0) >= exclusive && now_ms() < until)
		usleep(1000);
	tap_ok(exclusive_on(0) < exclusive, "a page is taken from its node while a write through a reference runs");
	written = slow_end(&slow, 1);
	pthread_join(other, NULL);
	tap_ok(written && there[0] == 1 && there[1] == 2 && here[0] == 1 &&
	       here[1] == 2,
	       "the page is handed over only when that write has ended");
}

static void test_region_counts(void)
{
	struct region_info info;
	uint64_t exclusive = 0, touched = 0, bytes = 0;
	uint32_t n;

	views[0][watched(1)] = 3;
	for (n = 0; n < cluster.nodes; n++) {
		region_get(cluster.name, n, REGION, &info);
		exclusive += info.exclusive;
		touched += info.directory;
		bytes += info.metadata;
	}
	tap_diag("%llu pages touched, %llu exclusive, %llu bytes of metadata",
		 (unsigned long long)touched, (unsigned long long)exclusive,
		 (unsigned long long)bytes);
	tap_ok(exclusive && exclusive <= touched &&
	       touched <= cluster_size(&cluster) / PAGE,
	       "no more pages are exclusive than were touched");
}

/* ---- caches ---- */

static void all_regions(struct region_info *infos)
{
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++)
		if (region_get(cluster.name, n, REGION, &infos[n]))
			tap_bail("region of node %u: %s", n, conf_text());
}

/*
 * Evicted pages go home a moment later: waits until all caches are in their
 * budget.
 */
static void test_budget(void)
{
	struct region_info infos[NODES_MAX];
	uint64_t until = now_ms() + DEADLINE_MS;
	uint64_t dropped = 0, put = 0;
	bool within;
	uint32_t n;

	do {
		all_regions(infos);
		for (n = 0, within = true; n < cluster.nodes; n++)
			within &= infos[n].cached * PAGE <= cluster.cache;
	} while (!within && now_ms() < until);
	for (n = 0; n < cluster.nodes; n++) {
		dropped += infos[n].dropped;
		put += infos[n].put;
		tap_diag("node %u: %llu pages cached, %llu dropped, %llu put", n,
			 (unsigned long long)infos[n].cached,
			 (unsigned long long)infos[n].dropped,
			 (unsigned long long)infos[n].put);
	}
	tap_ok(within, "each node caches at most %llu MiB of the other nodes' pages",
	       (unsigned long long)(cluster.cache / MIB));
	tap_ok(dropped && put, "copies were dropped, and exclusive pages sent home, for that");
}

/* Makes the kernel call all shrinkers, as it does when memory is short. */
static void drop_caches(void)
{
	FILE *file = fopen("/proc/sys/vm/drop_caches", "w");

	if (!file || fputs("2", file) == EOF || fclose(file))
		tap_bail("drop_caches: %s", strerror(errno));
}

/* Pages that all nodes have read are copies on all nodes but the owner. */
static void test_shrinker(void)
{
	struct region_info before[NODES_MAX], after[NODES_MAX];
	uint32_t n, last = cluster.nodes - 1;
	int pids[NODES_MAX];
	bool all;

	for (n = 0; n < cluster.nodes; n++)
		pids[n] = start_worker(n, n, verify_all, last);
	all = reap_workers(pids, cluster.nodes, now_ms() + HANG_MS);
	all_regions(before);
	drop_caches();
	all_regions(after);
	for (n = 0; n < cluster.nodes; n++)
		tap_diag("node %u: %llu pages cached, then %llu", n,
			 (unsigned long long)before[n].cached,
			 (unsigned long long)after[n].cached);
	tap_ok(all && after[0].dropped > before[0].dropped &&
	       after[0].cached < before[0].cached,
	       "copies are dropped when the kernel asks for memory");
	for (n = 0; n < cluster.nodes; n++)
		pids[n] = start_worker(n, n, verify_all, last);
	tap_ok(reap_workers(pids, cluster.nodes, now_ms() + HANG_MS),
	       "all nodes still read what was written");
}

/* ---- allocations that fail ---- */

#define PARAMETERS	"/sys/module/ssi_dsm/parameters/"
#define ALLOC_CLASSES	6u	/* of kmod/alloc.h */

/*
 * From now on one in @nth of the module's allocations fails, 0: none. Of
 * blocks, which are few, every second one fails. One in @break_nth messages
 * over rdma breaks its connection.
 */
static void fail_allocations(uint32_t nth, uint32_t break_nth)
{
	FILE *file = fopen(PARAMETERS "fail_nth", "w");
	uint32_t few = nth ? 2 : 0;

	if (!file ||
	    fprintf(file, "%u,%u,%u,%u,%u,%u", nth, few, nth, nth, few,
		    break_nth) < 0 ||
	    fclose(file))
		tap_bail("fail_nth: %s", strerror(errno));
}

static void read_failures(unsigned int failed[ALLOC_CLASSES])
{
	FILE *file = fopen(PARAMETERS "failed", "r");

	if (!file || fscanf(file, "%u,%u,%u,%u,%u,%u", &failed[0], &failed[1],
			    &failed[2], &failed[3], &failed[4],
			    &failed[5]) != ALLOC_CLASSES)
		tap_bail("failed: %s", strerror(errno));
	fclose(file);
}

/*
 * All tests before this one ran with failing allocations. There may be only one
 * 2 MiB folio, so it is chance whether one of those has failed.
 */
static void test_failures(void)
{
	unsigned int failed[ALLOC_CLASSES];

	read_failures(failed);
	tap_diag("failed: %u pages, %u blocks, %u requests, %u messages, %u pieces",
		 failed[0], failed[1], failed[2], failed[3], failed[4]);
	tap_ok(failed[0] && failed[1] && failed[2] && failed[3],
	       "allocations of pages, blocks, requests and messages have failed, and nothing was lost");
}

static void test_breaks(void)
{
	unsigned int failed[ALLOC_CLASSES];
	uint32_t n;
	bool ok = true;

	read_failures(failed);
	for (n = 0; n < cluster.nodes; n++)
		ok &= wait_peer(cluster.name, n, !n, SSI_DSM_LINK_UP, "");
	tap_diag("%u connections were broken", failed[5]);
	tap_ok(failed[5] && ok,
	       "connections were broken and made again, and nothing was lost");
}

static void tell_statistics(void)
{
	static const char *const names[__SSI_DSM_CLASS_MAX] = {
		"local", "first touch", "read remote", "write remote",
		"upgrade", "invalidation", "forwarded", "walk read", "walk write" };
	struct stats_info info;
	uint32_t n, class;

	for (n = 0; n < cluster.nodes; n++) {
		stats_get(cluster.name, n, REGION, &info);
		for (class = 0; class < __SSI_DSM_CLASS_MAX; class++)
			tap_diag("node %u: %-12s %8llu, %8.1f us each", n,
				 names[class],
				 (unsigned long long)info.count[class],
				 info.sum_ns[class] / 1e3 /
					 (info.count[class] ?: 1));
	}
}

/* ---- all ---- */

static void make_shared(void)
{
	pthread_mutexattr_t attr;
	int i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		tap_bail("mmap: %s", strerror(errno));
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	for (i = 0; i < WORDS; i++)
		pthread_mutex_init(&shared->locks[i], &attr);
}

/* Files that keep the nodes in the region while no worker runs. */
static void keep_region(void)
{
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++) {
		keepers[n] = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		if (keepers[n] < 0)
			tap_bail("attach to node %u: %s", n,
				 strerror(-keepers[n]));
	}
}

static void on_alarm(int sig)
{
	static const char text[] =
		"not ok the whole test hangs\nBail out!\n";
	ssize_t ignored = write(STDOUT_FILENO, text, sizeof(text) - 1);

	(void)sig;
	(void)ignored;
	_exit(1);
}

static const struct phase phases[] = {
	{ "random words on many pages", spread_words, 4000,
	  SSI_DSM_POLICY_AUTO },
	{ "random words on two pages", contended_words, 3000,
	  SSI_DSM_POLICY_AUTO },
	{ "random words on two pages, no hold window", contended_words, 2000,
	  0 },
	{ "data passed from node to node by a flag", pass_messages, 2000, 1000 },
};

static const struct phase counters = {
	"lock-prefixed additions on all nodes", add_counters, 3000, 500,
};

static void watch_states(void)
{
	map_views();
	test_first_touch();
	test_replication();
	test_upgrade();
	test_pinned();
	test_region_counts();
	unmap_views();
}

int main(int argc, char **argv)
{
	size_t i;

	cluster_args(&cluster, argc, argv);
	conf_need();
	signal(SIGALRM, on_alarm);
	alarm(DEAD_S * slower());
	tap_plan(ARRAY_SIZE(phases) + 18 + (cluster.cache ? 2 : 0) +
		 !!cluster.fail_nth + !!cluster.break_nth);
	nr_workers = cluster.nodes + 1;
	make_shared();
	cluster_make(&cluster);
	keep_region();
	tap_ok(cluster_wait_ready(&cluster), "the region is ready on all nodes");
	fail_allocations(cluster.fail_nth, cluster.break_nth);
	watch_states();
	for (i = 0; i < ARRAY_SIZE(phases); i++)
		run_phase(&phases[i]);
	test_counters(&counters);
	tell_statistics();
	test_fill(0, cluster.nodes - 1);
	test_fill(cluster.nodes - 1, 0);
	if (cluster.cache)
		test_budget();
	test_shrinker();
	fail_allocations(0, 0);
	if (cluster.fail_nth)
		test_failures();
	if (cluster.break_nth)
		test_breaks();
	tell_statistics();
	for (i = 0; i < cluster.nodes; i++)
		close(keepers[i]);
	cluster_delete(&cluster);
	tap_ok(!module_unload() && !module_load(), "the module unloads after");
	return tap_exit();
}
