// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * B5, B13: memory that was never touched, memory that is mapped, and the
 * metadata of both.
 *
 *	local [rdma|tcp] PAGES
 *
 * PAGES pages of each of two nodes and as many of anonymous memory, in pages of
 * the same size, are written for the first time, then all are read many times.
 * At last those of the other node are unmapped, one by one: for B8.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "libbench.h"
#include "selftests/unit/tap.h"

#define READS		1000000u	/* of mapped pages, in each sample */
#define SAMPLES		20u
#define MAPPED		64u		/* pages: no more than the TLB holds */

static struct cluster cluster = {
	.name = "bench",
	.transport = SSI_DSM_TRANSPORT_RDMA,
	.nodes = 2,
};

static void first_touch(struct touches *t, volatile uint8_t *mem,
			const char *name)
{
	t->mem = mem;
	t->write = true;
	bench_touch(t);
	bench_print(name, t->ns, t->count);
}

/* ns for READS loads from pages that are all mapped. */
static uint64_t read_mapped(volatile uint8_t *mem)
{
	uint64_t start = now_ns();
	uint32_t i;

	for (i = 0; i < READS; i++)
		(void)mem[i % MAPPED * (PAGE + 64)];
	return now_ns() - start;
}

static void compare_mapped(volatile uint8_t *ours, volatile uint8_t *anon)
{
	uint64_t of_ours[SAMPLES], of_anon[SAMPLES];
	uint32_t i;

	for (i = 0; i < SAMPLES; i++) {
		of_ours[i] = read_mapped(ours);
		of_anon[i] = read_mapped(anon);
	}
	bench_print("mapped", of_ours, SAMPLES);
	bench_print("mapped_anonymous", of_anon, SAMPLES);
}

/* Bytes of metadata and of memory, all nodes together. */
static void tell_metadata(const char *name)
{
	struct region_info info;
	uint64_t sums[2] = { };
	uint32_t n;

	for (n = 0; n < cluster.nodes; n++) {
		if (region_get(cluster.name, n, REGION, &info))
			tap_bail("the region's counts: %s", conf_text());
		sums[0] += info.metadata;
		sums[1] += (info.shared + info.exclusive) * PAGE;
	}
	bench_print(name, sums, 2);
}

static void unmap(struct touches *t, volatile uint8_t *mem, const char *name)
{
	uint64_t start;
	uint32_t i;

	for (i = 0; i < t->count; i++) {
		start = now_ns();
		madvise((void *)(mem + (uint64_t)t->order[i] * PAGE), PAGE,
			MADV_DONTNEED);
		t->ns[i] = now_ns() - start;
	}
	bench_print(name, t->ns, t->count);
}

int main(int argc, char **argv)
{
	struct touches t = { .threads = 1 };
	volatile uint8_t *anon, *mem;

	if (argc > 1 && bench_takes_transport(&cluster, argv[1])) {
		argc--;
		argv++;
	}
	t.count = argc == 2 ? atoi(argv[1]) : 0;
	if (t.count <= MAPPED)
		tap_bail("local [rdma|tcp] PAGES, more than %u", MAPPED);
	cluster.each = (t.count * (uint64_t)PAGE + 2 * MIB - 1) / (2 * MIB) *
		       (2 * MIB);
	t.order = bench_order(t.count, true);
	t.ns = bench_shared(t.count * sizeof(*t.ns));
	anon = mmap(NULL, cluster.each, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (anon == MAP_FAILED)
		tap_bail("no anonymous memory");
	madvise((void *)anon, cluster.each, MADV_NOHUGEPAGE);

	bench_cluster_new(&cluster);
	mem = bench_map(&cluster, 0);
	tell_metadata("metadata_untouched");
	first_touch(&t, mem, "local");
	first_touch(&t, anon, "anonymous");
	compare_mapped(mem, anon);
	tell_metadata("metadata_touched");
	first_touch(&t, mem + cluster.each, "remote");
	unmap(&t, mem + cluster.each, "unmap");
	bench_cluster_del(&cluster);
	return 0;
}
