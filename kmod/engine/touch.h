/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First touch: pages whose home is here and that nobody has used yet.
 */
#ifndef _SSI_TOUCH_H
#define _SSI_TOUCH_H

#include <linux/types.h>

struct ssi_region;

/*
 * This node touches page @index. If it is its home, and the first to touch it,
 * it has it exclusively now, without a message, or even its whole block. May
 * sleep.
 */
bool ssi_touch_first(struct ssi_region *region, u64 index);

#endif /* _SSI_TOUCH_H */
