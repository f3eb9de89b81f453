/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which pages this node has to write into a checkpoint.
 */
#ifndef _SSI_OWNED_H
#define _SSI_OWNED_H

#include <linux/types.h>
#include "memory/region.h"

#define SSI_OWNED_WORDS	(SSI_BLOCK_PAGES / 64)

/**
 * ssi_owned() - the pages of a block that this node owns
 * @region: the region
 * @index: index of the first page of the block
 * @words: out: a bit for each page
 *
 * Pages that are on their way to or from this node, count, too. A page that is zero
 * and has no memory does not.
 *
 * Context: process.
 */
void ssi_owned(struct ssi_region *region, u64 index, u64 words[SSI_OWNED_WORDS]);

#endif /* _SSI_OWNED_H */
