// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The accessed and dirty bits that a guest's walks set, on another node.
 *
 *	guestbits reads|writes [rogpt [host]]
 *
 * A guest of one CPU runs on node 1; its page tables, code and a word are in the
 * region, whose home is node 0. Before each run of the guest both nodes have copies
 * of the tables. So a walk that sets a bit must get the table exclusively first:
 * if not, node 0 still reads the old entry.
 *
 * At last there are no more bits to set. reads: then the walks of this host must
 * not take the tables away from node 0. writes: they must, as on AMD. With rogpt
 * the policy of this name is on.
 *
 * And the guest reads a word, halted by KVM until its page comes: node 0 keeps a copy
 * of the page.
 *
 * host: while the guest runs, the host takes the CPU away on which it runs, and
 * goes to sleep and wakes. ROGPT must survive both. The host's suspend ends before
 * the firmware is called (the kernel's pm_test).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libbench.h"
#include "libguest.h"
#include "selftests/unit/tap.h"

#define HERE		0u	/* the home of the tables */
#define THERE		1u	/* the node of the guest */
#define NODES		2u
#define LEVELS		4u
#define TURNS		20u
#define APART		(8 * PAGE)
#define DEADLINE	60u	/* seconds for the guest to run on */

/* Guest-physical addresses, and also offsets in the region. */
#define TABLES		0
#define CODE		(4 * APART)
#define READER		(CODE + 256)
#define WORD		(5 * APART)
#define SIZE		(2 * MIB)

/* bits of a page table entry */
#define ACCESSED	(1ull << 5)
#define DIRTY		(1ull << 6)

/* rdi: the word; a new CR3 makes the CPU walk again */
GUEST_CODE(add_one,
	   "	incq (%rdi)\n"
	   "	mov %cr3, %rax\n"
	   "	mov %rax, %cr3\n"
	   "	out %al, $0x10\n"
	   "	jmp add_one\n");

/* the same, but it only reads */
GUEST_CODE(read_one,
	   "	mov (%rdi), %rax\n"
	   "	mov %cr3, %rax\n"
	   "	mov %rax, %cr3\n"
	   "	out %al, $0x10\n"
	   "	jmp read_one\n");

static const struct cluster cluster = {
	.name = "bits",
	.transport = SSI_DSM_TRANSPORT_RDMA,
	.nodes = NODES,
	.each = SIZE,
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		tap_bail("%s to %s: %s", text, path, strerror(errno));
	close(fd);
}

static volatile uint64_t *entry_of(volatile uint8_t *mem, uint32_t level,
				   uint64_t addr)
{
	uint32_t index = level == 1 ? addr / PAGE : 0;

	return (volatile uint64_t *)(mem + TABLES + (LEVELS - level) * APART) +
	       index;
}

/* Whether the entries of the walk to @addr have these bits, and the others not. */
static bool has_bits(volatile uint8_t *mem, uint64_t addr, uint64_t last)
{
	bool all = true;
	uint32_t level;
	uint64_t bits;

	for (level = LEVELS; level; level--) {
		bits = *entry_of(mem, level, addr) & (ACCESSED | DIRTY);
		if (bits == (level == 1 ? last : ACCESSED))
			continue;
		tap_diag("level %u of the walk to %#llx has the bits %#llx",
			 level, (unsigned long long)addr,
			 (unsigned long long)bits);
		all = false;
	}
	return all;
}

static void clear_bits(volatile uint8_t *mem)
{
	uint32_t level;

	for (level = LEVELS; level; level--) {
		*entry_of(mem, level, CODE) &= ~(ACCESSED | DIRTY);
		*entry_of(mem, level, WORD) &= ~(ACCESSED | DIRTY);
	}
}

static void read_tables(volatile uint8_t *mem)
{
	uint32_t level;

	for (level = LEVELS; level; level--)
		(void)*entry_of(mem, level, CODE);
}

static uint64_t walk_writes(void)
{
	struct stats_info stats;

	if (stats_get(cluster.name, THERE, REGION, &stats))
		tap_bail("no statistics of node %u", THERE);
	return stats.count[SSI_DSM_CLASS_WALK_WRITE];
}

static uint64_t faults_here(void)
{
	struct stats_info stats;

	if (stats_get(cluster.name, HERE, REGION, &stats))
		tap_bail("no statistics of node %u", HERE);
	return stats.count[SSI_DSM_CLASS_READ_REMOTE] +
	       stats.count[SSI_DSM_CLASS_WRITE_REMOTE];
}

static void check_bits(struct guest *g, volatile uint8_t *here,
		       volatile uint8_t *there, const char *when)
{
	clear_bits(here);
	read_tables(there);
	read_tables(here);
	guest_run(g);
	tap_ok(has_bits(here, WORD, ACCESSED | DIRTY) &&
	       has_bits(here, CODE, ACCESSED),
	       "accessed and dirty bits of walks reach the other node, %s", when);
}

/* The guest runs and node 0 reads the tables, in turns. */
static void take_turns(struct guest *g, volatile uint8_t *here, uint32_t turns)
{
	while (turns--) {
		guest_run(g);
		read_tables(here);
	}
}

/*
 * The first turns do not count: the tables were written just before, so a node
 * may still fetch them exclusively as one prefetch group.
 */
static void check_turns(struct guest *g, volatile uint8_t *here, bool reads)
{
	uint64_t writes, faults;

	take_turns(g, here, TURNS);
	writes = walk_writes();
	faults = faults_here();
	take_turns(g, here, TURNS);
	writes = walk_writes() - writes;
	faults = faults_here() - faults;
	tap_diag("%u turns: %llu walks that wrote, %llu faults of node 0", TURNS,
		 (unsigned long long)writes, (unsigned long long)faults);
	tap_ok(reads ? !faults : faults >= TURNS,
	       "walks that set no bit %s the other node's copies",
	       reads ? "leave" : "take");
	tap_ok(reads ? !writes : writes >= TURNS, "and are counted so");
}

/* How many modules and files use kvm.ko; -1 if KVM is built in, as in the debug kernel. */
static int kvm_users(void)
{
	char text[16] = "";
	int fd = open("/sys/module/kvm/refcnt", O_RDONLY);

	if (fd < 0 && errno == ENOENT && !access("/dev/kvm", F_OK))
		return -1;
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		tap_bail("/sys/module/kvm/refcnt cannot be read");
	close(fd);
	return atoi(text);
}

static void go_on_at(struct guest *g, uint64_t code)
{
	struct guest_start start = {
		.tables = TABLES,
		.code = code,
		.rdi = WORD,
	};

	guest_begin(g, &start);
}

/*
 * Node 0 writes to the word's page, the guest reads it, and so does node 0. The
 * first turn does not count: the guest has written to the page before, so it is
 * taken exclusively once more.
 */
static void check_copies(struct guest *g, volatile uint8_t *here)
{
	uint64_t before, faults = 0;
	uint32_t i;

	go_on_at(g, READER);
	for (i = 0; i <= TURNS; i++) {
		here[WORD + 8]++;
		guest_run(g);
		before = faults_here();
		(void)here[WORD];
		if (i)
			faults += faults_here() - before;
	}
	tap_diag("%llu faults of node 0", (unsigned long long)faults);
	tap_ok(!faults, "a page for which a CPU is halted does not leave the other node");
}

/* ---- the host's CPUs and its sleep ---- */

/**
 * struct runner - a thread that runs the guest all the time
 * @guest: the guest
 * @thread: the thread; it runs on CPU 1 while there is one
 * @turns: how often the guest has come back
 * @ends: the thread ends
 */
struct runner {
	struct guest *guest;
	pthread_t thread;
	atomic_uint turns;
	atomic_bool ends;
};

static void *run_guest(void *arg)
{
	struct runner *runner = arg;

	while (!atomic_load(&runner->ends)) {
		guest_run(runner->guest);
		atomic_fetch_add(&runner->turns, 1);
	}
	return NULL;
}

static void go_to_cpu_1(struct runner *runner)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(1, &set);
	errno = pthread_setaffinity_np(runner->thread, sizeof(set), &set);
	if (errno)
		tap_bail("CPU 1: %s", strerror(errno));
}

