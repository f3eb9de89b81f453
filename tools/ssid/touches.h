/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one node of this host has counted for the planner.
 */
#ifndef SSID_TOUCHES_H
#define SSID_TOUCHES_H

#include "rest.h"

/**
 * touches_view() - the counters of a node
 * @id: of the node, which runs on this host
 * @failure: out
 *
 * Return: { clock, faults, fault_ns, slots, room, hold_us, cpus: [ { cpu, busy_ns } ],
 *	touches: [ [ block, APIC id, reads, writes, guesses, home ] ],
 *	served: [ [ APIC id, node, count ] ] }, or NULL. The APIC id is -1 for faults that
 *	are not of a CPU. The counts of "touches" and "served" fade (SSI_DSM_A_TOUCH).
 */
json_t *touches_view(unsigned int id, struct failure *failure);

#endif /* SSID_TOUCHES_H */
