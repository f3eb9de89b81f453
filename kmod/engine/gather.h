/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gathering: which pages a node wants together, and how long it may keep them.
 */
#ifndef _SSI_GATHER_H
#define _SSI_GATHER_H

#include <linux/types.h>

struct ssi_page;
struct ssi_region;
struct ssi_rx;

/* A request is opened, is complete, at @now (ktime in ns). Any context. */
void ssi_gather_begin(struct ssi_region *region, u64 now);
void ssi_gather_end(struct ssi_region *region, u64 now);

/* A request took @ns in which no holder kept it waiting. Any context. */
void ssi_gather_learn(struct ssi_region *region, u64 ns);

/* For how long this node has been gathering, in ns. */
u64 ssi_gather_age_ns(struct ssi_region *region);

/*
 * Whether @rx, a FWDS, FWDX or INV, has to wait for a page that came lately:
 * then until rx->due, to be asked again. Bucket lock held.
 */
bool ssi_gather_must_hold(struct ssi_region *region,
			  const struct ssi_page *entry, struct ssi_rx *rx);

/* current gathers: pages are held while it runs. Process context. */
void ssi_gather_remember(struct ssi_region *region);
/* The region is being freed. */
void ssi_gather_forget(struct ssi_region *region);

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
