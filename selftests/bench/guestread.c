// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * B2: a guest's CPU on node 1 reads what node 0 wrote.
 *
 *	guestread ROUNDS PAGES
 *
 * In each round, and on pages that lie apart (see remote.c):
 *
 *	process		a process on node 1 reads PAGES of them: B1
 *	guest		a guest of this process, with the same mapping as its
 *			memory, reads PAGES others of them
 *	local		the guest reads PAGES of anonymous memory which this
 *			process has written, after its memory slot was taken away
 *			and put back: the process's page tables have the page,
 *			the nested ones do not
 *	region		the guest reads its pages of the region again after
 *			MADV_DONTNEED: the node has the copy, neither the
 *			process's page tables nor the nested ones have it
 *
 * The guest's page tables, code, and notes are in memory of its own, so that
 * only the pages that it reads are distributed. It reads the TSC before and
 * after each read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include "libbench.h"
#include "libguest.h"
#include "selftests/unit/tap.h"

#define APART		8u	/* pages from one random page to the next */

/* Guest-physical: each a memory slot. */
#define PRIVATE_ADDR	0ull
#define REGION_ADDR	(256 * MIB)
#define LOCAL_ADDR	(768 * MIB)
enum { SLOT_PRIVATE, SLOT_REGION, SLOT_LOCAL };

/* Private memory: page tables, code, addresses to read, and times. */
#define CODE		(16 * PAGE)
#define ADDRESSES	(32 * PAGE)
#define CYCLES		(64 * PAGE)
#define PRIVATE_SIZE	(2 * MIB)
#define PAGES_MAX	((CYCLES - ADDRESSES) / sizeof(uint64_t))

/* rsi: addresses, rdi: cycles, rcx: how many; an OUT when they are done */
GUEST_CODE(read_all,
	   "	mov (%rsi), %rbx\n"
	   "	lfence\n"
	   "	rdtsc\n"
	   "	lfence\n"
	   "	mov %eax, %r8d\n"
	   "	mov %edx, %r9d\n"
	   "	movb (%rbx), %bl\n"
	   "	lfence\n"
	   "	rdtsc\n"
	   "	sub %r8d, %eax\n"
	   "	sbb %r9d, %edx\n"
	   "	mov %eax, (%rdi)\n"
	   "	mov %edx, 4(%rdi)\n"
	   "	add $8, %rsi\n"
	   "	add $8, %rdi\n"
	   "	dec %rcx\n"
	   "	jnz read_all\n"
	   "	out %al, $0x10\n");

static struct cluster cluster = {
	.name = "bench",
	.transport = SSI_DSM_TRANSPORT_RDMA,
	.nodes = 2,
};

static uint32_t rounds, pages;
static uint32_t *order;		/* @pages for the process, for the guest, ... */
static uint64_t *ns;
static uint8_t *private, *local;
static volatile uint8_t *region;

static void *anonymous(uint64_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		tap_bail("no %llu bytes: %s", (unsigned long long)size,
			 strerror(errno));
	/* as in the region, a page is 4 KiB */
	madvise(mem, size, MADV_NOHUGEPAGE);
	return mem;
}

static void make_guest(struct guest *g)
{
	private = anonymous(PRIVATE_SIZE);
	memset(private, 0, PRIVATE_SIZE);
	guest_tables(private, PRIVATE_ADDR, 3, PAGE);
	memcpy(private + CODE, read_all, read_all_size);

	guest_new(g);
	guest_memory(g, SLOT_PRIVATE, PRIVATE_ADDR, private, PRIVATE_SIZE);
	guest_memory(g, SLOT_REGION, REGION_ADDR, (void *)region,
		     cluster_size(&cluster));
}

/* Reads the pages @which of the memory at @base; ns is set from @tsc_khz. */
static void guest_reads(struct guest *g, uint64_t base, const uint32_t *which,
			uint64_t tsc_khz)
{
	struct guest_start start = {
		.tables = PRIVATE_ADDR,
		.code = PRIVATE_ADDR + CODE,
		.rsi = PRIVATE_ADDR + ADDRESSES,
		.rdi = PRIVATE_ADDR + CYCLES,
		.rcx = pages,
	};
	uint64_t *addresses = (uint64_t *)(private + ADDRESSES);
	uint64_t *cycles = (uint64_t *)(private + CYCLES);
	uint32_t i;

	for (i = 0; i < pages; i++)
		addresses[i] = base + (uint64_t)which[i] * PAGE;
	guest_begin(g, &start);
	guest_run(g);
	for (i = 0; i < pages; i++)
		ns[i] = cycles[i] * 1000000 / tsc_khz;
}

