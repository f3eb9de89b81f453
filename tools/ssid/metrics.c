// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel module counts, as metrics for Prometheus (text format 0.0.4).
 *
 * The format has all samples of a metric together, and the module has all numbers
 * of a link or a region together. So each metric is a text that grows by a sample
 * with each link or region, and the texts are joined at the end.
 */
#include "metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>

#include "../../lib/genl.h"
#include "../../lib/name.h"
#include "../names.h"

/* Buckets with a limit below 1 us or above 17 s are joined with the next ones. */
#define FIRST_BUCKET	9
#define LAST_BUCKET	33

/* Where the samples of a metric come from. */
enum source { MODULE, LINK, REGION, FAULTS };

/**
 * struct metric - one metric
 * @source: what it is of
 * @name: its name
 * @type: "gauge", "counter" or "histogram"
 * @help: what it is
 * @attr: its value, of links and regions
 */
static const struct metric {
	enum source source;
	const char *name;
	const char *type;
	const char *help;
	uint32_t attr;
} metrics[] = {
	{ MODULE, "ssi_module_loaded", "gauge",
	  "Whether the module ssi_dsm answers.", 0 },
	{ LINK, "ssi_link_up", "gauge",
	  "Whether the link of a node to another one is up.",
	  SSI_DSM_A_LINK_STATE },
	{ LINK, "ssi_link_received_messages_total", "counter",
	  "Messages that came over the link.", SSI_DSM_A_RX_MSGS },
	{ LINK, "ssi_link_received_bytes_total", "counter",
	  "Bytes that came over the link.", SSI_DSM_A_RX_BYTES },
	{ LINK, "ssi_link_sent_messages_total", "counter",
	  "Messages that were sent over the link.", SSI_DSM_A_TX_MSGS },
	{ LINK, "ssi_link_sent_bytes_total", "counter",
	  "Bytes that were sent over the link.", SSI_DSM_A_TX_BYTES },
	{ REGION, "ssi_region_ready", "gauge",
	  "Whether the guest's memory is ready on the node.",
	  SSI_DSM_A_REGION_STATE },
	{ REGION, "ssi_region_size_bytes", "gauge",
	  "Size of the guest's memory, of all nodes together.",
	  SSI_DSM_A_SIZE },
	{ REGION, "ssi_region_shared_pages", "gauge",
	  "Pages that the node has read-only.", SSI_DSM_A_PAGES_SHARED },
	{ REGION, "ssi_region_exclusive_pages", "gauge",
	  "Pages that the node has writable.", SSI_DSM_A_PAGES_EXCLUSIVE },
	{ REGION, "ssi_region_cached_pages", "gauge",
	  "Pages on the node whose home is another node.",
	  SSI_DSM_A_PAGES_CACHED },
	{ REGION, "ssi_region_directory_pages", "gauge",
	  "Touched pages whose home is the node.", SSI_DSM_A_DIRECTORY_PAGES },
	{ REGION, "ssi_region_metadata_bytes", "gauge",
	  "Memory for page entries and directory entries.",
	  SSI_DSM_A_METADATA },
	{ REGION, "ssi_region_dropped_pages_total", "counter",
	  "Copies that the node has dropped to free memory.",
	  SSI_DSM_A_DROPPED },
	{ REGION, "ssi_region_eviction_hints_total", "counter",
	  "Eviction hints that the node has sent to homes.", SSI_DSM_A_PUT },
	{ REGION, "ssi_region_huge_blocks", "gauge",
	  "Blocks of 2 MiB that the node has as one folio.",
	  SSI_DSM_A_BLOCKS_HUGE },
	{ REGION, "ssi_region_split_blocks_total", "counter",
	  "Folios of 2 MiB that the node has split.",
	  SSI_DSM_A_BLOCKS_SPLIT },
	{ FAULTS, "ssi_fault_duration_seconds", "histogram",
	  "Time of faults and of protocol work, by class.", 0 },
};

#define METRICS	(sizeof(metrics) / sizeof(metrics[0]))

/* The samples of each metric so far. */
struct collector {
	FILE *files[METRICS];
	char *texts[METRICS];
	size_t sizes[METRICS];
};

/* ---- samples ---- */

/* The name of a cluster may have every character but control characters. */
static void print_escaped(FILE *file, const char *text)
{
	char printed[128];

	name_print(text, printed, sizeof(printed));
	for (const char *at = printed; *at; at++) {
		if (*at == '"' || *at == '\\')
			fputc('\\', file);
		fputc(*at, file);
	}
}

static void print_labels(FILE *file, const struct genl_reply *reply)
{
	fprintf(file, "cluster=\"");
	print_escaped(file, genl_string(reply, SSI_DSM_A_CLUSTER));
	fprintf(file, "\",node=\"%u\"", genl_u32(reply, SSI_DSM_A_NODE_ID));
	if (reply->tb[SSI_DSM_A_PEER_ID])
		fprintf(file, ",peer=\"%u\"", genl_u32(reply, SSI_DSM_A_PEER_ID));
	if (reply->tb[SSI_DSM_A_REGION_ID])
		fprintf(file, ",region=\"%u\"",
			genl_u32(reply, SSI_DSM_A_REGION_ID));
}

