// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The last minutes of this host's nodes.
 *
 * Each sample is the difference of two readings of what the module counts.
 */
#include "history.h"

#include <linux/netlink.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../acpi/layout.h"
#include "../../lib/genl.h"
#include "../../lib/histogram.h"
#include "../counts.h"
#include "../hot_pages.h"
#include "../names.h"

#define PAGE_SHIFT	12
#define KEPT	300	/* samples: ten minutes */

/* What is counted of a node at a time. */
struct reading {
	struct counts counts;
	uint64_t rx, tx;
	double at;	/* s of the monotonic clock; 0: none */
};

/* Only the observer's thread uses it. */
static struct reading *history_last[SSI_DSM_MAX_NODES];

/* Protects what follows. */
static pthread_mutex_t history_mutex = PTHREAD_MUTEX_INITIALIZER;
static json_t *history_samples[SSI_DSM_MAX_NODES];
static json_t *history_classes[SSI_DSM_MAX_NODES];	/* of the newest */

static double clock_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- readings ---- */

static void take_counts(const struct genl_reply *reply, void *arg)
{
	struct reading **readings = arg;
	uint32_t node = genl_u32(reply, SSI_DSM_A_NODE_ID);
	struct reading *reading;

	if (node >= SSI_DSM_MAX_NODES || readings[node])
		return;
	reading = calloc(1, sizeof(*reading));
	if (reading && counts_read(reply, &reading->counts)) {
		free(reading);
		reading = NULL;
	}
	if (reading)
		reading->at = clock_s(CLOCK_MONOTONIC);
	readings[node] = reading;
}

static void take_link(const struct genl_reply *reply, void *arg)
{
	struct reading **readings = arg;
	uint32_t node = genl_u32(reply, SSI_DSM_A_NODE_ID);

	if (node >= SSI_DSM_MAX_NODES || !readings[node] ||
	    strcmp(readings[node]->counts.cluster,
		   genl_string(reply, SSI_DSM_A_CLUSTER)))
		return;
	readings[node]->rx += genl_u64(reply, SSI_DSM_A_RX_BYTES);
	readings[node]->tx += genl_u64(reply, SSI_DSM_A_TX_BYTES);
}

static void read_all(struct reading **readings)
{
	struct genl genl;

	if (!genl_open(&genl)) {
		genl_dump(&genl, SSI_DSM_CMD_STATS_GET, take_counts, readings);
		genl_dump(&genl, SSI_DSM_CMD_PEER_GET, take_link, readings);
	}
	genl_close(&genl);
}

/* ---- samples ---- */

static void add_remote(const struct counts *counts, enum ssi_dsm_class class,
		       uint64_t *buckets)
{
	for (int i = 0; i < SSI_DSM_BUCKETS; i++)
		buckets[i] += counts->classes[class].buckets[i];
}

static double in_us(uint64_t ns)
{
	return (double)ns / 1e3;
}

/* @now has the difference. */
static json_t *make_sample(const struct counts *counts, double seconds,
			   uint64_t rx, uint64_t tx)
{
	const struct counts_class *classes = counts->classes;
	uint64_t buckets[SSI_DSM_BUCKETS] = { 0 };

	add_remote(counts, SSI_DSM_CLASS_READ_REMOTE, buckets);
	add_remote(counts, SSI_DSM_CLASS_WRITE_REMOTE, buckets);
	add_remote(counts, SSI_DSM_CLASS_UPGRADE, buckets);
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}",
			 "time", clock_s(CLOCK_REALTIME), "seconds", seconds,
			 "local", (double)classes[SSI_DSM_CLASS_LOCAL].count / seconds,
			 "first_touch", (double)classes[SSI_DSM_CLASS_FIRST_TOUCH].count / seconds,
			 "remote", (double)counts_remote(counts) / seconds,
			 "p50_us", in_us(histogram_percentile(buckets, 500)),
			 "p99_us", in_us(histogram_percentile(buckets, 990)),
			 "miss_ratio", counts_miss_ratio(counts),
			 "guest_cpus", (double)counts->guest_ns / 1e9 / seconds,
			 "rx_bytes", (double)rx / seconds,
			 "tx_bytes", (double)tx / seconds);
}

