// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD: let walks of guest page tables count as reads (ROGPT).
 *
 * DOC: Theory of operation
 *
 * With nested paging, AMD's walker accesses each table of the guest as a write
 * (AMD manual 24593, 15.25.5). So nodes that share nothing but page tables take
 * turns with these tables, although nobody changes them. With bit 6 of the
 * VMCB's nested control (offset 90h) the walker accesses a table as a read,
 * until it has an accessed or dirty bit to set. CPUs have this bit if CPUID
 * 8000_000A EDX[21] says so, from Zen 4 on. It is called ROGPT there, read-only
 * guest page tables. KVM does not know the bit and never sets it. But KVM keeps
 * it, because KVM only adds bits to this word after the VMCB was allocated.
 *
 * So this file sets the bit, in the VMCB of a vCPU whose fault is about to be
 * served. The vCPU's own task is in .fault then, inside KVM_RUN; the vCPU is not
 * in its guest, and no other task uses its VMCB.
 *
 * This reaches into the memory of KVM, so it is done only if a policy of the
 * region asks for it by name, and if the module parameter amd_rogpt does not
 * forbid it. Nothing is believed about where the VMCB is. KVM allocates a struct
 * vcpu_svm, which begins with the struct kvm_vcpu. Somewhere behind it are the
 * members of struct vcpu_head below. They are looked for in the memory that KVM
 * has allocated for the vCPU, and not elsewhere, and they must prove themselves:
 *
 * - the VMCB's address is there twice, is a page's, and is in the kernel's direct
 *   mapping;
 * - between the two is the VMCB's physical address;
 * - a pointer to the second of them follows, at the place of current_vmcb. (If
 *   the guest runs a guest of its own, this pointer and the first address are
 *   those of another VMCB, and nothing is written.)
 * - Exactly one place in the vCPU is like that.
 *
 * The VMCB itself must be that of a vCPU with nested paging and nothing else in
 * the nested control (no SEV, no unknown bit), with an ASID, with a page's
 * address as nested CR3, and VMRUN must be intercepted, as KVM always does.
 *
 * If one check fails, nothing is written. What depends on the kernel's build
 * (the place in the vCPU) is then never tried again, and the log says so. At last
 * the effect is measured. If the bit of no VMCB is still there at a later fault,
 * or if all of the first walks that fault still count as writes, the bit does
 * nothing, and no further VMCB is changed.
 *
 * The bit survives an INIT of the vCPU and its going off and on, since KVM's
 * init_vmcb() adds bits only, and SMM, which uses the same VMCB. It ends with
 * the vCPU.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kvm_host.h>
#include <linux/mem_encrypt.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/svm.h>

#include "engine/rogpt.h"
#include "memory/region.h"

#define CPUID_SVM		0x8000000a
#define CPUID_SVM_ROGPT		BIT(21)
#define NESTED_CTL_ROGPT	BIT_ULL(6)
#define TRIAL			256	/* walks that show whether it has an effect */

static bool amd_rogpt = true;
module_param(amd_rogpt, bool, 0444);
MODULE_PARM_DESC(amd_rogpt,
		 "0 forbids policy rogpt, which lets the module set bit 6 (ROGPT) of the nested control in KVM's VMCBs");

/* Members of struct vcpu_svm, arch/x86/kvm/svm/svm.h, from its second one on. */
struct vcpu_head {
	struct vmcb *vmcb;
	struct {
		struct vmcb *ptr;
		unsigned long pa;
		int cpu;
		u64 asid_generation;
	} vmcb01;
	void *current_vmcb;
};

/* What is known about this kernel and this CPU. */
enum verdict {
	UNKNOWN,	/* nothing was tried */
	FOUND,		/* the place of the VMCB's address is known */
	WORKS,		/* and walks read since the bit is set */
	GIVEN_UP,	/* the bit is not set any more */
};

static int verdict = UNKNOWN;
static unsigned int place;		/* of struct vcpu_head, once FOUND */
static atomic_t walked, written;	/* walks since the first bit was set */
static bool kept;			/* a bit that was set is still there */

static bool cpu_can(void)
{
	return boot_cpu_has(X86_FEATURE_SVM) &&
	       cpuid_edx(CPUID_SVM) & CPUID_SVM_ROGPT;
}

