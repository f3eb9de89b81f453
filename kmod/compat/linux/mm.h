/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vm_flags_set() exists since Linux 6.3.
 */
#ifndef _SSI_COMPAT_LINUX_MM_H
#define _SSI_COMPAT_LINUX_MM_H

#include <linux/version.h>
#include_next <linux/mm.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

#endif /* _SSI_COMPAT_LINUX_MM_H */
