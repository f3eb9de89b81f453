// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counters of the guest's CPUs, in memory that the keeper and the guest's process share.
 */
#include "counts.h"

#include <string.h>
#include <sys/mman.h>

#include "log.h"

#define COUNTS_SIZE	(OPTIONS_MAX_CPUS * sizeof(struct counts_cpu))

static struct counts_cpu counts_unused;
static struct counts_cpu *counts_shared;

void counts_create(void)
{
	counts_shared = mmap(NULL, COUNTS_SIZE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts_shared == MAP_FAILED)
		die(EXIT_HOST, "The host gives no memory for counters.");
}

void counts_clear(void)
{
	memset((void *)counts_shared, 0, COUNTS_SIZE);
}

struct counts_cpu *counts_of(unsigned int cpu)
{
	return counts_shared ? &counts_shared[cpu] : &counts_unused;
}

static void print_cpu(FILE *to, unsigned int cpu, bool first)
{
	const struct counts_cpu *of = &counts_shared[cpu];

	fprintf(to, "%s{\"cpu\":%u,\"exits\":%llu,\"ports\":%llu,\"mmio\":%llu,\"busy_ns\":%llu}",
		first ? "" : ",", cpu, atomic_load(&of->exits),
		atomic_load(&of->ports), atomic_load(&of->mmio),
		atomic_load(&of->busy_ns));
}

void counts_print(FILE *to)
{
	bool first = true;

	fputc('[', to);
	for (unsigned int cpu = 0; cpu < OPTIONS_MAX_CPUS; cpu++) {
		if (!atomic_load(&counts_shared[cpu].real))
			continue;
		print_cpu(to, cpu, first);
		first = false;
	}
	fputc(']', to);
}
