/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gathering: which pages a node wants together, and how long it may keep them.
 */
#ifndef _SSI_GATHER_H
#define _SSI_GATHER_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "protocol/policy.h"

struct ssi_region;
struct ssi_rx;
struct ssi_slot;
struct task_struct;

#define SSI_TASKS		32	/* remembered per region */
#define SSI_GANG		32	/* pages fetched together */

/**
 * struct ssi_gather - which pages a node wants together, and since when
 * @start: ktime in ns when this node began to gather pages; see policy.c
 * @done: ktime in ns when the last one came
 * @outstanding: requests under way
 * @service_ns: moving average of the time that a remote request takes
 * @lock: protects the rest; taken inside a bucket's lock
 * @tasks: tasks that gathered lately, with references
 * @gang: pages that were used here and handed over lately, as index + 1 or 0
 * @gang_next: which one is overwritten next
 * @streams: faults that follow each other
 * @oldest_stream: which one is overwritten next
 */
struct ssi_gather {
	u64 start;
	u64 done;
	atomic_t outstanding;
	u64 service_ns;
	spinlock_t lock;
	struct task_struct *tasks[SSI_TASKS];
	u64 gang[SSI_GANG];
	u32 gang_next;
	struct ssi_stream streams[SSI_POLICY_STREAMS];
	u32 oldest_stream;
};

void ssi_gather_init(struct ssi_gather *gather);

/* A request is opened, is complete, at @now (ktime in ns). Any context. */
void ssi_gather_begin(struct ssi_region *region, u64 now);
void ssi_gather_end(struct ssi_region *region, u64 now);

/* A request took @ns in which no holder kept it waiting. Any context. */
void ssi_gather_learn(struct ssi_region *region, u64 ns);

/* For how long this node has been gathering, in ns. */
u64 ssi_gather_age_ns(struct ssi_region *region);

/*
 * Whether @rx, a FWDS, FWDX or INV, has to wait for a page that came lately:
 * then until rx->holder.due, to be asked again. Bucket lock held.
 */
bool ssi_gather_must_hold(const struct ssi_slot *slot, struct ssi_rx *rx);

/* current gathers: pages are held while it runs. Process context. */
void ssi_gather_remember(struct ssi_region *region);
/* The region is being freed. */
void ssi_gather_release_tasks(struct ssi_region *region);

/* The page was used here and is handed over. Process context. */
void ssi_gather_join_gang(struct ssi_region *region, u64 index);

/*
 * Is page @index of the gang? Then the gang is dissolved into @gang, SSI_GANG
 * entries of index + 1 or 0. Process context.
 */
bool ssi_gather_call_gang(struct ssi_region *region, u64 index, u64 *gang);

/*
 * A fault at page @index: pages to ask for ahead, @first and as many as is
 * returned, within the region. Process context.
 */
u32 ssi_gather_ahead(struct ssi_region *region, u64 index, u64 *first);

#endif /* _SSI_GATHER_H */
