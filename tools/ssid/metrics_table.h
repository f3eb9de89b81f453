/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metrics while they are collected.
 *
 * The format has all samples of a metric together, and the sources have all numbers
 * of an object together. So each metric is a text that grows by a sample with each
 * object, and the texts are joined at the end.
 */
#ifndef SSID_METRICS_TABLE_H
#define SSID_METRICS_TABLE_H

#include <stdio.h>

/* What a metric is of, and so which labels it has. */
enum metric_source {
	METRIC_HOST,		/* none */
	METRIC_CLUSTER,		/* cluster, health */
	METRIC_NODE,		/* cluster, node, state */
	METRIC_CLOCK,		/* cluster, node */
	METRIC_LINK,		/* cluster, node, peer */
	METRIC_REGION,		/* cluster, node, region */
	METRIC_COUNTS,		/* cluster, node, region */
	METRIC_FAULTS,		/* cluster, node, region, class; a histogram */
	METRIC_PLACEMENT,	/* kind, or mode */
};

/**
 * struct metric - one metric
 * @source: what it is of
 * @name: its name
 * @type: "gauge", "counter" or "histogram"
 * @help: what it is
 * @id: which of its source: an attribute of netlink, or enum metric_id
 */
struct metric {
	enum metric_source source;
	const char *name;
	const char *type;
	const char *help;
	unsigned int id;
};

/* Those that are no attributes. */
enum metric_id {
	METRIC_MODULE_LOADED,
	METRIC_MEMORY,
	METRIC_MEMORY_AVAILABLE,
	METRIC_SKEW,
	METRIC_SKEW_ERROR,
	METRIC_REMOTE,
	METRIC_ACCESSES,
	METRIC_GUEST_TIME,
	METRIC_PLACEMENT_MODE,
	METRIC_PLACEMENT_DECIDED,
	METRIC_PLACEMENT_DONE,
	METRIC_PLACEMENT_FAILED,
};

#define METRICS_MAX	48

/* The samples of each metric so far. */
struct metrics {
	FILE *files[METRICS_MAX];
	char *texts[METRICS_MAX];
	size_t sizes[METRICS_MAX];
};

/* Ends with an entry without name. */
extern const struct metric metrics_table[];

/* A label's value; a cluster's name may have every character. */
void metrics_print_label(FILE *file, const char *name, const char *value);

/* Take the samples of a source. */
void metrics_take_module(struct metrics *metrics);
void metrics_take_cluster(struct metrics *metrics);
void metrics_take_host(struct metrics *metrics);
void metrics_take_placement(struct metrics *metrics);

#endif /* SSID_METRICS_TABLE_H */