/* Code and notes get mapped in the nested tables. */
static void warm_up(struct guest *g)
{
	uint32_t *none = calloc(pages, sizeof(*none));

	guest_reads(g, PRIVATE_ADDR, none, 1000000);
	free(none);
}

/* By the clock that the process's reads are measured with. */
static uint64_t measure_tsc_khz(void)
{
	uint64_t start = now_ns(), tsc = __rdtsc(), now;

	do {
		now = now_ns();
	} while (now < start + 200000000);
	return (__rdtsc() - tsc) * 1000000 / (now - start);
}

/* The guest's TSC has the host's rate, so it is enough to measure that. */
static uint64_t need_tsc_khz(struct guest *g)
{
	uint64_t ours = measure_tsc_khz(), guests = guest_tsc_khz(g);

	if (guests < ours - ours / 100 || guests > ours + ours / 100)
		tap_bail("the guest's TSC has %llu kHz, ours %llu",
			 (unsigned long long)guests, (unsigned long long)ours);
	return ours;
}

static void process_reads(uint32_t *which)
{
	struct touches t = {
		.mem = region,
		.order = which,
		.count = pages,
		.threads = 1,
		.ns = ns,
	};

	bench_touch(&t);
	bench_print("process", ns, pages);
}

static void one_round(struct guest *g, uint32_t *which, uint64_t tsc_khz)
{
	uint32_t *in_order = bench_order(pages, true), i;

	process_reads(which);
	guest_reads(g, REGION_ADDR, which + pages, tsc_khz);
	bench_print("guest", ns, pages);

	if (madvise((void *)region, cluster_size(&cluster), MADV_DONTNEED))
		tap_bail("MADV_DONTNEED: %s", strerror(errno));
	guest_reads(g, REGION_ADDR, which + pages, tsc_khz);
	bench_print("region", ns, pages);

	for (i = 0; i < pages; i++)
		in_order[i] *= APART;
	guest_memory(g, SLOT_LOCAL, LOCAL_ADDR, local, 0);
	guest_memory(g, SLOT_LOCAL, LOCAL_ADDR, local, pages * APART * PAGE);
	guest_reads(g, LOCAL_ADDR, in_order, tsc_khz);
	bench_print("local", ns, pages);
}

static void on_node_1(void *arg)
{
	uint64_t tsc_khz;
	struct guest g;
	uint32_t i;

	(void)arg;
	region = bench_map(&cluster, 1);
	local = anonymous(pages * APART * PAGE);
	for (i = 0; i < pages; i++)
		local[i * APART * PAGE] = 1;
	make_guest(&g);
	guest_memory(&g, SLOT_LOCAL, LOCAL_ADDR, local, pages * APART * PAGE);
	tsc_khz = need_tsc_khz(&g);
	warm_up(&g);
	for (i = 0; i < rounds; i++)
		one_round(&g, order + 2 * i * pages, tsc_khz);
	guest_del(&g);
}

int main(int argc, char **argv)
{
	struct touches t = { .threads = 1, .write = true };
	struct guest kept;
	uint32_t i;

	rounds = argc == 3 ? atoi(argv[1]) : 0;
	pages = argc == 3 ? atoi(argv[2]) : 0;
	t.count = 2 * rounds * pages;
	cluster.each = (t.count * (uint64_t)APART * PAGE + 2 * MIB - 1) /
		       (2 * MIB) * (2 * MIB);
	if (!rounds || !pages || pages > PAGES_MAX ||
	    cluster_size(&cluster) > LOCAL_ADDR - REGION_ADDR)
		tap_bail("guestread ROUNDS PAGES, at most %zu, and of the region 512 MiB",
			 (size_t)PAGES_MAX);
	order = bench_order(t.count, true);
	for (i = 0; i < t.count; i++)
		order[i] *= APART;
	t.order = order;
	t.ns = bench_shared(t.count * sizeof(*t.ns));
	ns = bench_shared(pages * sizeof(*ns));

	guest_first(&kept);
	bench_cluster_new(&cluster);
	t.mem = bench_map(&cluster, 0);
	bench_touch(&t);
	bench_in_child(on_node_1, NULL);
	bench_cluster_del(&cluster);
	guest_last(&kept);
	return 0;
}
