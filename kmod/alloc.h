/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that a region depends on: who waits for them, and how they fail
 * for tests.
 */
#ifndef _SSI_ALLOC_H
#define _SSI_ALLOC_H

#include <linux/gfp.h>
#include <linux/types.h>

struct page;

/* @gfp for those who wait and try again, if they may: nobody is killed for it. */
static inline gfp_t ssi_alloc_gfp(gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) ?
	       gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN : gfp;
}

/* What is allocated; see the module parameter fail_nth. */
enum ssi_alloc_class {
	SSI_ALLOC_PAGE,		/* data of a page */
	SSI_ALLOC_BLOCK,	/* entries of a block of pages */
	SSI_ALLOC_REQUEST,	/* a page that is asked for */
	SSI_ALLOC_MESSAGE,	/* a message that came, or to ourselves */
	SSI_ALLOC_FOLIO,	/* a 2 MiB folio */
	SSI_ALLOC_CLASSES,
};

/* Whether this allocation has to fail, for a test. Any context. */
bool ssi_alloc_fails(enum ssi_alloc_class class);

/*
 * Of class SSI_ALLOC_PAGE; NULL if there is none. Context as @gfp says. Nobody is
 * killed for it.
 */
struct page *ssi_alloc_page(gfp_t gfp);

/* The same, however long it takes. Sleeps. */
struct page *ssi_alloc_page_wait(gfp_t gfp);

/* A moment, before another try. 0, or -EINTR when the caller is being killed. */
int ssi_alloc_pause(void);

#endif /* _SSI_ALLOC_H */
