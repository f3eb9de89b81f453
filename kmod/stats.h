/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics: latency histograms by class, and counts. Each CPU has its own, so
 * that CPUs do not wait for each other's cache lines; they are summed when they
 * are read.
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
 * @buckets: events by time, see SSI_DSM_A_BUCKETS
 */
struct ssi_stats_class {
	u64 count;
	u64 sum_ns;
	u64 buckets[SSI_DSM_BUCKETS];
};

enum ssi_stats_count {
	SSI_COUNT_SHARED,	/* pages in state S or O on this node */
	SSI_COUNT_EXCLUSIVE,	/* pages in state E on this node */
	SSI_COUNT_DIRECTORY,	/* touched pages whose home is this node */
	SSI_COUNT_DROPPED,	/* copies that eviction has dropped */
	SSI_COUNT_PUT,		/* pages that eviction has offered to their home */
	SSI_COUNT_HOMES_GIVEN,	/* blocks whose home went to another node */
	SSI_COUNT_HOMES_TAKEN,	/* blocks whose home came to this node */
	SSI_COUNT_PASSED_ON,	/* messages sent on to a home that has moved */
	SSI_COUNTS,
};

/**
 * struct ssi_stats - statistics of one CPU
 * @class: indexed by enum ssi_dsm_class
 * @counts: indexed by enum ssi_stats_count; may be negative: a page can come
 *	on one CPU and leave on another
 */
struct ssi_stats {
	struct ssi_stats_class class[__SSI_DSM_CLASS_MAX];
	s64 counts[SSI_COUNTS];
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
 * ssi_stats_count() - change a count
 * @stats: the counters
 * @which: the count
 * @change: is added to it
 *
 * Context: Any context.
 */
static inline void ssi_stats_count(struct ssi_stats __percpu *stats,
				   enum ssi_stats_count which, int change)
{
	this_cpu_add(stats->counts[which], change);
}

/**
 * ssi_stats_total() - sum a count over all CPUs
 * @stats: the counters
 * @which: the count
 *
 * Context: Any context.
 * Return: the sum. While the count changes, it may be wrong by as much as the
 * count changes meanwhile.
 */
u64 ssi_stats_total(struct ssi_stats __percpu *stats,
		    enum ssi_stats_count which);

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
