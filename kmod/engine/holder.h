/* SPDX-License-Identifier: GPL-2.0-only */
/* Holder: pages that this node hands over or shares. */
#ifndef _SSI_HOLDER_H
#define _SSI_HOLDER_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct ssi_region;
struct ssi_rx;

/**
 * struct ssi_holder - messages that wait: for the end of a hold window, because
 *	their page work cannot go on, or until the rest of a 2 MiB folio is copied
 * @lock: protects all other fields but @stuck; taken inside a bucket's lock
 * @by_due: held messages (struct ssi_rx), by the time at which they are looked
 *	at again
 * @by_index: the same messages, by their page; at most one per page
 * @timer: expires when the first held message is due
 * @timer_runs: the timer function is running; it starts @timer at its end
 * @later: messages whose page work is tried again by @again
 * @again: queues the page work of @later
 * @rests: messages that are answered and whose page work has split a folio, the
 *	oldest first
 * @rest: copies the rest of the first folio of @rests, when its time has come
 * @stuck: jiffies when page work was last seen that has no patience left, or 0
 */
struct ssi_holder {
	spinlock_t lock;
	struct rb_root_cached by_due;
	struct rb_root by_index;
	struct hrtimer timer;
	bool timer_runs;
	struct list_head later;
	struct delayed_work again;
	struct list_head rests;
	struct delayed_work rest;
	unsigned long stuck;
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
 * ssi_holder_is_stuck() - whether pages are in use for so long that waiting
 *	tasks must give up
 * @region: the region
 *
 * Context: any.
 * Return: whether page work of the region has waited for longer than its
 * patience for a page to which tasks of this host hold references.
 */
bool ssi_holder_is_stuck(struct ssi_region *region);

/**
 * ssi_holder_purge() - take all messages that wait
 * @holder: of a region that is LOST
 * @rxs: gets the messages, which the caller frees
 *
 * Page work that is running, or queued already, sees that the region is lost,
 * and frees its message.
 *
 * Context: process, sleeps until the timer function has ended.
 */
void ssi_holder_purge(struct ssi_holder *holder, struct list_head *rxs);

#endif /* _SSI_HOLDER_H */
