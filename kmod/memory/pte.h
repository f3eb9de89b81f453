/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page work: the only place that touches page tables.
 */
#ifndef _SSI_PTE_H
#define _SSI_PTE_H

#include <linux/types.h>

struct page;
struct ssi_region;

/*
 * The page becomes part of the region's mapping: one by itself, or the head of a
 * 2 MiB folio, whose first page is @index. Any context.
 */
void ssi_pte_install(struct ssi_region *region, struct page *page, u64 index);

/*
 * It is no longer part of it, nor is what it is a piece of. No page table maps
 * it. Any context.
 */
void ssi_pte_uninstall(struct page *page);

/* Whether anybody here wrote to the page since it came or was protected. */
bool ssi_pte_was_written(struct page *page);

/*
 * Take the page, or the 2 MiB folio that it is the head of, out of every
 * page table and wait until nobody but the caller holds it. It no longer belongs
 * to the mapping then. Its state must already forbid new mappings. Sleeps.
 */
void ssi_pte_unmap(struct ssi_region *region, struct page *page);

/*
 * Write-protect the page in every page table and wait until nobody can write
 * through a reference. Its state must already forbid new mappings. Sleeps.
 */
void ssi_pte_protect(struct ssi_region *region, struct page *page);

/* Remove the PTEs of page @index; later accesses fault. Sleeps. */
void ssi_pte_zap(struct ssi_region *region, u64 index);

/* Take all pages out of every page table: later accesses fault. Sleeps. */
void ssi_pte_unmap_all(struct ssi_region *region);

#endif /* _SSI_PTE_H */
