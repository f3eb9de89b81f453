/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Home: transactions of the pages whose directory is here.
 */
#ifndef _SSI_HOME_H
#define _SSI_HOME_H

struct list_head;
struct ssi_bucket;
struct ssi_region;
struct ssi_rx;

/* GETS, GETX or DONE came. Takes @rx. BH disabled. */
void ssi_home_recv(struct ssi_region *region, struct ssi_rx *rx);

/* The region is lost or goes: transactions go to @rxs. Bucket lock held. */
void ssi_home_purge(struct ssi_bucket *bucket, struct list_head *rxs);

#endif /* _SSI_HOME_H */
