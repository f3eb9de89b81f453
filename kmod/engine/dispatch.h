/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The door for received messages: validate, look up the region, hand on.
 */
#ifndef _SSI_DISPATCH_H
#define _SSI_DISPATCH_H

struct ssi_link_client;
struct ssi_region;

/* What links report to. */
extern const struct ssi_link_client ssi_dispatch_client;

/* The region is lost or goes: drop all that is under way. Sleeps. */
void ssi_dispatch_purge(struct ssi_region *region);

#endif /* _SSI_DISPATCH_H */
