/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mm_account_reclaimed_pages() exists since Linux 6.4.
 */
#ifndef _SSI_COMPAT_LINUX_SWAP_H
#define _SSI_COMPAT_LINUX_SWAP_H

#include <linux/version.h>
#include_next <linux/swap.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline void mm_account_reclaimed_pages(unsigned long pages)
{
	if (current->reclaim_state)
		current->reclaim_state->reclaimed_slab += pages;
}
#endif

#endif /* _SSI_COMPAT_LINUX_SWAP_H */
