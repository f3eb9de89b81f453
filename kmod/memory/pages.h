/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of a region: their entries, directory entries, and buckets.
 */
#ifndef _SSI_PAGES_H
#define _SSI_PAGES_H

#include <linux/gfp.h>
#include <linux/wait.h>
#include "memory/region.h"

/**
 * struct ssi_slot - a page of a region, looked up
 * @region: the region; the caller holds a reference to it
 * @index: page index, inside the region
 * @bucket: the page's bucket; its lock protects @entry and @dir
 * @entry: state of the page on this node; lives as long as the region
 * @dir: directory entry of the page; set only by ssi_pages_find_dir(); lives as
 *	long as the region
 *
 * A fault or a message looks its page up once and passes the slot on.
 */
struct ssi_slot {
	struct ssi_region *region;
	u64 index;
	struct ssi_bucket *bucket;
	struct ssi_page *entry;
	struct ssi_dir *dir;
};

/**
 * ssi_pages_init() - allocate the buckets of a new region
 * @region: the region; its size is set
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_pages_init(struct ssi_region *region);

/**
 * ssi_pages_find() - look up the entry of a page
 * @region: the region
 * @index: page index, inside the region
 * @gfp: how to allocate the entries of a block that has none; 0: do not
 *	allocate
 * @slot: all fields but @slot->dir are set
 *
 * Context: as @gfp allows.
 * Return: whether there is an entry.
 */
bool ssi_pages_find(struct ssi_region *region, u64 index, gfp_t gfp,
		    struct ssi_slot *slot);

/**
 * ssi_pages_find_dir() - look up the directory entry of a page
 * @region: the region; this node is the page's home
 * @index: page index, inside the region
 * @gfp: how to allocate the directory entries of a block that has none; 0: do
 *	not allocate
 * @slot: all fields but @slot->entry are set
 *
 * Context: as @gfp allows.
 * Return: whether there is a directory entry.
 */
bool ssi_pages_find_dir(struct ssi_region *region, u64 index, gfp_t gfp,
			struct ssi_slot *slot);

/**
 * ssi_pages_home() - the home of a page
 * @region: the region
 * @index: page index
 *
 * Context: any.
 * Return: id of the node that keeps the page's directory entry.
 */
u32 ssi_pages_home(const struct ssi_region *region, u64 index);

/**
 * ssi_pages_next_foreign() - the next page whose home is another node
 * @region: the region
 * @index: page index
 *
 * Context: any.
 * Return: the first such index from @index on, or the end of the region.
 */
u64 ssi_pages_next_foreign(const struct ssi_region *region, u64 index);

/**
 * ssi_pages_version() - the home of a page, and the version of the home
 * @region: the region
 * @index: page index
 * @home: set to the id of the node
 *
 * Context: any.
 * Return: the version: 0 if the home of the block has never moved, as far as
 * this node knows.
 */
u32 ssi_pages_version(const struct ssi_region *region, u64 index, u32 *home);

/**
 * ssi_pages_set_home() - change the home of a block in this node's table
 * @region: the region
 * @index: page index
 * @home: id of the node
 * @version: of the home, not 0
 * @changing: this node becomes the home, or is no longer the home, and the pages
 *	of the block are counted as before until ssi_pages_recount() was called
 *	for each of them. One block at a time
 *
 * Context: region->move.lock held.
 */
void ssi_pages_set_home(struct ssi_region *region, u64 index, u32 home,
			u32 version, bool changing);

/**
 * ssi_pages_recount() - count a page's data as the new home of its block says
 * @slot: a page of the block whose home is changing; slot->entry is not used
 *
 * Context: bucket lock held.
 */
void ssi_pages_recount(const struct ssi_slot *slot);

/**
 * ssi_pages_are_ours() - whether this node is the home of a page
 * @region: the region
 * @index: page index
 *
 * Context: any.
 * Return: whether it is.
 */
bool ssi_pages_are_ours(const struct ssi_region *region, u64 index);

/**
 * ssi_pages_entry() - the entry of a page
 * @region: the region
 * @index: page index, inside the region
 * @gfp: how to allocate the entries of a block that has none; 0: do not
 *	allocate
 *
 * Context: as @gfp allows.
 * Return: the entry; those of the following pages of its block follow it. NULL
 * if the block has no entries and none were allocated.
 */
struct ssi_page *ssi_pages_entry(struct ssi_region *region, u64 index,
				 gfp_t gfp);

/**
 * ssi_pages_dir() - the directory entry of a page
 * @region: the region; this node is the page's home
 * @index: page index, inside the region
 * @gfp: how to allocate the directory entries of a block that has none; 0: do
 *	not allocate
 *
 * Context: as @gfp allows.
 * Return: the directory entry; those of the following pages of its block follow
 * it. NULL if the block has none and none were allocated.
 */
struct ssi_dir *ssi_pages_dir(struct ssi_region *region, u64 index, gfp_t gfp);

/**
 * struct ssi_pages_waiter - a task that waits for a page
 * @entry: in the wait queue of the page's bucket
 * @index: the page; wake-ups for other pages do not wake the task
 */
struct ssi_pages_waiter {
	struct wait_queue_entry entry;
	u64 index;
};

/**
 * ssi_pages_begin_wait() - prepare to wait for a page
 * @slot: the page
 * @waiter: the current task
 *
 * Context: process.
 */
void ssi_pages_begin_wait(const struct ssi_slot *slot,
			  struct ssi_pages_waiter *waiter);

/**
 * ssi_pages_wake() - wake the tasks that wait for a page
 * @slot: the page; its state or its data has changed
 *
 * Context: any.
 */
void ssi_pages_wake(const struct ssi_slot *slot);

/**
 * ssi_pages_wake_block() - wake the tasks that wait for a page of a block
 * @region: the region
 * @index: a page of the block
 *
 * Context: any.
 */
void ssi_pages_wake_block(struct ssi_region *region, u64 index);

/**
 * ssi_pages_set_state() - the only function that changes a page's state
 * @slot: the page
 * @next: its new state
 *
 * Context: bucket lock held.
 */
void ssi_pages_set_state(const struct ssi_slot *slot,
			 enum ssi_page_state next);

/**
 * ssi_pages_set_data() - the only function that changes a page's data
 * @slot: the page
 * @page: its data, or NULL: none. Takes or puts no reference.
 *
 * Context: bucket lock held.
 */
void ssi_pages_set_data(const struct ssi_slot *slot, struct page *page);

/**
 * ssi_pages_data() - the data of a page
 * @entry: the page's entry
 *
 * Context: bucket lock held.
 * Return: the data; NULL if this node does not have the page, or the page is
 * zero and has no memory.
 */
static inline struct page *ssi_pages_data(const struct ssi_page *entry)
{
	return entry->pfn ? pfn_to_page(entry->pfn) : NULL;
}

#endif /* _SSI_PAGES_H */
