// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics for Prometheus (text format 0.0.4): which there are, and the whole text.
 */
#include "metrics.h"

#include <stdlib.h>

#include <linux/ssi_dsm_genl.h>

#include "../../lib/name.h"
#include "metrics_table.h"

const struct metric metrics_table[] = {
	{ METRIC_HOST, "ssi_module_loaded", "gauge",
	  "Whether the module ssi_dsm answers.", METRIC_MODULE_LOADED },
	{ METRIC_HOST, "ssi_host_memory_bytes", "gauge",
	  "Memory of the host.", METRIC_MEMORY },
	{ METRIC_HOST, "ssi_host_memory_available_bytes", "gauge",
	  "Memory of the host that programs and the guest can still get.",
	  METRIC_MEMORY_AVAILABLE },
	{ METRIC_CLUSTER, "ssi_cluster_health", "gauge",
	  "1 for the word that tells how the cluster does, 0 for the others.", 0 },
	{ METRIC_NODE, "ssi_node_state", "gauge",
	  "1 for the state in which a node is, as this host sees it, 0 for the others.",
	  0 },
	{ METRIC_CLOCK, "ssi_clock_skew_seconds", "gauge",
	  "How far the clock of a node's host is ahead of that of this host.",
	  METRIC_SKEW },
	{ METRIC_CLOCK, "ssi_clock_skew_error_seconds", "gauge",
	  "How far ssi_clock_skew_seconds may be wrong.", METRIC_SKEW_ERROR },
	{ METRIC_LINK, "ssi_link_up", "gauge",
	  "Whether the link of a node to another one is up.",
	  SSI_DSM_A_LINK_STATE },
	{ METRIC_LINK, "ssi_link_received_messages_total", "counter",
	  "Messages that came over the link.", SSI_DSM_A_RX_MSGS },
	{ METRIC_LINK, "ssi_link_received_bytes_total", "counter",
	  "Bytes that came over the link.", SSI_DSM_A_RX_BYTES },
	{ METRIC_LINK, "ssi_link_sent_messages_total", "counter",
	  "Messages that were sent over the link.", SSI_DSM_A_TX_MSGS },
	{ METRIC_LINK, "ssi_link_sent_bytes_total", "counter",
	  "Bytes that were sent over the link.", SSI_DSM_A_TX_BYTES },
	{ METRIC_LINK, "ssi_link_queued_messages", "gauge",
	  "Messages that wait to be sent over the link.", SSI_DSM_A_QUEUED },
	{ METRIC_LINK, "ssi_link_interruptions_total", "counter",
	  "How often the link was interrupted or lost.",
	  SSI_DSM_A_INTERRUPTIONS },
	{ METRIC_LINK, "ssi_link_forged_messages_total", "counter",
	  "Messages that were refused because something else than the peer made them.",
	  SSI_DSM_A_FORGED },
	{ METRIC_REGION, "ssi_region_ready", "gauge",
	  "Whether the guest's memory is ready on the node.",
	  SSI_DSM_A_REGION_STATE },
	{ METRIC_REGION, "ssi_region_size_bytes", "gauge",
	  "Size of the guest's memory, of all nodes together.",
	  SSI_DSM_A_SIZE },
	{ METRIC_REGION, "ssi_region_shared_pages", "gauge",
	  "Pages that the node has read-only.", SSI_DSM_A_PAGES_SHARED },
	{ METRIC_REGION, "ssi_region_exclusive_pages", "gauge",
	  "Pages that the node has writable.", SSI_DSM_A_PAGES_EXCLUSIVE },
	{ METRIC_REGION, "ssi_region_cached_pages", "gauge",
	  "Pages on the node whose home is another node.",
	  SSI_DSM_A_PAGES_CACHED },
	{ METRIC_REGION, "ssi_region_directory_pages", "gauge",
	  "Touched pages whose home is the node.", SSI_DSM_A_DIRECTORY_PAGES },
	{ METRIC_REGION, "ssi_region_metadata_bytes", "gauge",
	  "Memory for page entries and directory entries.",
	  SSI_DSM_A_METADATA },
	{ METRIC_REGION, "ssi_region_dropped_pages_total", "counter",
	  "Copies that the node has dropped to free memory.",
	  SSI_DSM_A_DROPPED },
	{ METRIC_REGION, "ssi_region_eviction_hints_total", "counter",
	  "Eviction hints that the node has sent to homes.", SSI_DSM_A_PUT },
	{ METRIC_REGION, "ssi_region_huge_blocks", "gauge",
	  "Blocks of 2 MiB that the node has as one folio.",
	  SSI_DSM_A_BLOCKS_HUGE },
	{ METRIC_REGION, "ssi_region_split_blocks_total", "counter",
	  "Folios of 2 MiB that the node has split.",
	  SSI_DSM_A_BLOCKS_SPLIT },
	{ METRIC_REGION, "ssi_region_homes_given_total", "counter",
	  "Blocks of 2 MiB whose home went to another node.",
	  SSI_DSM_A_HOMES_GIVEN },
	{ METRIC_REGION, "ssi_region_homes_taken_total", "counter",
	  "Blocks of 2 MiB whose home came to the node.",
	  SSI_DSM_A_HOMES_TAKEN },
	{ METRIC_REGION, "ssi_region_passed_on_total", "counter",
	  "Messages that the node sent on to a home that has moved.",
	  SSI_DSM_A_PASSED_ON },
	{ METRIC_COUNTS, "ssi_remote_faults_total", "counter",
	  "Faults that waited for another node.", METRIC_REMOTE },
	{ METRIC_COUNTS, "ssi_estimated_accesses_total", "counter",
	  "Accesses that could have been remote faults, by estimate: the remote faults, and one for each microsecond of the guest's CPUs.",
	  METRIC_ACCESSES },
	{ METRIC_COUNTS, "ssi_guest_cpu_seconds_total", "counter",
	  "Time that the guest's CPUs have run on the node.",
	  METRIC_GUEST_TIME },
	{ METRIC_PLACEMENT, "ssi_placement_mode", "gauge",
	  "1 for the mode of the placement, 0 for the others; only on the host that leads it.",
	  METRIC_PLACEMENT_MODE },
	{ METRIC_PLACEMENT, "ssi_placement_decisions_total", "counter",
	  "Decisions of the placement.", METRIC_PLACEMENT_DECIDED },
	{ METRIC_PLACEMENT, "ssi_placement_done_total", "counter",
	  "Decisions of the placement that were carried out.",
	  METRIC_PLACEMENT_DONE },
	{ METRIC_PLACEMENT, "ssi_placement_failed_total", "counter",
	  "Decisions of the placement that could not be carried out.",
	  METRIC_PLACEMENT_FAILED },
	{ METRIC_FAULTS, "ssi_fault_duration_seconds", "histogram",
	  "Time of faults and of protocol work, by class.", 0 },
	{ }
};

