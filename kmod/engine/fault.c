// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mapping: mmap and its faults, which are the guest's memory faults too.
 *
 * DOC: Theory of operation
 *
 * .fault maps a page read-only or, for a store, lets .page_mkwrite run, which
 * is where a mapped copy becomes exclusive. Both look the page up, take its
 * page lock, and look again: see pte.c. A page that is not here is requested;
 * then a caller that must not wait (KVM's first try) is sent away, one that
 * may retry waits without the mmap lock, and the rest wait with it. A node
 * never needs another's mmap lock to answer, and nobody waits here with a
 * reference to a page, so this cannot deadlock.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "alloc.h"
#include "engine/access.h"
#include "engine/fault.h"
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

/* The page of @slot, locked, with a reference, good for @event. */
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
 * Until it is worth another try: the page came, or a moment is over in which there
 * may be memory again. VM_FAULT_OOM would be the end of a guest.
 */
static int wait_for(const struct ssi_slot *slot, enum ssi_event event, int why)
{
	return why == -ENOMEM ? ssi_alloc_pause() :
				ssi_access_wait(slot, event);
}

/*
 * The page cannot be had yet: leave, or wait without the mmap lock. The file
 * keeps the region, and so what @slot refers to.
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
	/* When killed, the caller sees its signal. */
	wait_for(slot, event, why);
	ssi_budget_throttle(region);
	fput(file);
	return VM_FAULT_RETRY;
}

/* The page's entry, and the page. */
static int find_locked(struct vm_fault *vmf, struct ssi_slot *slot,
		       enum ssi_event event)
{
	if (!ssi_pages_find(vma_region(vmf->vma), vmf->pgoff, GFP_KERNEL, slot))
		return -ENOMEM;
	return get_locked(slot, event, &vmf->page);
}

/* Get the page, however long it takes, unless the caller may retry. */
static vm_fault_t get_page_or_retry(struct vm_fault *vmf)
{
	enum ssi_event event = vmf->flags & FAULT_FLAG_WRITE ? SSI_EV_STORE :
							       SSI_EV_LOAD;
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
		if (vmf->flags & FAULT_FLAG_ALLOW_RETRY)
			return wait_and_retry(vmf, &slot, event, ret);
		if (wait_for(&slot, event, ret))
			return VM_FAULT_SIGBUS;
	}
}

static vm_fault_t ssi_fault_fault(struct vm_fault *vmf)
{
	/* Once the mmap lock was dropped, the VMA and the region may be gone. */
	struct ssi_region *region = vma_region(vmf->vma);
	u32 node = region->node->id, id = region->id;
	vm_fault_t ret;

	trace_ssi_fault_enter(node, id, vmf->pgoff, vmf->flags);
	ret = get_page_or_retry(vmf);
	trace_ssi_fault_leave(node, id, vmf->pgoff, (__force u32)ret);
	return ret;
}

/*
 * A store to a page that is mapped read-only. The core holds a reference to
 * the page, so this must not wait: page work might wait for that reference.
 * Nor may it return VM_FAULT_RETRY, which the core would take for success. So
 * what cannot be had at once is requested, and the PTE removed: the core
 * faults again, and .fault waits.
 */
static vm_fault_t ssi_fault_mkwrite(struct vm_fault *vmf)
{
	struct ssi_region *region = vma_region(vmf->vma);
	struct ssi_slot slot;
	struct page *page;
	int ret = -ENOMEM;

	if (ssi_pages_find(region, vmf->pgoff, GFP_KERNEL, &slot))
		ret = get_locked(&slot, SSI_EV_STORE, &page);
	if (ret == -EIO)
		return VM_FAULT_SIGBUS;
	if (ret) {
		ssi_pte_zap(region, vmf->pgoff);
		return VM_FAULT_NOPAGE;
	}
	put_page(page);
	if (page == vmf->page)
		return VM_FAULT_LOCKED;
	unlock_page(page);
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct ssi_fault_vm_ops = {
	.fault = ssi_fault_fault,
	.page_mkwrite = ssi_fault_mkwrite,
};

/**
 * ssi_fault_mmap() - map a part of a region
 * @region: kept alive by the file that the VMA holds
 * @vma: a new shared mapping
 *
 * Return: 0, or -EINVAL for a private mapping or one outside the region.
 */
int ssi_fault_mmap(struct ssi_region *region, struct vm_area_struct *vma)
{
	unsigned long pages = region->size >> PAGE_SHIFT;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = region;
	vma->vm_ops = &ssi_fault_vm_ops;
	return 0;
}
