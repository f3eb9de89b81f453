/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink: contents of replies and events.
 */
#ifndef _SSI_NETLINK_FILL_H
#define _SSI_NETLINK_FILL_H

#include <linux/types.h>

struct genl_family;
struct sk_buff;
struct ssi_netlink_subject;

/**
 * struct ssi_netlink_origin - the request that a message answers
 * @family: the generic netlink family of this module
 * @portid: netlink port of the requester, 0 in an event
 * @seq: sequence number of the request, 0 in an event
 * @flags: NLM_F_*
 * @privileged: the requester may see addresses and counters (CAP_NET_ADMIN); so may
 *	all listeners to events
 */
struct ssi_netlink_origin {
	const struct genl_family *family;
	u32 portid;
	u32 seq;
	int flags;
	bool privileged;
};

/**
 * ssi_netlink_fill() - append one message about an object
 * @skb: the socket buffer
 * @to: the request that it answers
 * @cmd: one of SSI_DSM_CMD_*_GET
 * @sub: the object
 *
 * Context: The caller holds ssi_config_lock, or keeps the objects in @sub valid
 *	in another way. Any context in which BH-safe locks may be taken.
 * Return: 0, or -EMSGSIZE; then @skb is unchanged.
 */
int ssi_netlink_fill(struct sk_buff *skb, const struct ssi_netlink_origin *to,
		     u8 cmd, const struct ssi_netlink_subject *sub);

/**
 * ssi_netlink_fill_heat() - append one message about blocks of a region
 * @skb: the socket buffer
 * @to: the request that it answers
 * @sub: the region
 * @block: where to begin; result: where to go on
 *
 * Context: As ssi_netlink_fill().
 * Return: 0 after the last block, or -EMSGSIZE: the rest needs another message.
 */
int ssi_netlink_fill_heat(struct sk_buff *skb,
			  const struct ssi_netlink_origin *to,
			  const struct ssi_netlink_subject *sub, long *block);

/**
 * ssi_netlink_fill_touches() - append one message about the remote faults of a node
 * @skb: the socket buffer
 * @to: the request that it answers
 * @sub: the region
 * @cell: where to begin; result: where to go on
 *
 * Context: As ssi_netlink_fill().
 * Return: 0 after the last count, or -EMSGSIZE: the rest needs another message.
 */
int ssi_netlink_fill_touches(struct sk_buff *skb,
			     const struct ssi_netlink_origin *to,
			     const struct ssi_netlink_subject *sub, long *cell);

#endif /* _SSI_NETLINK_FILL_H */
