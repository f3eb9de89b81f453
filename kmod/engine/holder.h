/* SPDX-License-Identifier: GPL-2.0-only */
/* Holder: pages that this node hands over or shares. */
#ifndef _SSI_HOLDER_H
#define _SSI_HOLDER_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct ssi_region;
struct ssi_rx;

/**
 * struct ssi_holder - messages that are held until a hold window ends
 * @lock: protects @held; taken inside a bucket's lock
 * @held: struct ssi_rx, by the time at which they are looked at again
 * @timer: expires when the first of @held is due
 */
struct ssi_holder {
	spinlock_t lock;
	struct list_head held;
	struct hrtimer timer;
};

/**
 * ssi_holder_recv() - a FWDS, FWDX, INV or OLDER came
 * @region: the region
 * @rx: the message; consumed
 *
 * Context: BH disabled, no bucket lock held.
 */
void ssi_holder_recv(struct ssi_region *region, struct ssi_rx *rx);

/**
 * ssi_holder_init() - prepare for a new region
 * @holder: all zero
 *
 * Context: any.
 */
void ssi_holder_init(struct ssi_holder *holder);

/**
 * ssi_holder_purge() - take all held messages
 * @holder: of a region that is LOST
 * @rxs: gets the messages, which the caller frees
 *
 * Context: process, sleeps until the timer function has ended.
 */
void ssi_holder_purge(struct ssi_holder *holder, struct list_head *rxs);

#endif /* _SSI_HOLDER_H */
