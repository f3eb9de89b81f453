/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gathering: the pages that a node requests together, and how long it keeps
 * them.
 */
#ifndef _SSI_GATHER_H
#define _SSI_GATHER_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "protocol/rules.h"

struct ssi_region;
struct ssi_rx;
struct ssi_slot;
struct task_struct;

#define SSI_TASKS		32	/* tasks remembered per region, a power of two */
#define SSI_GANG		32	/* pages of a prefetch group */

/**
 * struct ssi_gather_task - a task that opens requests, and its faults
 * @lock: protects the other fields; taken inside a bucket's lock
 * @task: the task that opened a request last, with a reference, of those whose
 *	pids have the same hash; or NULL
 * @streams: sequences of faults at consecutive pages, of all of those tasks
 * @oldest_stream: entry of @streams that is overwritten next
 */
struct ssi_gather_task {
	spinlock_t lock;
	struct task_struct *task;
	struct ssi_stream streams[SSI_RULES_STREAMS];
	u32 oldest_stream;
} ____cacheline_aligned_in_smp;

/**
 * struct ssi_gather - the pages that a node requests together, and since when
 * @start: ktime in ns when this node began to gather pages; see rules.c
 * @done: ktime in ns when the last requested page came
 * @outstanding: requests under way
 * @service_ns: moving average of the time that a remote request takes
 * @walks: what walks of page tables do; see ssi_rules_walks()
 * @lock: protects changes of @gang and @gang_next; taken inside a bucket's lock
 * @gang: prefetch group: pages that were used on this node and handed over
 *	lately, as index + 1 or 0; READ_ONCE() without @lock
 * @gang_next: entry of @gang that is overwritten next
 * @tasks: by hash of the pid
 *
 * Each request writes the fields before @lock, which all CPUs share; so they
 * have a cache line of their own.
 */
struct ssi_gather {
	u64 start;
	u64 done;
	atomic_t outstanding;
	u64 service_ns;
	u32 walks;
	spinlock_t lock ____cacheline_aligned_in_smp;
	u32 gang_next;
	u64 gang[SSI_GANG];
	struct ssi_gather_task tasks[SSI_TASKS];
} ____cacheline_aligned_in_smp;

/**
 * ssi_gather_init() - prepare for a new region
 * @gather: all zero
 *
 * Context: any.
 */
void ssi_gather_init(struct ssi_gather *gather);

/**
 * ssi_gather_begin() - a request is opened
 * @region: the region
 * @now: ktime in ns
 *
 * Context: any.
 */
void ssi_gather_begin(struct ssi_region *region, u64 now);

/**
 * ssi_gather_end() - a request is complete
 * @region: the region
 * @now: ktime in ns
 *
 * Context: any.
 */
void ssi_gather_end(struct ssi_region *region, u64 now);

/**
 * ssi_gather_learn() - add to the average of the service time
 * @region: the region
 * @ns: time that a request took, without the time for which a holder held it
 *
 * Context: any.
 */
void ssi_gather_learn(struct ssi_region *region, u64 ns);

/**
 * ssi_gather_age_ns() - the time since this node began to gather pages
 * @region: the region
 *
 * Context: any.
 * Return: the time in ns.
 */
u64 ssi_gather_age_ns(struct ssi_region *region);

/**
 * ssi_gather_must_hold() - whether a message must be held for the hold window
 * @slot: the page
 * @rx: a FWDS, FWDX or INV for the page. If it must be held, @rx->holder.due is
 *	set to the time at which this function must be called again.
 *
 * Context: bucket lock held.
 * Return: whether @rx must be held.
 */
bool ssi_gather_must_hold(const struct ssi_slot *slot, struct ssi_rx *rx);

/**
 * ssi_gather_is_fresh() - whether a page has come a short time ago
 * @slot: the page
 *
 * The task that waited for the page may not have mapped it yet. The hold window
 * protects the page for longer, if there is one.
 *
 * Context: bucket lock held.
 * Return: whether the page should stay for now.
 */
bool ssi_gather_is_fresh(const struct ssi_slot *slot);

/**
 * ssi_gather_remember() - remember that the current task opens a request
 * @region: the region
 *
 * Pages are held while one of these tasks runs.
 *
 * Context: process.
 */
void ssi_gather_remember(struct ssi_region *region);

/**
 * ssi_gather_release_tasks() - put the references to the remembered tasks
 * @region: the region, which is being freed
 *
 * Context: process.
 */
void ssi_gather_release_tasks(struct ssi_region *region);

/**
 * ssi_gather_join_gang() - add a page to the prefetch group
 * @region: the region
 * @index: page that was used on this node and is handed over
 *
 * Context: process.
 */
void ssi_gather_join_gang(struct ssi_region *region, u64 index);

/**
 * ssi_gather_call_gang() - take the prefetch group of a page
 * @region: the region
 * @index: page that is requested
 * @gang: SSI_GANG entries; set to index + 1 or 0, if @index is in the group.
 *	The region's group is empty then.
 *
 * Context: process.
 * Return: whether @index is in the group.
 */
bool ssi_gather_call_gang(struct ssi_region *region, u64 index, u64 *gang);

/**
 * ssi_gather_walked() - a walk of a guest's page tables has faulted
 * @region: the region
 * @writes: its access counts as a write
 *
 * The prefetch group is used only while most walks write.
 *
 * Context: any.
 */
void ssi_gather_walked(struct ssi_region *region, bool writes);

/**
 * ssi_gather_ahead() - the pages to read ahead after a fault
 * @region: the region
 * @index: page of the fault
 * @first: set to the first page to request, if there is one
 *
 * Context: process.
 * Return: how many pages to request, all within the region.
 */
u32 ssi_gather_ahead(struct ssi_region *region, u64 index, u64 *first);

#endif /* _SSI_GATHER_H */
