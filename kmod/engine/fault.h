/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mapping: mmap and its faults, which are the guest's memory faults too.
 */
#ifndef _SSI_FAULT_H
#define _SSI_FAULT_H

struct ssi_region;
struct vm_area_struct;

int ssi_fault_mmap(struct ssi_region *region, struct vm_area_struct *vma);

#endif /* _SSI_FAULT_H */
