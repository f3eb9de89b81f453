/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink: parse, call, fill. No logic.
 */
#ifndef _SSI_NETLINK_H
#define _SSI_NETLINK_H

struct ssi_member_events;

int ssi_netlink_init(void);
void ssi_netlink_exit(void);

/* Multicast new states to group "events". */
extern const struct ssi_member_events ssi_netlink_events;

#endif /* _SSI_NETLINK_H */
