/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holder: pages that leave this node, or are no longer its alone.
 */
#ifndef _SSI_HOLDER_H
#define _SSI_HOLDER_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct ssi_region;
struct ssi_rx;

/**
 * struct ssi_holder - messages that wait for a hold window
 * @lock: protects @held; taken inside a bucket's lock
 * @held: struct ssi_rx, by the time when they are looked at again
 * @timer: for the first of @held
 */
struct ssi_holder {
	spinlock_t lock;
	struct list_head held;
	struct hrtimer timer;
};

/* FWDS, FWDX, INV or OLDER came. Takes @rx. BH disabled. */
void ssi_holder_recv(struct ssi_region *region, struct ssi_rx *rx);

void ssi_holder_init(struct ssi_holder *holder);

/* The region is lost or goes: what is held goes to @rxs. Sleeps. */
void ssi_holder_purge(struct ssi_holder *holder, struct list_head *rxs);

#endif /* _SSI_HOLDER_H */