static uint64_t value_of(const struct metric *metric,
			 const struct genl_reply *reply)
{
	if (metric->attr == SSI_DSM_A_LINK_STATE)
		return genl_u32(reply, metric->attr) == SSI_DSM_LINK_UP;
	if (metric->attr == SSI_DSM_A_REGION_STATE)
		return genl_u32(reply, metric->attr) == SSI_DSM_REGION_READY;
	return genl_u64(reply, metric->attr);
}

static void take(struct collector *collector, enum source source,
		 const struct genl_reply *reply)
{
	for (size_t i = 0; i < METRICS; i++) {
		FILE *file = collector->files[i];

		if (metrics[i].source != source)
			continue;
		fprintf(file, "%s{", metrics[i].name);
		print_labels(file, reply);
		fprintf(file, "} %" PRIu64 "\n", value_of(&metrics[i], reply));
	}
}

static void take_link(const struct genl_reply *reply, void *arg)
{
	take(arg, LINK, reply);
}

static void take_region(const struct genl_reply *reply, void *arg)
{
	take(arg, REGION, reply);
}

/* ---- the histogram ---- */

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
			const char *class, const uint64_t *buckets, uint64_t ns)
{
	char text[32];
	uint64_t sum = 0;

	for (int i = 0; i < SSI_DSM_BUCKETS; i++) {
		sum += buckets[i];
		snprintf(text, sizeof(text), "%.9g",
			 (double)(UINT64_C(2) << i) / 1e9);
		if (i >= FIRST_BUCKET && i <= LAST_BUCKET)
			print_bucket(file, reply, class, text, sum);
	}
	print_bucket(file, reply, class, "+Inf", sum);
	snprintf(text, sizeof(text), "%.9g", (double)ns / 1e9);
	print_total(file, reply, class, "sum", text);
	snprintf(text, sizeof(text), "%" PRIu64, sum);
	print_total(file, reply, class, "count", text);
}

static void take_class(FILE *file, const struct genl_reply *reply,
		       struct nlattr *attr)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
	uint64_t buckets[SSI_DSM_BUCKETS];

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
	    !tb[SSI_DSM_A_CLASS_ID] || !tb[SSI_DSM_A_CLASS_SUM_NS] ||
	    !tb[SSI_DSM_A_BUCKETS] ||
	    nla_len(tb[SSI_DSM_A_BUCKETS]) != sizeof(buckets))
		return;
	memcpy(buckets, nla_data(tb[SSI_DSM_A_BUCKETS]), sizeof(buckets));
	print_class(file, reply, name_class(nla_get_u32(tb[SSI_DSM_A_CLASS_ID])),
		    buckets, nla_get_u64(tb[SSI_DSM_A_CLASS_SUM_NS]));
}

static void take_faults(const struct genl_reply *reply, void *arg)
{
	struct collector *collector = arg;
	struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, reply->attrs, reply->len, rem)
		if (nla_type(attr) == SSI_DSM_A_CLASS)
			take_class(collector->files[METRICS - 1], reply, attr);
}

/* ---- all ---- */

static void dump(struct genl *genl, uint8_t cmd, genl_fn fn,
		 struct collector *collector)
{
	struct nl_msg *request = genl_request(cmd);

	if (!request)
		return;
	nlmsg_hdr(request)->nlmsg_flags |= NLM_F_DUMP;
	genl_call(genl, request, fn, collector);
	nlmsg_free(request);
}

static void collect(struct collector *collector)
{
	struct genl genl;
	bool loaded = !genl_open(&genl);

	fprintf(collector->files[0], "ssi_module_loaded %d\n", loaded);
	if (loaded) {
		dump(&genl, SSI_DSM_CMD_PEER_GET, take_link, collector);
		dump(&genl, SSI_DSM_CMD_REGION_GET, take_region, collector);
		dump(&genl, SSI_DSM_CMD_STATS_GET, take_faults, collector);
	}
	genl_close(&genl);
}

static void begin(struct collector *collector)
{
	for (size_t i = 0; i < METRICS; i++) {
		collector->files[i] = open_memstream(&collector->texts[i],
						     &collector->sizes[i]);
		if (!collector->files[i])
			abort();
		fprintf(collector->files[i], "# HELP %s %s\n# TYPE %s %s\n",
			metrics[i].name, metrics[i].help, metrics[i].name,
			metrics[i].type);
	}
}

static char *join(struct collector *collector)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (size_t i = 0; i < METRICS; i++) {
		fclose(collector->files[i]);
		if (file)
			fputs(collector->texts[i], file);
		free(collector->texts[i]);
	}
	if (file)
		fclose(file);
	return text;
}

char *metrics_text(void)
{
	struct collector collector;

	begin(&collector);
	collect(&collector);
	return join(&collector);
}
