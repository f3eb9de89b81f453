// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mapping: mmap and its faults. The guest's memory faults are among them.
 *
 * DOC: Theory of operation
 *
 * .fault maps a page read-only; for a store it lets .page_mkwrite run.
 * .page_mkwrite makes a mapped copy exclusive. Both look the page up, take its
 * page lock, and check the page again: see pte.c.
 *
 * A page that is not on this node is requested. Then the caller waits, in one
 * of these ways:
 *
 * - A caller that may not drop the mmap lock, as KVM's first attempt for a vCPU, gets
 *   VM_FAULT_RETRY at once.
 * - A caller that may retry waits without the mmap lock.
 * - All others wait with the mmap lock held.
 *
 * A node takes no mmap lock to answer a request of another node. So a fault
 * that waits with its mmap lock held does not delay an answer.
 *
 * If KVM's first attempt fails, and the vCPU can take interrupts, KVM halts it and
 * lets a worker wait for the page (an asynchronous page fault). A vCPU that has
 * switched interrupts off waits itself.
 *
 * References to pages can delay an answer, and two nodes can wait for each
 * other's: see holder.c. Then a fault fails whose caller may hold references. It
 * fails with VM_FAULT_OOM, which get_user_pages() returns as -ENOMEM: what the
 * caller wants is not to be had now. A CPU's own access never fails that way,
 * nor does KVM's, which holds no references while it faults.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "alloc.h"
#include "engine/access.h"
#include "engine/fault.h"
#include "engine/gather.h"
#include "engine/holder.h"
#include "engine/rogpt.h"
#include "engine/walks.h"
#include "memory/budget.h"
#include "memory/pages.h"
#include "memory/pte.h"
#include "memory/region.h"
#include "net/node.h"
#include "protocol/coherence.h"
#include "trace.h"

static struct ssi_region *vma_region(struct vm_area_struct *vma)
{
	return vma->vm_private_data;
}

/*
 * Get the page of @slot, locked and with a reference, in a state that allows
 * @event.
 */
static int get_locked(const struct ssi_slot *slot, enum ssi_event event,
		      struct page **page)
{
	int ret;

	for (;;) {
		ret = ssi_access_page(slot, event, page);
		if (ret)
			return ret;
		lock_page(*page);
		if (ssi_access_still(slot, event, *page))
			return 0;
		unlock_page(*page);
		put_page(*page);
	}
}

/*
 * Whether the caller is get_user_pages(), and not a CPU's access, which is
 * interruptible, nor one that wants a single page of another process, nor KVM
 * for a vCPU.
 */
static bool may_hold_pages(const struct vm_fault *vmf)
{
	return !(vmf->flags & (FAULT_FLAG_USER | FAULT_FLAG_INTERRUPTIBLE |
			       FAULT_FLAG_REMOTE)) && !ssi_walks_vcpu();
}

/* Whether the fault has waited before, and must give way now. */
static bool gives_way(const struct vm_fault *vmf, bool has_waited)
{
	return has_waited && may_hold_pages(vmf) &&
	       ssi_holder_is_stuck(vma_region(vmf->vma));
}

/*
 * Wait until another attempt can succeed: until the page has come, or, after
 * -ENOMEM, for a short time in which memory may become free. VM_FAULT_OOM would
 * kill the guest. A fault that may have to give way waits for a second at most.
 */
static int wait_for(struct vm_fault *vmf, const struct ssi_slot *slot,
		    enum ssi_event event, int why)
{
	if (why == -ENOMEM)
		return ssi_alloc_pause();
	return ssi_access_wait(slot, event, may_hold_pages(vmf) ? HZ :
			       MAX_SCHEDULE_TIMEOUT, TASK_KILLABLE);
}

/*
 * The page is not available yet: return at once, or wait without the mmap lock.
 * The reference to the file keeps the region, and so the objects that @slot
 * refers to.
 */
static vm_fault_t wait_and_retry(struct vm_fault *vmf,
				 const struct ssi_slot *slot,
				 enum ssi_event event, int why)
{
	struct vm_area_struct *vma = vmf->vma;
	struct ssi_region *region = vma_region(vma);
	struct file *file;

	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	file = get_file(vma->vm_file);
	mmap_read_unlock(vma->vm_mm);
	/* A killed caller finds its signal itself. */
	wait_for(vmf, slot, event, why);
	ssi_budget_throttle(region);
	fput(file);
	return VM_FAULT_RETRY;
}

/*
 * Look up the page's entry and get the page, locked. A lost region is told first:
 * memory for the entry may never come.
 */
static int find_locked(struct vm_fault *vmf, struct ssi_slot *slot,
		       enum ssi_event event)
{
	struct ssi_region *region = vma_region(vmf->vma);

	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST)
		return -EIO;
	if (!ssi_pages_find(region, vmf->pgoff, GFP_KERNEL, slot))
		return -ENOMEM;
	return get_locked(slot, event, &vmf->page);
}

