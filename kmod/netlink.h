/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink: parse, call, fill. No logic.
 */
#ifndef _SSI_NETLINK_H
#define _SSI_NETLINK_H

struct ssi_peer;
struct ssi_region;

int ssi_netlink_init(void);
void ssi_netlink_exit(void);

/* Multicast the new state to group "events". May sleep. */
void ssi_netlink_peer_event(struct ssi_peer *peer);
void ssi_netlink_region_event(struct ssi_region *region);

#endif /* _SSI_NETLINK_H */
