/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chance: everything that is drawn, from a run's seed.
 */
#ifndef SIM_CHANCE_H
#define SIM_CHANCE_H

#include "sim.h"

/* Draws the run's settings, too. */
void chance_begin(u64 seed);

/* Two runs that drew the same have the same. */
u64 chance_state(void);

#endif /* SIM_CHANCE_H */
