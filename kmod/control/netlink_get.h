/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generic netlink: get one object, or dump all that the request asks for.
 */
#ifndef _SSI_NETLINK_GET_H
#define _SSI_NETLINK_GET_H

struct genl_family;
struct genl_info;
struct netlink_callback;
struct sk_buff;

/**
 * ssi_netlink_get() - answer a request for one object
 * @family: the family that answers
 * @skb: the request
 * @info: the same, parsed
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ssi_netlink_get(const struct genl_family *family, struct sk_buff *skb,
		    struct genl_info *info);

/**
 * ssi_netlink_start() - begin a dump
 * @cb: the state of the dump
 *
 * An object must fit into one message, whatever the size of the reader's buffer.
 *
 * Return: 0.
 */
int ssi_netlink_start(struct netlink_callback *cb);

/**
 * ssi_netlink_dump() - fill in the next message of a dump
 * @family: the family that dumps
 * @skb: message to append to
 * @cb: the state of the dump
 *
 * Context: May sleep.
 * Return: the length of the message, 0 at the end, or a negative errno.
 */
int ssi_netlink_dump(const struct genl_family *family, struct sk_buff *skb,
		     struct netlink_callback *cb);

#endif /* _SSI_NETLINK_GET_H */
