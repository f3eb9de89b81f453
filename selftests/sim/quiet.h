/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold when nothing is under way.
 */
#ifndef SIM_QUIET_H
#define SIM_QUIET_H

#include "sim.h"

struct ssi_region;

/* No node was lost, and nobody has wanted anything for long. */
void quiet_check(struct ssi_region *const *regions);

/* @region's home keeps no more requests in the name of a node than it may. */
void quiet_check_limit(const struct ssi_region *region);

#endif /* SIM_QUIET_H */
