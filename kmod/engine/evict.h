/* SPDX-License-Identifier: GPL-2.0-only */
/* Eviction: free the memory of pages whose home is another node. */
#ifndef _SSI_EVICT_H
#define _SSI_EVICT_H

struct ssi_region;

/**
 * ssi_evict_start() - prepare the cache of a new region
 * @region: the region
 *
 * Context: process.
 */
void ssi_evict_start(struct ssi_region *region);

/**
 * ssi_evict_stop() - stop the eviction of a region
 * @region: the region; it has no references any more
 *
 * Context: process, sleeps.
 */
void ssi_evict_stop(struct ssi_region *region);

/**
 * ssi_evict_init() - register the shrinker, when the module is loaded
 *
 * Context: process, sleeps.
 * Return: 0 or -ENOMEM.
 */
int ssi_evict_init(void);

/**
 * ssi_evict_exit() - unregister the shrinker, when the module is unloaded
 *
 * Context: process, sleeps.
 */
void ssi_evict_exit(void);

#endif /* _SSI_EVICT_H */