void metrics_print_label(FILE *file, const char *name, const char *value)
{
	char printed[128];

	name_print(value, printed, sizeof(printed));
	fprintf(file, "%s=\"", name);
	for (const char *at = printed; *at; at++) {
		if (*at == '"' || *at == '\\')
			fputc('\\', file);
		fputc(*at, file);
	}
	fputc('"', file);
}

static void begin(struct metrics *metrics)
{
	const struct metric *metric = metrics_table;

	for (size_t i = 0; metric[i].name; i++) {
		metrics->files[i] = open_memstream(&metrics->texts[i],
						   &metrics->sizes[i]);
		if (!metrics->files[i])
			abort();
		fprintf(metrics->files[i], "# HELP %s %s\n# TYPE %s %s\n",
			metric[i].name, metric[i].help, metric[i].name,
			metric[i].type);
	}
}

static char *join(struct metrics *metrics)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (size_t i = 0; metrics_table[i].name; i++) {
		fclose(metrics->files[i]);
		if (file)
			fputs(metrics->texts[i], file);
		free(metrics->texts[i]);
	}
	if (file)
		fclose(file);
	return text;
}

char *metrics_text(void)
{
	struct metrics metrics;

	_Static_assert(sizeof(metrics_table) / sizeof(metrics_table[0]) <=
		       METRICS_MAX, "room for all metrics");
	begin(&metrics);
	metrics_take_host(&metrics);
	metrics_take_cluster(&metrics);
	metrics_take_placement(&metrics);
	metrics_take_module(&metrics);
	return join(&metrics);
}
