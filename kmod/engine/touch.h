/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First touch: pages whose home is here and that nobody has used yet.
 */
#ifndef _SSI_TOUCH_H
#define _SSI_TOUCH_H

#include <linux/types.h>

struct ssi_slot;

/*
 * This node touches a page. If it is the page's home, and the first to touch
 * it, it has the page exclusively now, without a message. If nobody has touched
 * any page of the block, and a 2 MiB folio is at hand, it has the whole block.
 * May sleep. Return: whether it took the page.
 */
bool ssi_touch_first(const struct ssi_slot *slot);

#endif /* _SSI_TOUCH_H */
