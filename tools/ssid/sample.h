/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A period of the whole guest for the planner, from what all nodes have counted.
 */
#ifndef SSID_SAMPLE_H
#define SSID_SAMPLE_H

#include "../placement/log.h"
#include "rest.h"

struct sample;

/* Return: a memory of the last counters, which are none yet, or NULL without memory. */
struct sample *sample_new(void);

void sample_free(struct sample *sample);

/**
 * sample_take() - ask all nodes
 * @sample: the counters of the last call are replaced
 * @plan: the cluster
 * @failure: out
 *
 * Return: what was counted since the last call, to be freed with placement_record_free().
 *	NULL without a failure (its @why is empty): this was the first call.
 */
struct placement_record *sample_take(struct sample *sample, const json_t *plan,
				     struct failure *failure);

#endif /* SSID_SAMPLE_H */
