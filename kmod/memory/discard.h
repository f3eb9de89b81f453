/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Discarding: free the memory of pages whose content the guest does not need.
 */
#ifndef _SSI_DISCARD_H
#define _SSI_DISCARD_H

#include <linux/types.h>

struct ssi_region;

/**
 * ssi_discard() - make pages zero and free their memory
 * @region: the region
 * @first: index of the first page
 * @count: how many pages
 *
 * Only pages that this node has exclusively are discarded; see struct
 * ssi_dsm_discard.
 *
 * Context: process, sleeps; ends early if the task is being killed.
 * Return: how many pages were discarded.
 */
u64 ssi_discard(struct ssi_region *region, u64 first, u64 count);

#endif /* _SSI_DISCARD_H */
