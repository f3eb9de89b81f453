/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One word for a whole cluster, from what all its nodes say.
 */
#ifndef SSID_HEALTH_H
#define SSID_HEALTH_H

#include <jansson.h>

/**
 * health_of() - judge a cluster
 * @views: what nodes_view() says of each node; of a node that could not be asked
 *	{ id, state: "unknown", reason }
 * @problems: an array that gets a sentence for each thing that is not right
 *
 * ok		every node runs, every link is up at both ends, the memory is ready
 * degraded	the guest runs, or starts, but something is not as it should be
 * split	nodes disagree: the guest runs on some and was never started or has
 *		ended well on others, or one end of a link is up and the other lost
 * lost		the guest, or a node of it, has failed
 * stopped	no node runs, and none has failed
 *
 * If several fit, it is the first of split, lost, degraded.
 *
 * Return: the word.
 */
const char *health_of(const json_t *views, json_t *problems);

#endif /* SSID_HEALTH_H */
