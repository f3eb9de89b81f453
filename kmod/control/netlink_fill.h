/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink: what a reply or an event says.
 */
#ifndef _SSI_NETLINK_FILL_H
#define _SSI_NETLINK_FILL_H

#include <linux/types.h>

struct genl_family;
struct sk_buff;
struct ssi_netlink_subject;

/**
 * struct ssi_netlink_origin - whom a reply answers
 * @family: ours
 * @portid: netlink port, 0 in an event
 * @seq: sequence number of the request, 0 in an event
 * @flags: NLM_F_*
 */
struct ssi_netlink_origin {
	const struct genl_family *family;
	u32 portid;
	u32 seq;
	int flags;
};

/*
 * Append the message @cmd, one of SSI_DSM_CMD_*_GET, about @sub. 0, or
 * -EMSGSIZE and @skb as it was. The caller holds ssi_config_lock, or a
 * reference to what @sub names. Any context that may take BH-safe locks.
 */
int ssi_netlink_fill(struct sk_buff *skb, const struct ssi_netlink_origin *to,
		     u8 cmd, const struct ssi_netlink_subject *sub);

#endif /* _SSI_NETLINK_FILL_H */
