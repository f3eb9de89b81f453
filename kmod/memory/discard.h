/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is not needed any more.
 */
#ifndef _SSI_DISCARD_H
#define _SSI_DISCARD_H

#include <linux/types.h>

struct ssi_region;

/*
 * Pages @first and @count of them in all: those that only this node has become
 * zero and give their memory back; see struct ssi_dsm_discard. Sleeps; ends early
 * if the task is killed. Return: how many did.
 */
u64 ssi_discard(struct ssi_region *region, u64 first, u64 count);

#endif /* _SSI_DISCARD_H */
