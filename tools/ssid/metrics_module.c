// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics of what the kernel module counts: links, regions, faults.
 */
#include <inttypes.h>
#include <stdbool.h>

#include "../../lib/genl.h"
#include "../../lib/histogram.h"
#include "../counts.h"
#include "../names.h"
#include "metrics_table.h"

/*
 * Two buckets for each power of two from 1 us on, of the module's four: a reader keeps
 * a series for each.
 */
#define FIRST_BUCKET	5
#define BUCKET_STEP	2

static void print_labels(FILE *file, const struct genl_reply *reply)
{
	metrics_print_label(file, "cluster", genl_string(reply, SSI_DSM_A_CLUSTER));
	fprintf(file, ",node=\"%u\"", genl_u32(reply, SSI_DSM_A_NODE_ID));
	if (reply->tb[SSI_DSM_A_PEER_ID])
		fprintf(file, ",peer=\"%u\"", genl_u32(reply, SSI_DSM_A_PEER_ID));
	if (reply->tb[SSI_DSM_A_REGION_ID])
		fprintf(file, ",region=\"%u\"",
			genl_u32(reply, SSI_DSM_A_REGION_ID));
}

static uint64_t value_of(uint32_t attr, const struct genl_reply *reply)
{
	switch (attr) {
	case SSI_DSM_A_LINK_STATE:
		return genl_u32(reply, attr) == SSI_DSM_LINK_UP;
	case SSI_DSM_A_REGION_STATE:
		return genl_u32(reply, attr) == SSI_DSM_REGION_READY;
	case SSI_DSM_A_QUEUED:
	case SSI_DSM_A_INTERRUPTIONS:
		return genl_u32(reply, attr);
	default:
		return genl_u64(reply, attr);
	}
}

static void take(struct metrics *metrics, enum metric_source source,
		 const struct genl_reply *reply)
{
	for (size_t i = 0; metrics_table[i].name; i++) {
		FILE *file = metrics->files[i];

		if (metrics_table[i].source != source)
			continue;
		fprintf(file, "%s{", metrics_table[i].name);
		print_labels(file, reply);
		fprintf(file, "} %" PRIu64 "\n",
			value_of(metrics_table[i].id, reply));
	}
}

static void take_link(const struct genl_reply *reply, void *arg)
{
	take(arg, METRIC_LINK, reply);
}

static void take_region(const struct genl_reply *reply, void *arg)
{
	take(arg, METRIC_REGION, reply);
}

/* ---- counts ---- */

static double count_of(unsigned int id, const struct counts *counts)
{
	switch (id) {
	case METRIC_REMOTE:
		return (double)counts_remote(counts);
	case METRIC_ACCESSES:
		return (double)counts_accesses(counts);
	default:
		return (double)counts->guest_ns / 1e9;
	}
}

static void print_bucket(FILE *file, const struct genl_reply *reply,
			 const char *class, const char *limit, uint64_t count)
{
	fprintf(file, "ssi_fault_duration_seconds_bucket{");
	print_labels(file, reply);
	fprintf(file, ",class=\"%s\",le=\"%s\"} %" PRIu64 "\n", class, limit,
		count);
}

static void print_total(FILE *file, const struct genl_reply *reply,
			const char *class, const char *what, const char *value)
{
	fprintf(file, "ssi_fault_duration_seconds_%s{", what);
	print_labels(file, reply);
	fprintf(file, ",class=\"%s\"} %s\n", class, value);
}

/* A reader needs sums that fit: so the count is that of the buckets. */
static void print_class(FILE *file, const struct genl_reply *reply,
			const char *name, const struct counts_class *class)
{
	uint64_t sum = 0;
	char text[32];

	for (unsigned int i = 0; i < SSI_DSM_BUCKETS; i++) {
		sum += class->buckets[i];
		if (i < FIRST_BUCKET || (i - FIRST_BUCKET) % BUCKET_STEP ||
		    i == SSI_DSM_BUCKETS - 1)
			continue;
		snprintf(text, sizeof(text), "%.9g",
			 (double)histogram_limit(i) / 1e9);
		print_bucket(file, reply, name, text, sum);
	}
	print_bucket(file, reply, name, "+Inf", sum);
	snprintf(text, sizeof(text), "%.9g", (double)class->sum_ns / 1e9);
	print_total(file, reply, name, "sum", text);
	snprintf(text, sizeof(text), "%" PRIu64, sum);
	print_total(file, reply, name, "count", text);
}

static void take_counts(const struct genl_reply *reply, void *arg)
{
	struct metrics *metrics = arg;
	struct counts counts;

	if (counts_read(reply, &counts))
		return;
	for (size_t i = 0; metrics_table[i].name; i++) {
		FILE *file = metrics->files[i];

		if (metrics_table[i].source == METRIC_COUNTS) {
			fprintf(file, "%s{", metrics_table[i].name);
			print_labels(file, reply);
			fprintf(file, "} %.15g\n",
				count_of(metrics_table[i].id, &counts));
		} else if (metrics_table[i].source == METRIC_FAULTS) {
			for (uint32_t c = 0; c < __SSI_DSM_CLASS_MAX; c++)
				print_class(file, reply, name_class(c),
					    &counts.classes[c]);
		}
	}
}

static void print_loaded(struct metrics *metrics, bool loaded)
{
	for (size_t i = 0; metrics_table[i].name; i++)
		if (metrics_table[i].source == METRIC_HOST &&
		    metrics_table[i].id == METRIC_MODULE_LOADED)
			fprintf(metrics->files[i], "%s %d\n",
				metrics_table[i].name, loaded);
}

void metrics_take_module(struct metrics *metrics)
{
	struct genl genl;
	bool loaded = !genl_open(&genl);

	print_loaded(metrics, loaded);
	if (loaded) {
		genl_dump(&genl, SSI_DSM_CMD_PEER_GET, take_link, metrics);
		genl_dump(&genl, SSI_DSM_CMD_REGION_GET, take_region, metrics);
		genl_dump(&genl, SSI_DSM_CMD_STATS_GET, take_counts, metrics);
	}
	genl_close(&genl);
}
