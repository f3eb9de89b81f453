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

/**
 * ssi_message_send() - send a coherence message
 * @region: the region
 * @dst: the receiver, which may be this node
 * @msg: the message; the caller has set its type and the fields of that type
 * @page: data to send, or NULL. Consumes the reference to it.
 *
 * If the link is down, the region is lost.
 *
 * Context: BH disabled, no bucket lock held.
 */
void ssi_message_send(struct ssi_region *region, u32 dst, struct ssi_msg *msg,
		      struct page *page);

/**
 * ssi_message_send_deferrable() - send a message that no node waits for
 * @region: the region
 * @dst: the receiver, which may be this node
 * @msg: as for ssi_message_send()
 *
 * The message may be deferred, to share a packet with later messages, but for
 * no longer than a request takes.
 *
 * Context: BH disabled, no bucket lock held.
 */
void ssi_message_send_deferrable(struct ssi_region *region, u32 dst,
				 struct ssi_msg *msg);

/**
 * ssi_message_violation() - a node sent a message that breaks the protocol
 * @rx: the message; consumed
 * @what: what is wrong with it, for the log
 *
 * The link of the sender is lost. If the sender is this node, the region is
 * lost.
 *
 * Context: any but hard interrupts, no bucket lock held.
 */
void ssi_message_violation(struct ssi_rx *rx, const char *what);

/**
 * ssi_message_usec() - convert a duration to the unit of messages
 * @ns: duration in ns
 *
 * Return: the duration in us, U32_MAX at most.
 */
static inline u32 ssi_message_usec(u64 ns)
{
	return min_t(u64, div_u64(ns, NSEC_PER_USEC), U32_MAX);
}

#endif /* _SSI_MESSAGE_H */
