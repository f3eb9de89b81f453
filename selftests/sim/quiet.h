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

/* Node @src has not made @region's home keep more requests than it may. */
void quiet_check_limit(const struct ssi_region *region, u32 src);

#endif /* SIM_QUIET_H */
