/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink: parse the request, call the function, fill in the reply.
 */
#ifndef _SSI_NETLINK_H
#define _SSI_NETLINK_H

struct ssi_member_events;

/**
 * ssi_netlink_init() - register the generic netlink family
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_netlink_init(void);

/**
 * ssi_netlink_exit() - unregister the family; wait for requests in progress
 *
 * Context: May sleep, ssi_config_lock not held.
 */
void ssi_netlink_exit(void);

/* Send new states of links and regions to the multicast group "events". */
extern const struct ssi_member_events ssi_netlink_events;

#endif /* _SSI_NETLINK_H */
