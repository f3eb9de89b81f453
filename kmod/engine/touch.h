/* SPDX-License-Identifier: GPL-2.0-only */
/* First touch: pages whose home is this node and that no node has used yet. */
#ifndef _SSI_TOUCH_H
#define _SSI_TOUCH_H

#include <linux/types.h>

struct ssi_slot;

/**
 * ssi_touch_first() - take a page, if this is its first touch
 * @slot: the page
 *
 * If this node is the page's home and no node has touched the page, this node
 * has it exclusively now, without a message. If no node has touched any page of
 * the block and a 2 MiB folio is free, this node takes the whole block.
 *
 * Context: process, may sleep for memory.
 * Return: whether this node took the page.
 */
bool ssi_touch_first(const struct ssi_slot *slot);

#endif /* _SSI_TOUCH_H */
