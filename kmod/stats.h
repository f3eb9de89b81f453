/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters and latency histograms by class, per CPU, summed when read.
 */
#ifndef _SSI_STATS_H
#define _SSI_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/ssi_dsm_genl.h>

/**
 * struct ssi_stats_class - one class on one CPU
 * @count: events
 * @sum_ns: their total time
 * @buckets: how many took [2^i, 2^(i+1)) ns
 */
struct ssi_stats_class {
	u64 count;
	u64 sum_ns;
	u64 buckets[SSI_DSM_BUCKETS];
};

struct ssi_stats {
	struct ssi_stats_class class[__SSI_DSM_CLASS_MAX];
};

struct ssi_stats __percpu *ssi_stats_alloc(void);
void ssi_stats_free(struct ssi_stats __percpu *stats);

/* One event of @class that took @ns. Any context. */
void ssi_stats_add(struct ssi_stats __percpu *stats, enum ssi_dsm_class class, u64 ns);

/* Sum over the CPUs. @sum is overwritten. */
void ssi_stats_sum(struct ssi_stats __percpu *stats, enum ssi_dsm_class class,
		   struct ssi_stats_class *sum);

#endif /* _SSI_STATS_H */
