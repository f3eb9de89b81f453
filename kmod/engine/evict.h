/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Eviction: memory that a node has of pages whose home is elsewhere.
 */
#ifndef _SSI_EVICT_H
#define _SSI_EVICT_H

struct ssi_region;

/* The cache of a new region; the end of one that nobody refers to. Sleeps. */
void ssi_evict_start(struct ssi_region *region);
void ssi_evict_stop(struct ssi_region *region);

int ssi_evict_init(void);
void ssi_evict_exit(void);

#endif /* _SSI_EVICT_H */
