/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local loads and stores: look a page up, ask for it, wait for it.
 */
#ifndef _SSI_ACCESS_H
#define _SSI_ACCESS_H

#include <linux/types.h>

struct page;
struct ssi_region;

/*
 * A local load or store (@event is SSI_EV_LOAD or SSI_EV_STORE) of page @index.
 *
 * Return: 0 and the page with a reference in @page; it may be mapped only after
 * ssi_access_still() says so under the page lock. -EAGAIN when it is on its
 * way: ssi_access_wait(), and again. -EIO when it can never come, -ENOMEM.
 * Process context.
 */
int ssi_access_page(struct ssi_region *region, u64 index, u32 event,
		    struct page **page);

/* Is @page, which is locked, still the data of @index, and @event allowed? */
bool ssi_access_still(struct ssi_region *region, u64 index, u32 event,
		      struct page *page);

/*
 * Wait until @event is worth another try. 0, or -EINTR when the caller is
 * being killed. May sleep.
 */
int ssi_access_wait(struct ssi_region *region, u64 index, u32 event);

#endif /* _SSI_ACCESS_H */
