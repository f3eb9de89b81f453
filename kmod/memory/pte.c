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
 * work waits until they are gone. It waits without the page lock, since the
 * task that holds the reference may need that lock before it puts the reference
 * (set_page_dirty_lock()).
 *
 * This wait has no time limit, and it does not end when the region is lost. A
 * task that holds references and waits for a page of another node can therefore
 * deadlock with that node: see fault.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>

#include "memory/pte.h"
#include "memory/region.h"
#include "net/node.h"

#define PINNED_WARN_MS	10000

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

/*
 * Whether the page has more references than the one of its entry and those of
 * page tables (_mapcount begins at -1). A 2 MiB folio is not mapped any more at
 * this point, and each of its entries has one reference.
 */
static bool is_in_use(struct page *page)
{
	if (PageCompound(page))
		return page_count(page) > SSI_BLOCK_PAGES;
	return page_count(page) > 2 + atomic_read(&page->_mapcount);
}

static void wait_for_references(struct ssi_region *region, struct page *page)
{
	unsigned long start = jiffies;
	bool warned = false;
	int tries = 0;

	while (is_in_use(page)) {
		if (++tries < 64)
			cpu_relax();
		else
			usleep_range(20, 100);
		if (warned || time_before(jiffies, start +
					  msecs_to_jiffies(PINNED_WARN_MS)))
			continue;
		warned = true;
		pr_warn("page %lu of region %u on node %u is pinned by somebody for more than %u s; nodes that want it wait\n",
			page->index, region->id, region->node->id,
			PINNED_WARN_MS / 1000);
	}
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
	wait_for_references(region, page);
	ssi_pte_uninstall(page);
}

void ssi_pte_protect(struct ssi_region *region, struct page *page)
{
	lock_page(page);
	folio_mkclean(page_folio(page));
	ClearPageDirty(page);
	unlock_page(page);
	wait_for_references(region, page);
}

void ssi_pte_unmap_all(struct ssi_region *region)
{
	unmap_mapping_range(region->inode->i_mapping, 0, 0, 1);
}
