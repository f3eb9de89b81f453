/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cluster of a run: nodes, links, a region, and what befalls them.
 */
#ifndef SIM_CLUSTER_H
#define SIM_CLUSTER_H

#include "sim.h"

/* All of these are tasks. */

/* Nodes that know each other, a region that is ready, programs that run. */
void cluster_start(void);

/* Until nothing is under way any more. */
void cluster_settle(void);

/* All of it goes. */
void cluster_stop(void);

/* Something that must not matter to anybody. */
void cluster_disturb(void);

/*
 * A node lies, vanishes, leaves, is deleted, or loses its link to another. Or,
 * if sim.anew, all nodes make their regions anew.
 */
void cluster_lose_node(void);

/* Some node orders that the home of a block that programs use moves. */
void cluster_move_home(void);

/* Node sim.hostile sends what the input says, and vanishes. */
void cluster_lie(void);

/*
 * When the programs have ended: other programs in the regions that were, or are
 * now, made anew. Their memory is zero, and nothing has happened to it.
 */
void cluster_live_again(void);

bool cluster_is_lost(void);

#endif /* SIM_CLUSTER_H */
