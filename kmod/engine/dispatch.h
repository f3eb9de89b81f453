/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch of received messages: validate, look up the region, pass on. */
#ifndef _SSI_DISPATCH_H
#define _SSI_DISPATCH_H

struct ssi_link_client;
struct ssi_region;

/* The callbacks that links use. */
extern const struct ssi_link_client ssi_dispatch_client;

/**
 * ssi_dispatch_purge() - discard all messages and requests of a region
 * @region: the region; it is LOST, and the caller has waited for the
 *	BH-disabled sections that may still have seen another state
 *
 * Context: process, sleeps.
 */
void ssi_dispatch_purge(struct ssi_region *region);

#endif /* _SSI_DISPATCH_H */
