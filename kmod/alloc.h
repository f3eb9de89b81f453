/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that a region depends on: retries when memory is short, and
 * failures for tests.
 */
#ifndef _SSI_ALLOC_H
#define _SSI_ALLOC_H

#include <linux/gfp.h>
#include <linux/types.h>

struct mem_cgroup;
struct page;

/**
 * ssi_alloc_gfp() - flags for callers that try again after a failure
 * @gfp: flags
 *
 * Return: @gfp, plus flags that keep the OOM killer and warnings away if @gfp
 *	allows sleeping.
 */
static inline gfp_t ssi_alloc_gfp(gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) ?
	       gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN : gfp;
}

/* Classes of allocations; see the module parameter fail_nth. */
enum ssi_alloc_class {
	SSI_ALLOC_PAGE,		/* data of a page */
	SSI_ALLOC_BLOCK,	/* entries of a block of pages */
	SSI_ALLOC_REQUEST,	/* a request for a page */
	SSI_ALLOC_MESSAGE,	/* a message, received or to this node */
	SSI_ALLOC_FOLIO,	/* a 2 MiB folio */
	SSI_ALLOC_SEND,		/* posting of a message; breaks the connection */
	SSI_ALLOC_CLASSES,
};

/**
 * ssi_alloc_fails() - whether this allocation must fail, for a test
 * @class: class of the allocation
 *
 * Context: Any context.
 */
bool ssi_alloc_fails(enum ssi_alloc_class class);

/**
 * ssi_alloc_page() - allocate a page of class SSI_ALLOC_PAGE
 * @gfp: flags; the OOM killer is not called
 *
 * Context: As @gfp allows.
 * Return: the page, or NULL if there is no memory.
 */
struct page *ssi_alloc_page(gfp_t gfp);

/**
 * ssi_alloc_page_for() - allocate a page and charge it to a memory cgroup
 * @payer: the cgroup, or NULL: the one of the current task
 * @gfp: flags; the OOM killer is not called
 *
 * For contexts other than a task that uses the page: page work, and messages
 * that arrive. The limit of the cgroup does not make it fail; see alloc.c.
 *
 * Context: As @gfp allows.
 * Return: the page, or NULL if there is no memory.
 */
struct page *ssi_alloc_page_for(struct mem_cgroup *payer, gfp_t gfp);

/**
 * ssi_alloc_page_wait() - allocate a page, try again until there is memory
 * @payer: as for ssi_alloc_page_for()
 * @gfp: flags; the OOM killer is not called
 *
 * Context: Sleeps, without a limit.
 * Return: the page, never NULL.
 */
struct page *ssi_alloc_page_wait(struct mem_cgroup *payer, gfp_t gfp);

/**
 * ssi_alloc_zeroed_for() - kzalloc() that charges a memory cgroup
 * @payer: as for ssi_alloc_page_for()
 * @size: in bytes
 * @gfp: flags; the OOM killer is not called
 *
 * Context: As @gfp allows.
 * Return: the memory, or NULL if there is none.
 */
void *ssi_alloc_zeroed_for(struct mem_cgroup *payer, size_t size, gfp_t gfp);

/**
 * ssi_alloc_pause() - sleep for a moment before another try
 *
 * Context: Sleeps.
 * Return: 0, or -EINTR if the calling task is being killed.
 */
int ssi_alloc_pause(void);

#endif /* _SSI_ALLOC_H */