static json_t *make_class(unsigned int number, const struct counts_class *class)
{
	json_t *buckets = json_array();

	for (int i = 0; i < SSI_DSM_BUCKETS; i++)
		json_array_append_new(buckets, json_integer(class->buckets[i]));
	return json_pack("{s:s, s:I, s:o}", "class", name_class(number), "count",
			 (json_int_t)class->count, "buckets", buckets);
}

static json_t *make_classes(const struct counts *counts)
{
	json_t *classes = json_array();

	for (int c = 0; c < __SSI_DSM_CLASS_MAX; c++)
		if (counts->classes[c].count)
			json_array_append_new(classes, make_class(c, &counts->classes[c]));
	return classes;
}

static void keep(unsigned int node, json_t *sample, json_t *classes)
{
	pthread_mutex_lock(&history_mutex);
	json_decref(history_classes[node]);
	history_classes[node] = classes;
	if (!history_samples[node])
		history_samples[node] = json_array();
	json_array_append_new(history_samples[node], sample);
	if (json_array_size(history_samples[node]) > KEPT)
		json_array_remove(history_samples[node], 0);
	pthread_mutex_unlock(&history_mutex);
}

/* A node that has ended has no past any more. */
static void forget(unsigned int node)
{
	pthread_mutex_lock(&history_mutex);
	json_decref(history_samples[node]);
	json_decref(history_classes[node]);
	history_samples[node] = history_classes[node] = NULL;
	pthread_mutex_unlock(&history_mutex);
}

static void compare(unsigned int node, const struct reading *before,
		    const struct reading *now)
{
	struct counts difference = now->counts;

	if (now->at <= before->at || now->rx < before->rx || now->tx < before->tx)
		return;
	counts_subtract(&difference, &before->counts);
	keep(node, make_sample(&difference, now->at - before->at,
			       now->rx - before->rx, now->tx - before->tx),
	     make_classes(&difference));
}

void history_sample(void)
{
	struct reading *now[SSI_DSM_MAX_NODES] = { NULL };

	read_all(now);
	for (unsigned int node = 0; node < SSI_DSM_MAX_NODES; node++) {
		if (now[node] && history_last[node])
			compare(node, history_last[node], now[node]);
		else if (!now[node] && history_last[node])
			forget(node);
		free(history_last[node]);
		history_last[node] = now[node];
	}
}

/* ---- the view ---- */

struct pages {
	uint32_t node;
	json_t *list;
};

static json_t *make_page(const struct hot_page *page)
{
	json_t *nodes = json_array();

	for (int n = 0; n < SSI_DSM_MAX_NODES; n++)
		if (page->nodes & UINT32_C(1) << n)
			json_array_append_new(nodes, json_integer(n));
	return json_pack("{s:I, s:I, s:o}", "address",
			 (json_int_t)ssi_layout_address(page->index << PAGE_SHIFT),
			 "moves", (json_int_t)page->moves, "nodes", nodes);
}

static void take_pages(const struct genl_reply *reply, void *arg)
{
	struct hot_page hot[HOT_PAGES_MAX];
	struct pages *pages = arg;
	size_t i, count = hot_pages_read(reply, hot);

	for (i = 0; i < count && genl_u32(reply, SSI_DSM_A_NODE_ID) == pages->node; i++)
		json_array_append_new(pages->list, make_page(&hot[i]));
}

static json_t *view_pages(unsigned int node)
{
	struct pages pages = { node, json_array() };
	struct genl genl;

	if (!genl_open(&genl))
		genl_dump(&genl, SSI_DSM_CMD_PAGE_GET, take_pages, &pages);
	genl_close(&genl);
	return pages.list;
}

json_t *history_view(unsigned int node)
{
	json_t *view = json_pack("{s:i, s:[], s:[], s:o}", "node", (int)node,
				 "samples", "classes", "pages", view_pages(node));

	pthread_mutex_lock(&history_mutex);
	if (history_classes[node])
		json_object_set(view, "classes", history_classes[node]);
	if (history_samples[node])
		json_array_extend(json_object_get(view, "samples"),
				  history_samples[node]);
	pthread_mutex_unlock(&history_mutex);
	return view;
}
