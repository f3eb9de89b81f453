/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requester: pages that this node wants.
 */
#ifndef _SSI_REQUEST_H
#define _SSI_REQUEST_H

#include <linux/types.h>

struct page;
struct ssi_bucket;
struct ssi_region;
struct ssi_rx;

/*
 * A local load or store (@event is SSI_EV_LOAD or SSI_EV_STORE) of page @index.
 *
 * Return: 0 and the page with a reference in @page; it may be mapped only after
 * ssi_request_still() says so under the page lock. -EAGAIN when it is on its
 * way: ssi_request_wait(), and again. -EIO when it can never come, -ENOMEM.
 * Process context.
 */
int ssi_request_access(struct ssi_region *region, u64 index, u32 event,
		       struct page **page);

/* Is @page, which is locked, still the data of @index, and @event allowed? */
bool ssi_request_still(struct ssi_region *region, u64 index, u32 event,
		       struct page *page);

/*
 * Wait until @event is worth another try. 0, or -EINTR when the caller is
 * being killed. May sleep.
 */
int ssi_request_wait(struct ssi_region *region, u64 index, u32 event);

/* Is there a request with @token? Then for page @index. Any context but irqs. */
bool ssi_request_find(struct ssi_region *region, u32 token, u64 *index);

/*
 * PUT came: the owner lacks memory for page @index, whose home is here. It is
 * only a wish, and forgotten if there is no memory to follow it. BH disabled.
 */
void ssi_request_take_home(struct ssi_region *region, u64 index);

/* DATAS, DATAX, GRANT, ZERO or ACK came. Takes @rx. BH disabled. */
void ssi_request_recv(struct ssi_region *region, struct ssi_rx *rx);

/* The region is lost or goes: drop the requests. Bucket lock held. */
void ssi_request_purge(struct ssi_bucket *bucket);

int ssi_request_init(void);
void ssi_request_exit(void);

#endif /* _SSI_REQUEST_H */
