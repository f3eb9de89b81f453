/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables, what the kernel's core does about a fault, references.
 */
#ifndef SIM_MMU_H
#define SIM_MMU_H

#include "sim.h"

struct ssi_region;

/* A program's mapping of all of @region. */
struct vm_area_struct *mmu_map(struct ssi_region *region);
void mmu_unmap(struct vm_area_struct *vma);

/* The PTE if it allows the access, or NULL. */
struct sim_pte *mmu_lookup(struct vm_area_struct *vma, u64 index, bool write);

/* Whether a program on @region's node can read it, or write to it. */
bool mmu_is_mapped(struct ssi_region *region, u64 index, bool write);

/*
 * Resolve a fault, with @flags as handle_mm_fault() gets them. 0, or
 * VM_FAULT_RETRY: try again; VM_FAULT_SIGBUS; or VM_FAULT_OOM, but not for a
 * CPU's access. A task.
 */
vm_fault_t mmu_fault(struct vm_area_struct *vma, u64 index, bool write,
		     unsigned int flags);

#endif /* SIM_MMU_H */
