// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics of the cluster, as this host sees it, and of the host.
 *
 * A scrape must not wait for hosts that do not answer: so these are of the observer's
 * last look, some seconds ago.
 */
#include <stdbool.h>
#include <string.h>

#include "../../lib/member.h"
#include "metrics_table.h"
#include "observer.h"
#include "placement.h"

/* One sample for each word; the one that is true has the value 1. */
static void print_words(FILE *file, const char *key, const char *const *words,
			const char *labels, const char *name, const char *is)
{
	for (int i = 0; words[i]; i++)
		fprintf(file, "%s{%s,%s=\"%s\"} %d\n", name, labels, key,
			words[i], !strcmp(words[i], is));
}

static void print_labels(char *labels, size_t size, const char *cluster,
			 const json_t *node)
{
	FILE *file = fmemopen(labels, size, "w");

	if (!file)
		return;
	metrics_print_label(file, "cluster", cluster);
	if (node)
		fprintf(file, ",node=\"%d\"",
			(int)member_number(node, "id"));
	fclose(file);
}

static void print_skew(FILE *file, const struct metric *metric,
		       const char *labels, const json_t *node)
{
	json_t *skew = json_object_get(node, "skew");
	const char *key = metric->id == METRIC_SKEW ? "seconds" : "error";

	if (skew)
		fprintf(file, "%s{%s} %.6f\n", metric->name, labels,
			json_number_value(json_object_get(skew, key)));
}

static void take_node(FILE *file, const struct metric *metric,
		      const char *cluster, const json_t *node)
{
	static const char *const states[] = {
		"none", "starting", "running", "ending", "ended", "unknown", NULL,
	};
	char labels[320] = "";

	print_labels(labels, sizeof(labels), cluster, node);
	if (metric->source == METRIC_NODE)
		print_words(file, "state", states, labels, metric->name,
			    member_text(node, "state"));
	else
		print_skew(file, metric, labels, node);
}

static void take_metric(FILE *file, const struct metric *metric,
			const json_t *view)
{
	static const char *const words[] = {
		"ok", "degraded", "lost", "split", "stopped", NULL,
	};
	const char *cluster = member_text(view, "cluster");
	char labels[320] = "";
	json_t *node;
	size_t i;

	if (metric->source == METRIC_CLUSTER) {
		print_labels(labels, sizeof(labels), cluster, NULL);
		print_words(file, "health", words, labels, metric->name,
			    member_text(view, "health"));
	} else if (metric->source == METRIC_NODE ||
		   metric->source == METRIC_CLOCK) {
		json_array_foreach(json_object_get(view, "nodes"), i, node)
			take_node(file, metric, cluster, node);
	}
}

void metrics_take_cluster(struct metrics *metrics)
{
	json_t *view = observer_view();
	bool has = json_object_get(view, "cluster");

	for (size_t i = 0; has && metrics_table[i].name; i++)
		take_metric(metrics->files[i], &metrics_table[i], view);
	json_decref(view);
}

/* ---- placement, on the host that leads it ---- */

static void print_decided(FILE *file, const char *name, const json_t *view)
{
	const char *kind;
	json_t *count;

	json_object_foreach(json_object_get(view, "decided"), kind, count)
		fprintf(file, "%s{kind=\"%s\"} %lld\n", name, kind,
			(long long)json_integer_value(count));
}

static void print_mode(FILE *file, const char *name, const json_t *view)
{
	static const char *const modes[] = { "off", "advise", "on" };

	for (int i = 0; i < 3; i++)
		fprintf(file, "%s{mode=\"%s\"} %d\n", name, modes[i],
			!strcmp(modes[i], member_text(view, "mode")));
}

void metrics_take_placement(struct metrics *metrics)
{
	struct failure ignored;
	json_t *view = placement_view(false, &ignored);

	for (size_t i = 0; view && metrics_table[i].name; i++) {
		const struct metric *metric = &metrics_table[i];
		FILE *file = metrics->files[i];

		if (metric->source != METRIC_PLACEMENT)
			continue;
		if (metric->id == METRIC_PLACEMENT_MODE)
			print_mode(file, metric->name, view);
		else if (metric->id == METRIC_PLACEMENT_DECIDED)
			print_decided(file, metric->name, view);
		else
			fprintf(file, "%s %lld\n", metric->name,
				(long long)member_number(view, metric->id == METRIC_PLACEMENT_DONE ?
							 "done" : "failed"));
	}
	json_decref(view);
}

/* ---- the host ---- */

static unsigned long long read_memory(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) &&
		    sscanf(line + strlen(key), ": %llu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * 1024;
}

void metrics_take_host(struct metrics *metrics)
{
	for (size_t i = 0; metrics_table[i].name; i++) {
		const struct metric *metric = &metrics_table[i];

		if (metric->source == METRIC_HOST &&
		    metric->id != METRIC_MODULE_LOADED)
			fprintf(metrics->files[i], "%s %llu\n", metric->name,
				read_memory(metric->id == METRIC_MEMORY ?
					    "MemTotal" : "MemAvailable"));
	}
}
