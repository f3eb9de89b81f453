/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page work: unmapping and write-protecting. No other file changes page tables.
 */
#ifndef _SSI_PTE_H
#define _SSI_PTE_H

#include <linux/types.h>

struct page;
struct ssi_region;

/**
 * ssi_pte_install() - make a page part of the region's mapping
 * @region: the region
 * @page: a single page, or the head of a 2 MiB folio; not mapped
 * @index: index of the page, or of the folio's first page
 *
 * Also clears the page's dirty flag: see ssi_pte_was_written().
 *
 * Context: any.
 */
void ssi_pte_install(struct ssi_region *region, struct page *page, u64 index);

/**
 * ssi_pte_uninstall() - take a page out of the region's mapping
 * @page: a page that no page table maps; if it is part of a folio, the whole
 *	folio is taken out
 *
 * Context: any.
 */
void ssi_pte_uninstall(struct page *page);

/**
 * ssi_pte_was_written() - whether this node wrote to a page
 * @page: the page; no page table maps it writable
 *
 * Context: any.
 * Return: whether it was written since ssi_pte_install() or ssi_pte_protect().
 */
bool ssi_pte_was_written(struct page *page);

/**
 * ssi_pte_unmap() - remove a page from every page table
 * @region: the region
 * @page: a single page, or the head of a 2 MiB folio. Its state must forbid new
 *	mappings already.
 *
 * Tasks may still hold references to the page: see ssi_pte_is_free().
 *
 * Context: process, sleeps.
 */
void ssi_pte_unmap(struct ssi_region *region, struct page *page);

/**
 * ssi_pte_protect() - write-protect a page in every page table
 * @region: the region
 * @page: a single page. Its state must forbid new writable mappings already.
 *
 * Tasks may still write to the page by a reference: see ssi_pte_is_free().
 *
 * Context: process, sleeps.
 */
void ssi_pte_protect(struct ssi_region *region, struct page *page);

/**
 * ssi_pte_lock_idle() - lock a page that nobody maps nor refers to
 * @page: the data of an entry in a stable state
 *
 * No PTE and no reference can appear as long as the page lock and the lock of
 * the page's bucket are held: a fault has a reference, or waits for one of the
 * two. Who has removed a PTE keeps a reference until TLBs are flushed. So such a
 * page needs no page work.
 *
 * Context: any; bucket lock held.
 * Return: whether the page is idle and locked now.
 */
bool ssi_pte_lock_idle(struct page *page);

/**
 * ssi_pte_is_in_use() - whether a task may hold a reference to a page
 * @page: a single page, or the head of a 2 MiB folio, as it was given to
 *	ssi_pte_unmap() or ssi_pte_protect(). The caller holds no reference
 *	beside those of the entries.
 *
 * Context: any.
 * Return: whether there are more references than those of the entries and of
 * page tables. A 2 MiB folio counts as used while a page table maps it.
 */
bool ssi_pte_is_in_use(struct page *page);

/**
 * ssi_pte_is_free() - wait a short time until nobody uses a page
 * @page: as for ssi_pte_is_in_use()
 *
 * Context: process, sleeps for two milliseconds at most.
 * Return: whether nobody uses it. If not, the caller tries again later.
 */
bool ssi_pte_is_free(struct page *page);

/**
 * ssi_pte_zap() - remove the PTEs of one page
 * @region: the region
 * @index: index of the page
 *
 * Does not wait for references. Later accesses fault.
 *
 * Context: process, sleeps.
 */
void ssi_pte_zap(struct ssi_region *region, u64 index);

/**
 * ssi_pte_zap_range() - remove the PTEs of neighbours
 * @region: the region
 * @index: index of the first page
 * @pages: how many; at least one
 *
 * As ssi_pte_zap(), with one call of the MMU notifiers.
 *
 * Context: process, sleeps.
 */
void ssi_pte_zap_range(struct ssi_region *region, u64 index, u64 pages);

/**
 * ssi_pte_unmap_all() - remove all pages of a region from every page table
 * @region: the region
 *
 * Does not wait for references. Later accesses fault.
 *
 * Context: process, sleeps.
 */
void ssi_pte_unmap_all(struct ssi_region *region);

#endif /* _SSI_PTE_H */
