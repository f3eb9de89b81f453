/* SPDX-License-Identifier: GPL-2.0-only */
/* AMD: let walks of guest page tables count as reads (ROGPT). */
#ifndef _SSI_ROGPT_H
#define _SSI_ROGPT_H

#include <linux/types.h>

struct kvm_vcpu;
struct ssi_region;

/**
 * ssi_rogpt_fault() - a fault of a vCPU is about to be served
 * @region: the region; nothing is done unless its policy SSI_DSM_POLICY_ROGPT
 *	asks for it
 * @vcpu: the vCPU, which the current task runs and which is not in its guest
 *
 * Context: process.
 */
void ssi_rogpt_fault(struct ssi_region *region, struct kvm_vcpu *vcpu);

/**
 * ssi_rogpt_walked() - a walk has faulted
 * @region: the region
 * @writes: the access of the walk counts as a write
 *
 * Context: process.
 */
void ssi_rogpt_walked(struct ssi_region *region, bool writes);

#endif /* _SSI_ROGPT_H */
