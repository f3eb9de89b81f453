/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport: links in which messages wait until chance delivers them.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "sim.h"

/* Links with messages, and delivering one of the @number-th. */
u32 links_ready(void);
void link_run(u32 number);

/* Node @id vanishes: nothing it sends or gets arrives any more. */
void links_vanish(u32 id);

/* The next @count messages of node @id are not what they should be. */
void links_corrupt(u32 id, u32 count);

void links_show(void);

#endif /* SIM_LINK_H */
