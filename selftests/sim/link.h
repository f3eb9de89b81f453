/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport: links in which messages wait until chance delivers them.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "protocol/wire.h"
#include "sim.h"

/* Links with messages, and delivering one of the @number-th. */
u32 links_ready(void);
void link_run(u32 number);

/* Node @id vanishes: nothing it sends or gets arrives any more. */
void links_vanish(u32 id);

/* Nothing arrives at node @id any more; what it sends does. */
void links_deafen(u32 id);

/* The next @count messages of node @id are not what they should be. */
void links_corrupt(u32 id, u32 count);

/*
 * Node @from sends @wire, with @len bytes of @page if that is not NULL, to node @to,
 * whatever its engine knows of that. The reference to @page goes with it.
 */
void links_inject(u32 from, u32 to, const struct ssi_wire *wire, struct page *page,
		  u32 len);

void links_show(void);

#endif /* SIM_LINK_H */
