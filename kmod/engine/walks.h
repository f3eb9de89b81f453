/* SPDX-License-Identifier: GPL-2.0-only */
/* Walks: faults of KVM's vCPUs at the tables of their guest. */
#ifndef _SSI_WALKS_H
#define _SSI_WALKS_H

#include <linux/types.h>

struct kvm_vcpu;
struct ssi_region;

/**
 * ssi_walks_attach() - a file is attached to a region
 *
 * Keeps kvm.ko loaded, if it is, until ssi_walks_detach(). A region is mapped
 * only by files that are attached.
 *
 * Context: process, may sleep.
 */
void ssi_walks_attach(void);

/**
 * ssi_walks_detach() - undo ssi_walks_attach(); the file and its mappings are gone
 *
 * Context: process, may sleep.
 */
void ssi_walks_detach(void);

/**
 * ssi_walks_look() - look for kvm.ko again, which may have been loaded meanwhile
 *
 * Context: process, may sleep; a file is attached.
 */
void ssi_walks_look(void);

/**
 * ssi_walks_vcpu() - the vCPU that the current task runs
 *
 * Context: process; the task is in KVM_RUN or another ioctl of the vCPU as long
 * as the caller is.
 * Return: the vCPU, or NULL.
 */
struct kvm_vcpu *ssi_walks_vcpu(void);

/**
 * ssi_walks_cpu() - the CPU of the guest that the current task runs
 *
 * Context: as ssi_walks_vcpu().
 * Return: its number for KVM (the APIC id), or SSI_HEAT_NO_CPU.
 */
u32 ssi_walks_cpu(void);

/**
 * ssi_walks_is_async() - whether the current task is KVM's worker
 *
 * KVM can halt a vCPU whose page is not there at once, and let a worker wait for
 * the page (an asynchronous page fault, virt/kvm/async_pf.c). The worker asks for
 * write access, whatever the vCPU needs, and KVM ignores whether the worker has
 * got it: the vCPU faults again in any case.
 *
 * Context: process.
 * Return: true if it is.
 */
bool ssi_walks_is_async(void);

/**
 * ssi_walks_end() - a fault of the current task has got its page
 * @region: the region
 *
 * If it is the fault of a walk, it is counted (SSI_DSM_CLASS_WALK_READ,
 * SSI_DSM_CLASS_WALK_WRITE), with the time since KVM had the exit.
 *
 * Context: process.
 */
void ssi_walks_end(struct ssi_region *region);

#endif /* _SSI_WALKS_H */
