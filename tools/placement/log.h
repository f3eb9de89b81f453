/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of the planner: a line of JSON for each period, with all that the planner knew
 * and what it decided. placement.rst has the format.
 */
#ifndef PLACEMENT_LOG_H
#define PLACEMENT_LOG_H

#include <jansson.h>

#include "planner.h"

#define PLACEMENT_LOG_VERSION	1

/* The first line of a log: { version, cluster, rules }. */
json_t *placement_log_head(const char *cluster, const struct planner_rules *rules);

/* Read it. Return: 0, or -1 if it is not one, of another version, or impossible. */
int placement_log_read_head(const json_t *head, struct planner_rules *rules);

/* { seconds, nodes, cpus, touches } */
json_t *placement_log_snapshot(const struct planner_snapshot *snapshot);

/* [ { kind, object, from, to, gain, loss, back, why } ] */
json_t *placement_log_decisions(const struct planner_decision *decisions, int count);

/* A snapshot that was read, with the arrays that it refers to. */
struct placement_record {
	struct planner_snapshot snapshot;
	struct planner_node nodes[PLANNER_NODES];
	struct planner_cpu cpus[PLANNER_CPUS];
	struct planner_touch *touches;
};

/* Return: to be freed with placement_record_free(), or NULL if it is not a snapshot. */
struct placement_record *placement_record_read(const json_t *line);

void placement_record_free(struct placement_record *record);

#endif /* PLACEMENT_LOG_H */
