/* SPDX-License-Identifier: GPL-2.0-only */
/* Requester: pages that this node requests. */
#ifndef _SSI_REQUEST_H
#define _SSI_REQUEST_H

#include <linux/gfp.h>
#include <linux/types.h>
#include "protocol/coherence.h"

/*
 * Limits of this node's requests under way in a region: above the first, only
 * faults open more; above the second, faults wait, too. Its homes rely on the
 * second one: see home.h. The simulator has other limits, to reach them.
 */
#ifndef SSI_REQUESTS_MAX
#define SSI_REQUESTS_MAX	2048
#endif
#define SSI_FETCHES_MAX		(SSI_REQUESTS_MAX / 2)

struct ssi_bucket;
struct ssi_msg;
struct ssi_region;
struct ssi_req;
struct ssi_rx;
struct ssi_slot;

/**
 * ssi_request_alloc() - allocate a request for a fault
 * @region: the region
 * @event: SSI_EV_LOAD or SSI_EV_STORE: what the fault is for
 * @gfp: how to allocate
 *
 * Context: as @gfp allows.
 * Return: the request, or NULL if there is no memory, or if too many requests
 * are under way. Both pass.
 */
struct ssi_req *ssi_request_alloc(struct ssi_region *region,
				  enum ssi_event event, gfp_t gfp);

/**
 * ssi_request_free() - free a request that was not opened
 * @req: the request
 *
 * Context: any.
 */
void ssi_request_free(struct ssi_req *req);

/**
 * ssi_request_open() - open a request
 * @slot: the page; its state changes as @step says
 * @req: from ssi_request_alloc(); belongs to the bucket from now on
 * @step: from the table: GETS, GETX or UPGRADE
 * @msg: set to the message for ssi_request_send()
 *
 * Context: bucket lock held.
 */
void ssi_request_open(const struct ssi_slot *slot, struct ssi_req *req,
		      struct ssi_step step, struct ssi_msg *msg);

/**
 * ssi_request_send() - send the message of an opened request to the page's home
 * @region: the region
 * @msg: from ssi_request_open()
 * @more: other requests follow, and no task waits for this one yet, so it may
 *	be deferred
 *
 * Context: BH disabled, bucket lock not held.
 */
void ssi_request_send(struct ssi_region *region, struct ssi_msg *msg,
		      bool more);

/**
 * ssi_request_fetch() - request a page that no task waits for
 * @region: the region
 * @index: page index
 * @event: SSI_EV_LOAD or SSI_EV_STORE; if the page's state allows the event
 *	already, or if a request is under way, nothing is requested
 * @gfp: how to allocate; if there is no memory, or if many requests are under
 *	way, nothing is requested
 * @more: other requests follow, so this one may be deferred
 *
 * Context: as @gfp allows.
 */
void ssi_request_fetch(struct ssi_region *region, u64 index,
		       enum ssi_event event, gfp_t gfp, bool more);

/**
 * ssi_request_find() - find the page of a request by its token
 * @region: the region
 * @token: the token
 * @index: set to the index of the page, if a request has this token
 *
 * Context: any but hard interrupts.
 * Return: whether a request has this token.
 */
bool ssi_request_find(struct ssi_region *region, u32 token, u64 *index);

/**
 * ssi_request_take_home() - request a page after an eviction hint (PUT)
 * @region: the region
 * @index: page whose home is this node and whose owner is short of memory
 *
 * If there is no memory for the request, or if many requests are under way, the
 * hint is ignored.
 *
 * Context: BH disabled.
 */
void ssi_request_take_home(struct ssi_region *region, u64 index);

/**
 * ssi_request_recv() - a DATAS, DATAX, GRANT, ZERO or ACK came
 * @region: the region
 * @rx: the message; consumed
 *
 * Context: BH disabled, bucket lock not held.
 */
void ssi_request_recv(struct ssi_region *region, struct ssi_rx *rx);

/**
 * ssi_request_purge() - free all requests of a bucket
 * @bucket: of a region that is LOST
 *
 * Context: bucket lock held.
 */
void ssi_request_purge(struct ssi_bucket *bucket);

/**
 * ssi_request_init() - prepare for requests, when the module is loaded
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_request_init(void);

/**
 * ssi_request_exit() - undo ssi_request_init(), when the module is unloaded
 *
 * Context: process, may sleep; all requests are freed.
 */
void ssi_request_exit(void);

#endif /* _SSI_REQUEST_H */