/* The guest comes back some more times. */
static void run_on(struct runner *runner)
{
	uint32_t turns = atomic_load(&runner->turns), waited = 0;

	while (atomic_load(&runner->turns) - turns < TURNS) {
		if (waited++ == DEADLINE * 100)
			tap_bail("the guest does not run on");
		usleep(10000);
	}
}

static void take_cpu(struct runner *runner)
{
	write_file("/sys/devices/system/cpu/cpu1/online", "0");
	run_on(runner);
	write_file("/sys/devices/system/cpu/cpu1/online", "1");
	go_to_cpu_1(runner);
}

/*
 * All tasks are frozen, the devices are suspended, all CPUs but one are taken
 * away, and KVM switches SVM off. A second later all this is undone.
 */
static void sleep_and_wake(struct runner *runner)
{
	(void)runner;
	write_file("/sys/module/suspend/parameters/pm_test_delay", "1");
	write_file("/sys/power/mem_sleep", "deep");
	write_file("/sys/power/pm_test", "core");
	write_file("/sys/power/state", "mem");
	write_file("/sys/power/pm_test", "none");
}

static uint64_t faults_there(void)
{
	struct stats_info stats;
	uint64_t sum = 0;
	uint32_t i;

	if (stats_get(cluster.name, THERE, REGION, &stats))
		tap_bail("no statistics of node %u", THERE);
	for (i = 0; i < __SSI_DSM_CLASS_MAX; i++)
		sum += stats.count[i];
	return sum;
}