static void give_up(const char *why)
{
	if (xchg(&verdict, GIVEN_UP) != GIVEN_UP)
		pr_warn("ROGPT is not used, walks of guest page tables count as writes: %s\n",
			why);
}

static bool is_head(const struct vcpu_head *head)
{
	struct vmcb *vmcb = head->vmcb;

	return head->vmcb01.ptr == vmcb &&
	       head->current_vmcb == &head->vmcb01 &&
	       PAGE_ALIGNED(vmcb) && virt_addr_valid(vmcb) &&
	       head->vmcb01.pa == __sme_pa(vmcb);
}

/* Search all of the vCPU. Return: the one place that fits, or 0. */
static unsigned int search(const void *vcpu, unsigned int end)
{
	unsigned int at, found = 0;

	for (at = sizeof(long); at <= end; at += sizeof(long)) {
		if (!is_head(vcpu + at))
			continue;
		if (found)
			return 0;
		found = at;
	}
	return found;
}

/*
 * The VMCB that the vCPU uses, or NULL. The first vCPU that is seen may be in a
 * guest of its own; so nothing found is no reason to give up before several
 * tries.
 */
static struct vmcb *find_vmcb(const void *vcpu)
{
	static atomic_t tries = ATOMIC_INIT(TRIAL);
	unsigned int size = ksize(vcpu), at = READ_ONCE(place);

	if (size < sizeof(struct kvm_vcpu) + sizeof(struct vcpu_head)) {
		give_up("KVM's vCPU is smaller than this kernel's headers say");
		return NULL;
	}
	size -= sizeof(struct vcpu_head);
	if (!at)
		at = search(vcpu, size);
	if (!at && atomic_dec_and_test(&tries))
		give_up("the VMCB is not found in KVM's vCPU");
	if (!at || at > size || !is_head(vcpu + at))
		return NULL;
	if (!READ_ONCE(place)) {
		WRITE_ONCE(place, at);
		cmpxchg(&verdict, UNKNOWN, FOUND);
		pr_info("ROGPT: the address of the VMCB is at byte %u of %u of KVM's vCPU\n",
			at, (unsigned int)ksize(vcpu));
	}
	return ((const struct vcpu_head *)(vcpu + at))->vmcb;
}

static bool is_plain(const struct vmcb_control_area *control)
{
	return control->nested_ctl == SVM_NESTED_CTL_NP_ENABLE &&
	       control->asid && control->nested_cr3 &&
	       PAGE_ALIGNED(__sme_clr(control->nested_cr3)) &&
	       control->intercepts[INTERCEPT_VMRUN / 32] &
	       BIT(INTERCEPT_VMRUN % 32);
}

void ssi_rogpt_fault(struct ssi_region *region, struct kvm_vcpu *vcpu)
{
	struct vmcb_control_area *control;
	struct vmcb *vmcb;

	if (!ssi_region_policy(region, SSI_DSM_POLICY_ROGPT) || !amd_rogpt ||
	    READ_ONCE(verdict) == GIVEN_UP || !cpu_can())
		return;
	vmcb = find_vmcb(vcpu);
	if (!vmcb)
		return;
	control = &vmcb->control;
	if (control->nested_ctl == (SVM_NESTED_CTL_NP_ENABLE | NESTED_CTL_ROGPT))
		WRITE_ONCE(kept, true);
	if (!is_plain(control))
		return;
	control->nested_ctl |= NESTED_CTL_ROGPT;
	control->clean = 0;		/* VMRUN must read all of it again */
}

/*
 * The trial. Walks that set an accessed or dirty bit count as writes with the
 * bit, too, but not all walks are of that kind.
 */
void ssi_rogpt_walked(struct ssi_region *region, bool writes)
{
	int walks;

	if (READ_ONCE(verdict) != FOUND ||
	    !ssi_region_policy(region, SSI_DSM_POLICY_ROGPT))
		return;
	if (writes)
		atomic_inc(&written);
	walks = atomic_inc_return(&walked);
	if (walks != TRIAL)
		return;
	if (!READ_ONCE(kept))
		return give_up("KVM does not keep the bit");
	if (atomic_read(&written) >= TRIAL)
		return give_up("this CPU's walks count as writes with the bit, too");
	cmpxchg(&verdict, FOUND, WORKS);
	pr_info("ROGPT works: of %d walks that faulted, %d count as writes\n",
		TRIAL, atomic_read(&written));
}
