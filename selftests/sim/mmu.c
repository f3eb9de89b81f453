// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables, and what the kernel's core does about a fault on a shared file
 * mapping: the steps of mm/memory.c that the module can see.
 */
#include <linux/mm.h>

#include "engine/fault.h"
#include "mmu.h"
#include "oracle.h"
#include "memory/region.h"
#include "tasks.h"

struct address_space {
	struct inode inode;
	struct list_head vmas;
	u32 walkers;
};

/* ---- files ---- */

void kill_anon_super(void *sb)
{
	(void)sb;
}

struct vfsmount *kern_mount(struct file_system_type *type)
{
	static struct fs_context fc;

	sim_need(!type->init_fs_context(&fc), "the file system cannot be mounted");
	return calloc(1, sizeof(struct vfsmount));
}

void kern_unmount(struct vfsmount *mount)
{
	free(mount);
}

struct inode *alloc_anon_inode(void *sb)
{
	struct address_space *mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);

	(void)sb;
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&mapping->vmas);
	mapping->inode.i_mapping = mapping;
	return &mapping->inode;
}

void iput(struct inode *inode)
{
	sim_need(list_empty(&inode->i_mapping->vmas), "a region goes that is mapped");
	kfree(inode->i_mapping);
}

struct file *get_file(struct file *file)
{
	file->refs++;
	return file;
}

void fput(struct file *file)
{
	sim_need(file->refs, "a file has no references left");
	file->refs--;
}

void mmap_read_lock(struct mm_struct *mm)
{
	might_sleep();
	mm->readers++;
}

void mmap_read_unlock(struct mm_struct *mm)
{
	sim_need(mm->readers, "the mmap lock is given back twice");
	mm->readers--;
}

/* ---- page tables ---- */

/* As with i_mmap_rwsem, no mapping goes while a task walks the list. */
static void walk_begin(struct address_space *mapping)
{
	might_sleep();
	mapping->walkers++;
}

static void walk_end(struct address_space *mapping)
{
	if (!--mapping->walkers)
		task_wake(mapping);
	sim_preempt();
}

static void clear_pte(struct vm_area_struct *vma, u64 index)
{
	struct sim_pte *pte = &vma->ptes[index];
	struct page *page = pte->page;

	if (!page)
		return;
	page->dirty |= pte->dirty;
	*pte = (struct sim_pte){ 0 };
	page->_mapcount.counter--;
	sim_note(index, "unmapped");
	put_page(page);
}

void unmap_mapping_range(struct address_space *mapping, loff_t start,
			 loff_t length, int even_cows)
{
	u64 first = start >> PAGE_SHIFT, pages = length >> PAGE_SHIFT, i;
	struct vm_area_struct *vma;

	(void)even_cows;
	walk_begin(mapping);
	list_for_each_entry(vma, &mapping->vmas, list) {
		sim_preempt();
		for (i = first; i < (length ? first + pages : vma->pages); i++)
			clear_pte(vma, i);
	}
	walk_end(mapping);
}

int folio_mkclean(struct page *page)
{
	struct address_space *mapping = page->mapping;
	struct vm_area_struct *vma;
	struct sim_pte *pte;
	int cleaned = 0;

	if (!mapping)
		return 0;
	walk_begin(mapping);
	list_for_each_entry(vma, &mapping->vmas, list) {
		sim_preempt();
		pte = &vma->ptes[page->index];
		if (pte->page != page || (!pte->write && !pte->dirty))
			continue;
		sim_note(page->index, "write-protected");
		pte->write = false;
		pte->dirty = false;
		cleaned++;
	}
	walk_end(mapping);
	return cleaned;
}

struct sim_pte *mmu_lookup(struct vm_area_struct *vma, u64 index, bool write)
{
	struct sim_pte *pte = &vma->ptes[index];

	return pte->page && (pte->write || !write) ? pte : NULL;
}

bool mmu_is_mapped(struct ssi_region *region, u64 index, bool write)
{
	struct vm_area_struct *vma;

	list_for_each_entry(vma, &region->inode->i_mapping->vmas, list)
		if (mmu_lookup(vma, index, write))
			return true;
	return false;
}

static void set_pte(struct vm_area_struct *vma, u64 index, struct page *page,
		    bool write)
{
	struct ssi_region *region = vma->vm_private_data;

	vma->ptes[index] = (struct sim_pte){
		.page = page, .write = write, .dirty = write,
	};
	oracle_mapped(region, index, write);
}

/* ---- faults ---- */

static vm_fault_t call_mkwrite(struct vm_fault *vmf)
{
	unsigned int flags = vmf->flags;
	vm_fault_t ret;

	vmf->flags = FAULT_FLAG_WRITE | FAULT_FLAG_MKWRITE;
	ret = vmf->vma->vm_ops->page_mkwrite(vmf);
	vmf->flags = flags;
	return ret;
}