/*
 * Both nodes have copies of the tables, so without the bit the next walk would
 * count as a write. The module could set it again only at a fault of this node,
 * and most often there is none.
 */
static void check_outage(struct guest *g, volatile uint8_t *here,
			 void (*outage)(struct runner *runner), const char *what)
{
	struct runner runner = { .guest = g };
	uint64_t faults = faults_there(), writes = walk_writes();

	if (pthread_create(&runner.thread, NULL, run_guest, &runner))
		tap_bail("no thread");
	go_to_cpu_1(&runner);
	run_on(&runner);
	outage(&runner);
	run_on(&runner);
	atomic_store(&runner.ends, true);
	pthread_join(runner.thread, NULL);
	take_turns(g, here, TURNS);
	writes = walk_writes() - writes;
	faults = faults_there() - faults;
	tap_diag("%u turns, %llu faults of node 1, %llu of walks that wrote",
		 atomic_load(&runner.turns), (unsigned long long)faults,
		 (unsigned long long)writes);
	tap_ok(!writes, "ROGPT survives %s: no walk writes", what);
}

static void check_host(struct guest *g, volatile uint8_t *here,
		       volatile uint8_t *there)
{
	go_on_at(g, CODE);
	take_turns(g, here, TURNS);
	check_outage(g, here, take_cpu, "that the host's CPU goes off and on");
	check_outage(g, here, sleep_and_wake, "the host's suspend");
	check_bits(g, here, there, "after that");
}

static void begin(struct guest *g, volatile uint8_t *there)
{
	guest_first(g);
	guest_memory(g, 0, 0, (void *)there, SIZE);
	go_on_at(g, CODE);
}

int main(int argc, char **argv)
{
	bool reads = argc > 1 && !strcmp(argv[1], "reads");
	bool rogpt = argc > 2 && !strcmp(argv[2], "rogpt");
	bool host = argc > 3 && !strcmp(argv[3], "host");
	volatile uint8_t *here, *there;
	struct guest g = { .interrupts = true };
	int users;

	if (argc != 2 + rogpt + host || (!reads && strcmp(argv[1], "writes")))
		tap_bail("guestbits reads|writes [rogpt [host]]");
	tap_plan(host ? 10 : 7);
	users = kvm_users();
	bench_cluster_new(&cluster);
	if (rogpt)
		bench_policy(&cluster, SSI_DSM_POLICY_ROGPT, 1);
	here = bench_map(&cluster, HERE);
	there = bench_map(&cluster, THERE);
	tap_ok(users < 0 || kvm_users() > users, "kvm.ko is used while a region is mapped");
	guest_tables((void *)(here + TABLES), TABLES, LEVELS, APART);
	memcpy((void *)(here + CODE), add_one, add_one_size);
	memcpy((void *)(here + READER), read_one, read_one_size);
	begin(&g, there);
	check_bits(&g, here, there, "at its first run");
	check_bits(&g, here, there, "again");
	check_turns(&g, here, reads);
	check_copies(&g, here);
	if (host)
		check_host(&g, here, there);
	guest_last(&g);
	bench_cluster_del(&cluster);
	tap_ok(kvm_users() == users, "and not after that");
	return tap_exit();
}
