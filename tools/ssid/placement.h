/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Placement: ssid of the cluster's first node asks all nodes what they have counted, lets
 * the planner decide, logs that, and carries it out if it is to. See placement.rst.
 */
#ifndef SSID_PLACEMENT_H
#define SSID_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "rest.h"

/* Start the thread; ends the process if that is not possible. */
void placement_start(void);

/**
 * placement_view() - what is decided
 * @further: ask ssid of another host if this one does not lead
 * @failure: out
 *
 * Return: { mode, leader, periods, decided: { home, cpu, replicate, hold, nothing }, done,
 *	failed, error?, last: [ decisions, the newest last ] }, or NULL.
 */
json_t *placement_view(bool further, struct failure *failure);

/**
 * placement_set() - change the mode until the file of the cluster changes it
 * @mode: "off", "advise" or "on"
 * @further: ask ssid of another host if this one does not lead
 * @failure: out
 *
 * Return: 0 or -1.
 */
int placement_set(const char *mode, bool further, struct failure *failure);

/* Set the hold window of a node of this host: in us, 0: the module decides. */
int placement_hold(unsigned int id, uint64_t us, struct failure *failure);

#endif /* SSID_PLACEMENT_H */
