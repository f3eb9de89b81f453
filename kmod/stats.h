/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters and latency histograms, one of each per class and CPU; the CPUs are
 * summed when they are read.
 */
#ifndef _SSI_STATS_H
#define _SSI_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/ssi_dsm_genl.h>

/**
 * struct ssi_stats_class - counters of one class on one CPU
 * @count: number of events
 * @sum_ns: total time of the events in ns
 * @buckets: element i is the number of events that took [2^i, 2^(i+1)) ns
 */
struct ssi_stats_class {
	u64 count;
	u64 sum_ns;
	u64 buckets[SSI_DSM_BUCKETS];
};

/**
 * struct ssi_stats - counters of all classes on one CPU
 * @class: indexed by enum ssi_dsm_class
 */
struct ssi_stats {
	struct ssi_stats_class class[__SSI_DSM_CLASS_MAX];
};

/**
 * ssi_stats_alloc() - allocate zeroed counters
 *
 * Context: May sleep.
 * Return: the counters, or NULL if there is no memory.
 */
struct ssi_stats __percpu *ssi_stats_alloc(void);

/**
 * ssi_stats_free() - free counters
 * @stats: the counters
 */
void ssi_stats_free(struct ssi_stats __percpu *stats);

/**
 * ssi_stats_add() - count one event
 * @stats: the counters
 * @class: class of the event
 * @ns: duration of the event
 *
 * Context: Any context.
 */
void ssi_stats_add(struct ssi_stats __percpu *stats, enum ssi_dsm_class class, u64 ns);

/**
 * ssi_stats_sum() - sum the counters of one class over all CPUs
 * @stats: the counters
 * @class: the class
 * @sum: result, overwritten
 *
 * Context: Any context.
 */
void ssi_stats_sum(struct ssi_stats __percpu *stats, enum ssi_dsm_class class,
		   struct ssi_stats_class *sum);

#endif /* _SSI_STATS_H */
