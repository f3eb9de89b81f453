/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mapping: mmap and its faults. The guest's memory faults are among them.
 */
#ifndef _SSI_FAULT_H
#define _SSI_FAULT_H

struct ssi_region;
struct vm_area_struct;

/**
 * ssi_fault_mmap() - map a part of a region
 * @region: the region; the file that the VMA refers to keeps it alive
 * @vma: a new shared mapping
 *
 * Context: process, mmap lock held for writing.
 * Return: 0, or -EINVAL if the mapping is private or not inside the region.
 */
int ssi_fault_mmap(struct ssi_region *region, struct vm_area_struct *vma);

#endif /* _SSI_FAULT_H */