#define FAILED	(VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_NOPAGE)

/* A PTE that is there, but only to be read from. */
static vm_fault_t make_writable(struct vm_fault *vmf)
{
	struct sim_pte *pte = &vmf->vma->ptes[vmf->pgoff];
	vm_fault_t ret;

	vmf->page = pte->page;
	get_page(vmf->page);
	ret = call_mkwrite(vmf);
	if (!(ret & FAILED)) {
		sim_need(!sim_self()->plays_worker, "KVM's worker writes to a page");
		if (pte->page == vmf->page && !pte->write) {
			pte->write = true;
			pte->dirty = true;
			oracle_mapped(vmf->vma->vm_private_data, vmf->pgoff,
				      true);
		}
		vmf->page->dirty = true;
		unlock_page(vmf->page);
	}
	put_page(vmf->page);
	return ret & FAILED;
}

/* .fault has brought the page, locked and with a reference. */
static vm_fault_t finish_fault(struct vm_fault *vmf, bool write)
{
	struct sim_pte *pte = &vmf->vma->ptes[vmf->pgoff];
	struct page *page = vmf->page;

	sim_need(page->locked, "a page comes from a fault and is not locked");
	sim_need(page->mapping && page->index == vmf->pgoff,
		 "a page comes from a fault for page %lu and is not that",
		 vmf->pgoff);
	if (pte->page) {
		unlock_page(page);
		put_page(page);
		return VM_FAULT_NOPAGE;
	}
	page->_mapcount.counter++;
	set_pte(vmf->vma, vmf->pgoff, page, write);
	page->dirty |= write;
	unlock_page(page);
	return 0;
}

/* No PTE. */
static vm_fault_t bring_page(struct vm_fault *vmf, bool write)
{
	vm_fault_t ret = vmf->vma->vm_ops->fault(vmf);

	if (ret & (FAILED | VM_FAULT_RETRY))
		return ret;
	sim_need(!sim_self()->plays_worker, "KVM's worker takes a page");
	if (write) {
		unlock_page(vmf->page);
		ret = call_mkwrite(vmf);
		if (ret & FAILED) {
			put_page(vmf->page);
			return ret;
		}
	}
	return finish_fault(vmf, write);
}

vm_fault_t mmu_fault(struct vm_area_struct *vma, u64 index, bool write,
		     unsigned int flags)
{
	bool nowait = flags & FAULT_FLAG_RETRY_NOWAIT;
	struct vm_fault vmf = { .vma = vma, .pgoff = index, .flags = flags };
	vm_fault_t ret;

	if (write)
		vmf.flags |= FAULT_FLAG_WRITE;
	if (nowait || !sim_one_in(8))
		vmf.flags |= FAULT_FLAG_ALLOW_RETRY;
	mmap_read_lock(vma->vm_mm);
	sim_preempt();
	if (vma->ptes[index].page && write && !vma->ptes[index].write)
		ret = make_writable(&vmf);
	else if (!vma->ptes[index].page)
		ret = bring_page(&vmf, write);
	else
		ret = 0;
	if (!(ret & VM_FAULT_RETRY) || nowait)
		mmap_read_unlock(vma->vm_mm);
	if (ret & VM_FAULT_OOM && flags & FAULT_FLAG_USER)
		sim_fail(index, "an access of a CPU fails for lack of memory");
	return ret & (VM_FAULT_SIGBUS | VM_FAULT_OOM | VM_FAULT_RETRY);
}

/* ---- mappings ---- */

struct vm_area_struct *mmu_map(struct ssi_region *region)
{
	struct vm_area_struct *vma = calloc(1, sizeof(*vma));

	vma->pages = region->size >> PAGE_SHIFT;
	vma->vm_flags = VM_SHARED;
	vma->vm_mm = calloc(1, sizeof(*vma->vm_mm));
	vma->vm_file = calloc(1, sizeof(*vma->vm_file));
	vma->ptes = calloc(vma->pages, sizeof(*vma->ptes));
	sim_need(!ssi_fault_mmap(region, vma), "mmap fails");
	list_add(&vma->list, &region->inode->i_mapping->vmas);
	return vma;
}

void mmu_unmap(struct vm_area_struct *vma)
{
	struct ssi_region *region = vma->vm_private_data;
	struct address_space *mapping = region->inode->i_mapping;
	u64 i;

	while (mapping->walkers)
		task_sleep(mapping, 0);
	sim_need(!vma->vm_mm->readers && !vma->vm_file->refs,
		 "a fault has kept the mmap lock, or the file");
	for (i = 0; i < vma->pages; i++)
		clear_pte(vma, i);
	list_del(&vma->list);
	free(vma->ptes);
	free(vma->vm_file);
	free(vma->vm_mm);
	free(vma);
}
