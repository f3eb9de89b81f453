/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requester: pages that this node wants.
 */
#ifndef _SSI_REQUEST_H
#define _SSI_REQUEST_H

#include <linux/gfp.h>
#include <linux/types.h>

struct page;
struct ssi_bucket;
struct ssi_region;
struct ssi_req;
struct ssi_rx;

struct ssi_req *ssi_request_alloc(gfp_t gfp);
void ssi_request_free(struct ssi_req *req);
u32 ssi_request_token(const struct ssi_req *req);

/* Open a request for what the table says. Bucket lock held, BH disabled. */
void ssi_request_open(struct ssi_region *region, struct ssi_bucket *bucket,
		      struct ssi_req *req, u64 index, u32 action);

/*
 * BH disabled. @action: what the table said; see ssi_request_open(). @more:
 * others follow, and nobody waits for this one yet.
 */
void ssi_request_send(struct ssi_region *region, u64 index, u32 token,
		      u32 action, bool more);

/*
 * Ask for a page that nobody waits for, if @event needs it asked for. What
 * cannot be allocated with @gfp is not asked for. @more: others follow.
 */
void ssi_request_fetch(struct ssi_region *region, u64 index, u32 event,
		       gfp_t gfp, bool more);

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