/*
 * Get the page. Wait as long as it takes, unless the caller may retry or must
 * give way.
 */
static vm_fault_t get_page_or_retry(struct vm_fault *vmf)
{
	enum ssi_event event = vmf->flags & FAULT_FLAG_WRITE ? SSI_EV_STORE :
							       SSI_EV_LOAD;
	bool has_waited = vmf->flags & FAULT_FLAG_TRIED;
	struct ssi_slot slot;
	int ret;

	if (vmf->pgoff >= vma_region(vmf->vma)->size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	for (;;) {
		ret = find_locked(vmf, &slot, event);
		if (!ret)
			return VM_FAULT_LOCKED;
		if (ret == -EIO)
			return VM_FAULT_SIGBUS;
		if (gives_way(vmf, has_waited))
			return VM_FAULT_OOM;
		if (vmf->flags & FAULT_FLAG_ALLOW_RETRY)
			return wait_and_retry(vmf, &slot, event, ret);
		if (wait_for(vmf, &slot, event, ret))
			return VM_FAULT_SIGBUS;
		has_waited = true;
	}
}

/*
 * KVM's worker waits for a page that a vCPU has requested (walks.h). If it took
 * the page, it would take it for writing, and all other nodes would lose their
 * copies of a page that most often is only read. So it waits until the request
 * is complete, and fails. While it runs, the page is held for the vCPU, which
 * sleeps.
 */
static vm_fault_t await_request(struct vm_fault *vmf)
{
	struct ssi_region *region = vma_region(vmf->vma);
	struct ssi_slot slot;

	if (READ_ONCE(region->state) == SSI_DSM_REGION_LOST ||
	    vmf->pgoff >= region->size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	ssi_gather_remember(region);
	if (!ssi_pages_find(region, vmf->pgoff, GFP_KERNEL, &slot))
		return wait_and_retry(vmf, &slot, SSI_EV_STORE, -ENOMEM);
	if (!ssi_access_is_settled(&slot))
		return wait_and_retry(vmf, &slot, SSI_EV_STORE, -EAGAIN);
	return VM_FAULT_SIGBUS;
}

/* As get_page_or_retry(), for all callers. */
static vm_fault_t get_page_for(struct vm_fault *vmf)
{
	if (vmf->flags & FAULT_FLAG_ALLOW_RETRY && ssi_walks_is_async())
		return await_request(vmf);
	return get_page_or_retry(vmf);
}

static vm_fault_t ssi_fault_fault(struct vm_fault *vmf)
{
	/* Once the mmap lock is dropped, VMA and region may be freed. */
	struct ssi_region *region = vma_region(vmf->vma);
	u32 node = region->node->id, id = region->id;
	struct kvm_vcpu *vcpu = ssi_walks_vcpu();
	vm_fault_t ret;

	trace_ssi_fault_enter(node, id, vmf->pgoff, vmf->flags);
	if (vcpu)
		ssi_rogpt_fault(region, vcpu);
	ret = get_page_for(vmf);
	if (vcpu && ret == VM_FAULT_LOCKED)
		ssi_walks_end(region);
	trace_ssi_fault_leave(node, id, vmf->pgoff, (__force u32)ret);
	return ret;
}

/*
 * A store to a page that is mapped read-only. The core holds a reference to the
 * page, so this function must not wait: page work might wait for that
 * reference. It must not return VM_FAULT_RETRY either, since the core would
 * treat that as success. So a page that is not available at once is requested,
 * and its PTE is removed: the access faults again, and .fault waits.
 */
static vm_fault_t ssi_fault_mkwrite(struct vm_fault *vmf)
{
	struct ssi_region *region = vma_region(vmf->vma);
	struct ssi_slot slot;
	struct page *page;
	int ret = -ENOMEM;

	if (ssi_walks_is_async())
		return VM_FAULT_SIGBUS;	/* the page is there; see await_request() */
	if (ssi_pages_find(region, vmf->pgoff, GFP_KERNEL, &slot))
		ret = get_locked(&slot, SSI_EV_STORE, &page);
	if (ret == -EIO)
		return VM_FAULT_SIGBUS;
	if (ret) {
		ssi_pte_zap(region, vmf->pgoff);
		return VM_FAULT_NOPAGE;
	}
	put_page(page);
	if (page == vmf->page) {
		ssi_walks_end(region);
		return VM_FAULT_LOCKED;
	}
	unlock_page(page);
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct ssi_fault_vm_ops = {
	.fault = ssi_fault_fault,
	.page_mkwrite = ssi_fault_mkwrite,
};

int ssi_fault_mmap(struct ssi_region *region, struct vm_area_struct *vma)
{
	unsigned long pages = region->size >> PAGE_SHIFT;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	ssi_walks_look();
	vma->vm_private_data = region;
	vma->vm_ops = &ssi_fault_vm_ops;
	return 0;
}
