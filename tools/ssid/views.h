/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How each node of the cluster does, wherever it is. */
#ifndef SSID_VIEWS_H
#define SSID_VIEWS_H

#include <jansson.h>

/*
 * Ask all hosts of a plan at the same time. Return: an array in the order of the plan's
 * nodes, of what nodes_view() returns, with address, cpus and memory; the state of a
 * node that cannot be asked is "unknown", and "reason" tells why.
 */
json_t *views_of(const json_t *plan);

#endif /* SSID_VIEWS_H */
