// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Homes that move to and fro while all nodes use their pages.
 *
 *	move [loop|rdma|tcp [NODES [DELAY_US ...]]]
 *
 * A process on each node adds to counters, some alone on their page, and changes
 * words that a lock in ordinary memory guards. Meanwhile another process, on the
 * nodes in turn, orders that blocks move to random nodes.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/genl.h"
#include "libcluster.h"
#include "libslow.h"
#include "selftests/unit/tap.h"

#define EACH		(2 * MIB)
#define BLOCK_PAGES	(EACH / PAGE)
#define PLACES		24	/* pages in use, of all blocks */
#define STILL_MS	1500
#define MOVING_MS	4000
#define HANG_MS		(20000 * slower())

/**
 * struct worker - what one process has done
 * @added: to the counter of each place
 * @longest_us: of its accesses, while homes stay and while they move
 * @done: accesses, the same
 * @errors: words that were not the last value
 */
struct worker {
	uint64_t added[PLACES];
	uint64_t longest_us[2];
	uint64_t done[2];
	uint64_t errors;
};

/**
 * struct shared - ordinary memory of all processes
 * @locks, @words: of each place: the value that its word must have
 * @moving: homes move
 * @stop: all processes end
 * @orders: how many the mover has given
 * @refused: how many the module refused
 */
struct shared {
	pthread_mutex_t locks[PLACES];
	uint64_t words[PLACES];
	uint32_t moving;
	uint32_t stop;
	uint64_t orders;
	uint64_t refused;
	struct worker workers[NODES_MAX];
};

static struct cluster cluster = { .name = "test", .nodes = 3, .each = EACH };
static struct shared *shared;
static uint64_t seed;

static uint32_t random_below(uint32_t end)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((seed >> 33) * end >> 31);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

/* Neighbours, and pages at a distance, in each block. */
static uint64_t page_of(uint32_t place)
{
	uint32_t block = place % cluster.nodes, i = place / cluster.nodes;

	return block * BLOCK_PAGES + i * (i % 2 ? 1 : 37);
}

/* ---- the nodes' processes ---- */

static void use_place(struct worker *me, uint8_t *mem, uint32_t place)
{
	uint64_t *words = (uint64_t *)(mem + page_of(place) * PAGE), value;

	if (random_below(2)) {
		__atomic_fetch_add(&words[0], 1, __ATOMIC_SEQ_CST);
		me->added[place]++;
		return;
	}
	pthread_mutex_lock(&shared->locks[place]);
	value = __atomic_load_n(&words[8], __ATOMIC_ACQUIRE);
	if (value != shared->words[place])
		me->errors++;
	if (random_below(2))
		__atomic_store_n(&words[8], ++shared->words[place], __ATOMIC_RELEASE);
	pthread_mutex_unlock(&shared->locks[place]);
}

static int work(uint32_t node)
{
	struct worker *me = &shared->workers[node];
	int fd = attach(cluster.name, node, SSI_DSM_ATTACH_NO_CHANNEL);
	uint8_t *mem = map_region(fd, cluster_size(&cluster));

	seed = node + 1;
	while (mem && !__atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE)) {
		uint32_t moving = __atomic_load_n(&shared->moving, __ATOMIC_ACQUIRE);
		uint64_t begin = now_us(), took;

		use_place(me, mem, random_below(PLACES));
		took = now_us() - begin;
		if (took > me->longest_us[moving])
			me->longest_us[moving] = took;
		me->done[moving]++;
	}
	return mem ? 0 : 1;
}

/* ---- orders ---- */

static void put_region(struct nl_msg *request, uint32_t node, uint64_t index)
{
	nla_put_string(request, SSI_DSM_A_CLUSTER, cluster.name);
	nla_put_u32(request, SSI_DSM_A_NODE_ID, node);
	nla_put_u32(request, SSI_DSM_A_REGION_ID, REGION);
	nla_put_u64(request, SSI_DSM_A_PAGE_INDEX, index);
}

/* 0 or a negative errno. */
static int order(struct genl *genl, uint32_t node, uint64_t index,
		 uint64_t count, uint32_t to)
{
	struct nl_msg *request = genl_request(SSI_DSM_CMD_HOME_MOVE);
	int ret;

	put_region(request, node, index);
	nla_put_u64(request, SSI_DSM_A_PAGE_COUNT, count);
	nla_put_u32(request, SSI_DSM_A_HOME, to);
	ret = genl_call(genl, request, NULL, NULL) ? -genl->err : 0;
	nlmsg_free(request);
	return ret;
}

static void take_home(const struct genl_reply *reply, void *arg)
{
	*(uint32_t *)arg = genl_u32(reply, SSI_DSM_A_HOME);
}

static uint32_t home_at(struct genl *genl, uint32_t node, uint64_t index)
{
	struct nl_msg *request = genl_request(SSI_DSM_CMD_PAGE_LOOK);
	uint32_t home = UINT32_MAX;

	put_region(request, node, index);
	genl_call(genl, request, take_home, &home);
	nlmsg_free(request);
	return home;
}

static int give_orders(void)
{
	struct genl genl;
	int ret = genl_open(&genl);

	seed = 99;
	while (!ret && !__atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE)) {
		if (!__atomic_load_n(&shared->moving, __ATOMIC_ACQUIRE)) {
			usleep(1000);
			continue;
		}
		shared->refused += !!order(&genl, random_below(cluster.nodes),
					   random_below(cluster.nodes) * BLOCK_PAGES +
					   random_below(BLOCK_PAGES), 1,
					   random_below(cluster.nodes));
		shared->orders++;
		usleep(random_below(4000));
	}
	genl_close(&genl);
	return ret ? 1 : 0;
}

