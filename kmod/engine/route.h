/* SPDX-License-Identifier: GPL-2.0-only */
/* Route: messages for homes that have moved, or that have not arrived yet. */
#ifndef _SSI_ROUTE_H
#define _SSI_ROUTE_H

#include <linux/types.h>
#include "memory/region.h"
#include "net/transport.h"

struct list_head;

/**
 * ssi_route_newer() - compare versions of a home, which wrap around
 * @version: the version
 * @than: another one
 *
 * Context: any.
 * Return: whether @version is newer.
 */
static inline bool ssi_route_newer(u32 version, u32 than)
{
	return (s32)(version - than) > 0;
}

/**
 * ssi_route_same_block() - whether a message is about a page of a block
 * @rx: the message
 * @index: a page of the block
 *
 * Context: any.
 */
static inline bool ssi_route_same_block(const struct ssi_rx *rx, u64 index)
{
	return rx->msg.index >> SSI_BLOCK_SHIFT == index >> SSI_BLOCK_SHIFT;
}

/**
 * ssi_route_redirect() - deal with a message for a home that is not here
 * @region: the region
 * @rx: GETS, GETX, UPGRADE, UNBLOCK or MOVE; consumed unless this node is the
 *	home of its page
 *
 * The message goes on to the home, or is kept until the home has arrived here.
 *
 * Context: BH disabled, no bucket lock held.
 * Return: false if this node is the home.
 */
bool ssi_route_redirect(struct ssi_region *region, struct ssi_rx *rx);

/**
 * ssi_route_pass_on() - send a message on to another node
 * @region: the region
 * @rx: the message; consumed
 * @home: the node
 * @version: its version as the home
 *
 * Context: BH disabled, no bucket lock held.
 */
void ssi_route_pass_on(struct ssi_region *region, struct ssi_rx *rx, u32 home,
		       u32 version);

/**
 * ssi_route_keep() - keep a message until a home arrives here
 * @region: the region
 * @rx: the message; consumed if it is kept
 * @list: region->move.early or region->move.arriving
 *
 * Context: BH disabled, no bucket lock held.
 * Return: whether it is kept.
 */
bool ssi_route_keep(struct ssi_region *region, struct ssi_rx *rx,
		    struct list_head *list);

/**
 * ssi_route_add_job() - have a home given or taken
 * @region: the region
 * @rx: MOVE, or HOME; consumed if it is added
 *
 * Context: region->move.lock held.
 * Return: false if the region is LOST.
 */
bool ssi_route_add_job(struct ssi_region *region, struct ssi_rx *rx);

#endif /* _SSI_ROUTE_H */
