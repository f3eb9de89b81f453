// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The accessed and dirty bits that a guest's walks set, on another node.
 *
 *	guestbits reads|writes [rogpt]
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
 * And the guest reads a word, halted by KVM until its page comes: node 0 keeps a
 * copy of the page.
 */
#include <string.h>

#include "libbench.h"
#include "libguest.h"
#include "selftests/unit/tap.h"

#define HERE		0u	/* the home of the tables */
#define THERE		1u	/* the node of the guest */
#define NODES		2u
#define LEVELS		4u
#define TURNS		20u
#define APART		(8 * PAGE)

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
	tap_ok(!faults, "a page that a halted CPU reads does not leave the other node");
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
	volatile uint8_t *here, *there;
	struct guest g = { .interrupts = true };

	if (argc != 2 + rogpt || (!reads && strcmp(argv[1], "writes")))
		tap_bail("guestbits reads|writes [rogpt]");
	tap_plan(5);
	bench_cluster_new(&cluster);
	if (rogpt)
		bench_policy(&cluster, SSI_DSM_POLICY_ROGPT, 1);
	here = bench_map(&cluster, HERE);
	there = bench_map(&cluster, THERE);
	guest_tables((void *)(here + TABLES), TABLES, LEVELS, APART);
	memcpy((void *)(here + CODE), add_one, add_one_size);
	memcpy((void *)(here + READER), read_one, read_one_size);
	begin(&g, there);
	check_bits(&g, here, there, "at its first run");
	check_bits(&g, here, there, "again");
	check_turns(&g, here, reads);
	check_copies(&g, here);
	guest_last(&g);
	bench_cluster_del(&cluster);
	return tap_exit();
}
