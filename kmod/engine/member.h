/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Members: how the nodes of a region join, and what happens when one is lost.
 */
#ifndef _SSI_MEMBER_H
#define _SSI_MEMBER_H

#include <linux/types.h>

struct ssi_link;
struct ssi_msg;
struct ssi_peer;
struct ssi_region;
struct ssi_rx;
struct work_struct;

/**
 * struct ssi_member_events - callbacks for state changes
 * @peer: the state of a peer's link has changed
 * @region: the state of a region has changed
 * @connect: user space must make a connection to a peer
 *
 * All are called in process context, without locks, and may sleep.
 */
struct ssi_member_events {
	void (*peer)(struct ssi_peer *peer);
	void (*region)(struct ssi_region *region);
	void (*connect)(struct ssi_peer *peer);
};

/**
 * ssi_member_init() - set the callbacks for state changes
 * @member_events: must stay valid as long as the module is loaded
 *
 * Context: process, when the module is loaded.
 */
void ssi_member_init(const struct ssi_member_events *member_events);

/**
 * ssi_member_meet() - announce a new region to its members
 * @region: the region
 *
 * A member that has announced its instance already is told that this node knows
 * it; see member.c.
 *
 * Context: process, may sleep.
 */
void ssi_member_meet(struct ssi_region *region);

/**
 * ssi_member_tell_loss() - tell the members that a region is lost
 * @region: the region; does nothing unless it is LOST, and sends only once
 *
 * Context: process, may sleep.
 */
void ssi_member_tell_loss(struct ssi_region *region);

/**
 * ssi_member_region_changed() - tell members and listeners of a new state
 * @work: region->changed; its reference to the region is put
 *
 * Context: process.
 */
void ssi_member_region_changed(struct work_struct *work);

/**
 * ssi_member_lose_peer() - lose every region that has a peer as a member
 * @peer: the peer
 * @reason: why the peer is lost, for the reason of the regions
 *
 * Context: BH disabled or process context, node->lock not held.
 */
void ssi_member_lose_peer(struct ssi_peer *peer, const char *reason);

/**
 * ssi_member_link_changed() - the state of a link has changed
 * @link: the link
 *
 * Context: process; called by the work link->changed.
 */
void ssi_member_link_changed(struct ssi_link *link);

/**
 * ssi_member_link_wanted() - user space must make a connection for a link
 * @link: the link
 *
 * Context: process.
 */
void ssi_member_link_wanted(struct ssi_link *link);

/**
 * ssi_member_region() - look up a region that a peer is a member of
 * @peer: the peer
 * @id: region id
 *
 * Context: BH disabled or process context.
 * Return: the region with a reference; NULL if the peer's node has no such
 * region, or if @peer is not a member of it.
 */
struct ssi_region *ssi_member_region(struct ssi_peer *peer, u32 id);

/**
 * ssi_member_life() - the life of a member's instance that has joined a region
 * @region: the region
 * @id: node id, below SSI_DSM_MAX_NODES
 *
 * Context: any.
 * Return: the life, which is not 0; or 0 if the node has not joined.
 */
u32 ssi_member_life(const struct ssi_region *region, u32 id);

/**
 * ssi_member_is_current() - whether a message is for this life of a region
 * @region: this node's instance of the region of the message
 * @msg: the message; neither REGION nor LEAVE
 *
 * Context: any.
 * Return: false if the message is for an earlier life, or if its sender has not
 * joined the region. It must be dropped then.
 */
bool ssi_member_is_current(const struct ssi_region *region,
			   const struct ssi_msg *msg);

/**
 * ssi_member_recv_region() - a REGION came
 * @peer: the sender
 * @rx: the message; consumed
 *
 * Context: BH disabled or process context.
 */
void ssi_member_recv_region(struct ssi_peer *peer, struct ssi_rx *rx);

/**
 * ssi_member_recv_leave() - a LEAVE came
 * @peer: the sender
 * @rx: the message; consumed, with its reference to the region
 *
 * Context: BH disabled or process context.
 */
void ssi_member_recv_leave(struct ssi_peer *peer, struct ssi_rx *rx);

#endif /* _SSI_MEMBER_H */
