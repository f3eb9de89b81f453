/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module counts of a region on a node: faults by class, and how long the
 * guest has run.
 */
#ifndef COUNTS_H
#define COUNTS_H

#include <stdint.h>

#include <linux/ssi_dsm.h>

#include "../lib/genl.h"

/**
 * struct counts_class - one class of faults or of protocol work
 * @count: events
 * @sum_ns: their time
 * @buckets: the events by time, see lib/histogram.h
 */
struct counts_class {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t buckets[SSI_DSM_BUCKETS];
};

/**
 * struct counts - a region on a node
 * @cluster: name of the cluster
 * @node: id of the node
 * @region: id of the region
 * @guest_ns: time that the guest's CPUs have run on the node
 * @classes: by enum ssi_dsm_class
 */
struct counts {
	char cluster[SSI_DSM_CLUSTER_LEN];
	uint32_t node;
	uint32_t region;
	uint64_t guest_ns;
	struct counts_class classes[__SSI_DSM_CLASS_MAX];
};

/* Take a reply to SSI_DSM_CMD_STATS_GET. Return: 0; -1 if its format is another one. */
int counts_read(const struct genl_reply *reply, struct counts *counts);

/* What was counted after @before; all of @counts if the module has counted anew. */
void counts_subtract(struct counts *counts, const struct counts *before);

/* Faults that waited for another node: read_remote, write_remote, upgrade. */
uint64_t counts_remote(const struct counts *counts);

/*
 * Accesses that could have been such faults, by estimate: the remote faults, and one
 * access to another page for each COUNTS_ACCESS_NS that the guest's CPUs have run.
 */
#define COUNTS_ACCESS_NS	1000
uint64_t counts_accesses(const struct counts *counts);

/* The ratio of both, the remote miss ratio: from 0 to 1. */
double counts_miss_ratio(const struct counts *counts);

#endif /* COUNTS_H */
