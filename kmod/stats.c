// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics: latency histograms by class, and counts.
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "buckets.h"
#include "stats.h"

struct ssi_stats __percpu *ssi_stats_alloc(void)
{
	return alloc_percpu(struct ssi_stats);
}

void ssi_stats_free(struct ssi_stats __percpu *stats)
{
	free_percpu(stats);
}

void ssi_stats_add(struct ssi_stats __percpu *stats, enum ssi_dsm_class class, u64 ns)
{
	this_cpu_inc(stats->class[class].count);
	this_cpu_add(stats->class[class].sum_ns, ns);
	this_cpu_inc(stats->class[class].buckets[ssi_buckets_of(ns)]);
}

u64 ssi_stats_total(struct ssi_stats __percpu *stats,
		    enum ssi_stats_count which)
{
	s64 total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += READ_ONCE(per_cpu_ptr(stats, cpu)->counts[which]);
	return max_t(s64, total, 0);
}

void ssi_stats_sum(struct ssi_stats __percpu *stats, enum ssi_dsm_class class,
		   struct ssi_stats_class *sum)
{
	int cpu, i;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct ssi_stats_class *c =
			&per_cpu_ptr(stats, cpu)->class[class];

		sum->count += READ_ONCE(c->count);
		sum->sum_ns += READ_ONCE(c->sum_ns);
		for (i = 0; i < SSI_DSM_BUCKETS; i++)
			sum->buckets[i] += READ_ONCE(c->buckets[i]);
	}
}