/* ---- the checks ---- */

static void add_taken(const struct genl_reply *reply, void *arg)
{
	*(uint64_t *)arg += genl_u64(reply, SSI_DSM_A_HOMES_TAKEN);
}

/* All nodes come to know the same homes. */
static bool all_agree(struct genl *genl)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	uint32_t block, node, home;
	bool agree;

	do {
		agree = true;
		for (block = 0; block < cluster.nodes; block++) {
			home = home_at(genl, 0, block * BLOCK_PAGES);
			for (node = 0; node < cluster.nodes; node++)
				agree &= home < cluster.nodes &&
					 home_at(genl, node, block * BLOCK_PAGES) == home;
		}
	} while (!agree && now_ms() < until);
	return agree;
}

static bool moves_to(struct genl *genl, uint32_t node, uint64_t index, uint32_t to)
{
	uint64_t until = now_ms() + DEADLINE_MS;

	do {
		if (order(genl, node, index, 1, to))
			return false;
	} while (home_at(genl, node, index) != to && now_ms() < until);
	return home_at(genl, node, index) == to;
}

static void test_refusals(struct genl *genl)
{
	uint64_t pages = cluster_size(&cluster) / PAGE;

	tap_ok(order(genl, 0, pages, 1, 1) == -ENOENT && order(genl, 0, 0, pages + 1, 1) == -ENOENT &&
	       order(genl, 0, 1, UINT64_MAX, 1) == -EINVAL,
	       "pages behind the region are refused: %s", genl->error);
	tap_ok(order(genl, 0, 0, 1, 31) == -EINVAL && order(genl, 0, 0, 1, 1000) == -EINVAL,
	       "a home that is no member is refused: %s", genl->error);
	tap_ok(order(genl, 9, 0, 1, 1) == -ENOENT, "a node that is not there: %s",
	       genl->error);
}

static bool sums_are_right(uint8_t *mem)
{
	uint32_t place, node;
	bool right = true;

	for (place = 0; place < PLACES; place++) {
		uint64_t *words = (uint64_t *)(mem + page_of(place) * PAGE);
		uint64_t sum = 0;

		for (node = 0; node < cluster.nodes; node++)
			sum += shared->workers[node].added[place];
		if (words[0] != sum || words[8] != shared->words[place]) {
			tap_diag("place %u has %llu and %llu, must have %llu and %llu", place,
				 (unsigned long long)words[0], (unsigned long long)words[8],
				 (unsigned long long)sum,
				 (unsigned long long)shared->words[place]);
			right = false;
		}
	}
	return right;
}

static void show(uint32_t moving, const char *what)
{
	uint64_t done = 0, longest = 0;
	uint32_t node;

	for (node = 0; node < cluster.nodes; node++) {
		done += shared->workers[node].done[moving];
		if (shared->workers[node].longest_us[moving] > longest)
			longest = shared->workers[node].longest_us[moving];
	}
	tap_diag("while homes %s: %llu accesses, the longest of %llu us", what,
		 (unsigned long long)done, (unsigned long long)longest);
}

/* Runs all processes to their end. Returns whether all of them ended well. */
static bool run_all(void)
{
	pid_t pids[NODES_MAX + 1];
	uint32_t node;
	bool ok = true;

	for (node = 0; node <= cluster.nodes; node++) {
		pids[node] = fork();
		if (!pids[node])
			_exit(node < cluster.nodes ? work(node) : give_orders());
	}
	usleep(STILL_MS * 1000);
	__atomic_store_n(&shared->moving, 1, __ATOMIC_RELEASE);
	usleep(MOVING_MS * 1000);
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
	for (node = 0; node <= cluster.nodes; node++)
		ok &= !reap(pids[node], now_ms() + HANG_MS, "a process");
	return ok;
}

static void make_shared(void)
{
	pthread_mutexattr_t attr;
	uint32_t i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	for (i = 0; i < PLACES; i++)
		pthread_mutex_init(&shared->locks[i], &attr);
}

int main(int argc, char **argv)
{
	uint64_t taken = 0, errors = 0;
	struct genl genl;
	uint8_t *mem;
	uint32_t i;
	bool ok;
	int fd = -1;

	cluster_args(&cluster, argc, argv);
	conf_need();
	tap_plan(9);
	make_shared();
	cluster_make(&cluster);
	/* a node leaves the region with its last file */
	for (i = cluster.nodes; i--;)
		fd = attach(cluster.name, i, SSI_DSM_ATTACH_NO_CHANNEL);
	ok = cluster_wait_ready(&cluster) && !genl_open(&genl);
	mem = map_region(fd, cluster_size(&cluster));
	if (!ok || !mem)
		tap_bail("no cluster: %s", genl.error);
	test_refusals(&genl);
	tap_ok(run_all(), "no process hangs, or loses its memory");
	for (i = 0; i < cluster.nodes; i++)
		errors += shared->workers[i].errors;
	tap_ok(!errors, "every word has the last value");
	tap_ok(sums_are_right(mem), "no add is lost");
	genl_dump(&genl, SSI_DSM_CMD_REGION_GET, add_taken, &taken);
	show(0, "stay");
	show(1, "move");
	tap_diag("%llu orders, %llu moves", (unsigned long long)shared->orders,
		 (unsigned long long)taken);
	tap_ok(!shared->refused && taken > cluster.nodes, "homes have moved");
	tap_ok(all_agree(&genl), "all nodes know the same homes");
	tap_ok(moves_to(&genl, 1, 0, 1) && moves_to(&genl, 0, 0, 0) &&
	       moves_to(&genl, 1, 0, 0), "a home goes where any node orders");
	genl_close(&genl);
	cluster_delete(&cluster);
	return tap_exit();
}
