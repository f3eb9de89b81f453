/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requester: pages that this node wants.
 */
#ifndef _SSI_REQUEST_H
#define _SSI_REQUEST_H

#include <linux/gfp.h>
#include <linux/types.h>
#include "protocol/coherence.h"

struct ssi_bucket;
struct ssi_msg;
struct ssi_region;
struct ssi_req;
struct ssi_rx;
struct ssi_slot;

/* NULL if there is no memory; context as @gfp allows. */
struct ssi_req *ssi_request_alloc(gfp_t gfp);

/* For one that was not opened. */
void ssi_request_free(struct ssi_req *req);

/*
 * Open @req for @slot, as the table's @step says: the page goes into the step's
 * state. @msg is what to send then. Bucket lock held.
 */
void ssi_request_open(const struct ssi_slot *slot, struct ssi_req *req,
		      struct ssi_step step, struct ssi_msg *msg);

/*
 * Send what ssi_request_open() made, to the page's home. @more: others follow,
 * and nobody waits for this one yet. BH disabled, bucket lock not held.
 */
void ssi_request_send(struct ssi_region *region, struct ssi_msg *msg,
		      bool more);

/*
 * Ask for page @index, which nobody waits for, if @event needs it asked for.
 * What cannot be allocated with @gfp is not asked for. @more: others follow.
 * Context as @gfp allows.
 */
void ssi_request_fetch(struct ssi_region *region, u64 index,
		       enum ssi_event event, gfp_t gfp, bool more);

/* Is there a request with @token? Then for page @index. Any context but irqs. */
bool ssi_request_find(struct ssi_region *region, u32 token, u64 *index);

/*
 * PUT came: the owner lacks memory for page @index, whose home is here. PUT is
 * only a hint, and ignored if there is no memory to follow it. BH disabled.
 */
void ssi_request_take_home(struct ssi_region *region, u64 index);

/* DATAS, DATAX, GRANT, ZERO or ACK came. Takes @rx. BH disabled. */
void ssi_request_recv(struct ssi_region *region, struct ssi_rx *rx);

/* The region is lost or goes: drop the requests. Bucket lock held. */
void ssi_request_purge(struct ssi_bucket *bucket);

int ssi_request_init(void);
void ssi_request_exit(void);

#endif /* _SSI_REQUEST_H */
