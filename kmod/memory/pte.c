// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page work: unmapping and write-protecting.
 *
 * DOC: Theory of operation
 *
 * Only the fault path maps pages. It checks the page's state under the page
 * lock and keeps that lock until the PTE is set. Page work runs after the
 * page's state has changed to one that forbids new mappings. So once page work
 * has taken the page lock and removed the PTEs, no PTE can appear again:
 *
 * - If a fault held the lock before, unmap_mapping_range() finds the PTE that
 *   it set.
 * - If a fault gets the lock later, it finds the new state and maps nothing.
 *
 * The removal of the PTEs calls the MMU notifiers, which do the same for KVM's
 * tables.
 *
 * References are a second way to the data: a task that has got the page by
 * get_user_pages() may still read or write it without a PTE. A new reference of
 * that kind needs a PTE, so after the removal their number can only fall. Page
 * work is complete when they are gone. The page lock is not held meanwhile,
 * since the task that holds the reference may need that lock before it puts the
 * reference (set_page_dirty_lock()).
 *
 * A reference may stay for ever. So no function here waits for long: the caller
 * tries again later (holder.c).
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>

#include "memory/pte.h"
#include "memory/region.h"

/* Most references are put within microseconds. */
#define SPINS		64
#define NAPS		16	/* of 20 to 100 us */

void ssi_pte_install(struct ssi_region *region, struct page *page, u64 index)
{
	page->mapping = region->inode->i_mapping;
	page->index = index;
	ClearPageDirty(page);
}

void ssi_pte_uninstall(struct page *page)
{
	compound_head(page)->mapping = NULL;
}

/* Write faults set the dirty flag, and so does the removal of a dirty PTE. */
bool ssi_pte_was_written(struct page *page)
{
	return PageDirty(page);
}

bool ssi_pte_lock_idle(struct page *page)
{
	if (PageCompound(page) || page_mapped(page) || page_count(page) != 1 ||
	    !trylock_page(page))
		return false;
	if (!page_mapped(page) && page_count(page) == 1)
		return true;
	unlock_page(page);
	return false;
}

bool ssi_pte_is_in_use(struct page *page)
{
	int count = page_count(page);

	if (PageCompound(page))
		return count > SSI_BLOCK_PAGES;
	/*
	 * Whoever removes a PTE lowers _mapcount first, then _refcount. Read in
	 * the other order, a PTE that goes in between looks like a reference,
	 * and not a reference like a PTE. (_mapcount begins at -1; one reference
	 * is that of the page's entry.)
	 */
	smp_rmb();
	return count > 2 + atomic_read(&page->_mapcount);
}

bool ssi_pte_is_free(struct page *page)
{
	int tries;

	for (tries = 0; ssi_pte_is_in_use(page); tries++) {
		if (tries == SPINS + NAPS)
			return false;
		if (tries < SPINS)
			cpu_relax();
		else
			usleep_range(20, 100);
	}
	return true;
}

static void zap(struct ssi_region *region, u64 index, size_t size)
{
	unmap_mapping_range(region->inode->i_mapping,
			    (loff_t)index << PAGE_SHIFT, size, 1);
}

void ssi_pte_zap(struct ssi_region *region, u64 index)
{
	zap(region, index, PAGE_SIZE);
}

void ssi_pte_zap_range(struct ssi_region *region, u64 index, u64 pages)
{
	zap(region, index, pages << PAGE_SHIFT);
}

void ssi_pte_unmap(struct ssi_region *region, struct page *page)
{
	lock_page(page);
	zap(region, page->index, page_size(page));
	unlock_page(page);
}

void ssi_pte_protect(struct ssi_region *region, struct page *page)
{
	lock_page(page);
	folio_mkclean(page_folio(page));
	ClearPageDirty(page);
	unlock_page(page);
}

void ssi_pte_unmap_all(struct ssi_region *region)
{
	unmap_mapping_range(region->inode->i_mapping, 0, 0, 1);
}
