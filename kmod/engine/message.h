/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coherence messages: to and from the three roles of a page.
 */
#ifndef _SSI_MESSAGE_H
#define _SSI_MESSAGE_H

#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/types.h>

struct page;
struct ssi_msg;
struct ssi_region;
struct ssi_rx;

/*
 * Send @msg, whose type and own fields are set, to node @dst, which may be this
 * one. Consumes the reference to @page. No bucket lock held, BH disabled.
 */
void ssi_message_send(struct ssi_region *region, u32 dst, struct ssi_msg *msg,
		      struct page *page);

/*
 * The same, without a page, for a message that nobody waits for: it may wait
 * for others to travel with, for no longer than a request takes.
 */
void ssi_message_send_deferrable(struct ssi_region *region, u32 dst,
				 struct ssi_msg *msg);

/* Its sender must not send that: it costs it its link. Takes @rx. */
void ssi_message_violation(struct ssi_rx *rx, const char *what);

/* A duration, as messages carry it. */
static inline u32 ssi_message_usec(u64 ns)
{
	return min_t(u64, div_u64(ns, NSEC_PER_USEC), U32_MAX);
}

#endif /* _SSI_MESSAGE_H */
