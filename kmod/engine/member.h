/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Members: how the nodes of a region meet, and what the loss of one means.
 */
#ifndef _SSI_MEMBER_H
#define _SSI_MEMBER_H

#include <linux/types.h>

struct ssi_link;
struct ssi_peer;
struct ssi_region;
struct ssi_rx;
struct work_struct;

/**
 * struct ssi_member_events - listeners for new states
 * @peer: a peer's link is in another state
 * @region: a region is in another state
 *
 * Both are called in process context, without locks, and may sleep.
 */
struct ssi_member_events {
	void (*peer)(struct ssi_peer *peer);
	void (*region)(struct ssi_region *region);
};

/* @member_events: who is told, for as long as the module is loaded. */
void ssi_member_init(const struct ssi_member_events *member_events);

/* A region was made: tell its members, hear what they told before. May sleep. */
void ssi_member_meet(struct ssi_region *region);

/* If @region is LOST, tell its members, once, whatever the reason. May sleep. */
void ssi_member_tell_loss(struct ssi_region *region);

/* region->changed: tell members and listeners of a new state. */
void ssi_member_region_changed(struct work_struct *work);

/* Every region of the node that has @peer as a member is LOST. Any context. */
void ssi_member_lose_peer(struct ssi_peer *peer, const char *reason);

/* link->changed: @link is in another state. Process context. */
void ssi_member_link_changed(struct ssi_link *link);

/*
 * Region @id of the peer's node, with a reference; NULL if there is none or if
 * @peer is no member of it. BH disabled or process context.
 */
struct ssi_region *ssi_member_region(struct ssi_peer *peer, u32 id);

/* REGION, LEAVE came. Take @rx. BH disabled or process context. */
void ssi_member_recv_region(struct ssi_peer *peer, struct ssi_rx *rx);
void ssi_member_recv_leave(struct ssi_peer *peer, struct ssi_rx *rx);

#endif /* _SSI_MEMBER_H */
