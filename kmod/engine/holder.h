/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holder: pages that leave this node, or are no longer its alone.
 */
#ifndef _SSI_HOLDER_H
#define _SSI_HOLDER_H

#include <linux/hrtimer.h>

struct list_head;
struct ssi_region;
struct ssi_rx;

/* FWDS, FWDX or INV came. Takes @rx. BH disabled. */
void ssi_holder_recv(struct ssi_region *region, struct ssi_rx *rx);

/* hrtimer of region->held. Softirq. */
enum hrtimer_restart ssi_holder_timer(struct hrtimer *timer);

/* The region is lost or goes: what is parked goes to @rxs. */
void ssi_holder_purge(struct ssi_region *region, struct list_head *rxs);

#endif /* _SSI_HOLDER_H */
