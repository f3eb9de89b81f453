// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Measure the distance of each node to the memory of each: the latency of a load
 * whose page is on another node, and the bandwidth of a loop that reads one page
 * after the other. Both go through the mapping and the module, as the guest does.
 *
 * Each node touches the last pages of its memory, which stay zero. Then one node
 * after the other reads these pages of the others: first scattered pages, each of
 * which costs a wait, then pages in a row, for which the module reads ahead. Each
 * node sends its row of results to node 0.
 *
 * The results are in the guest's time, which may be dilated. A SLIT has relative
 * latencies up to 254, but a page of another node takes hundreds of times as long
 * as a local load: each doubling adds 10. Linux creates a scheduling level for each
 * distance that it finds, so distances that differ by less than a half are made
 * equal.
 */
#include "measure.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../acpi/layout.h"
#include "../acpi/ssi_acpi.h"
#include "cluster.h"
#include "log.h"
#include "memory.h"
#include "stop.h"

#define PAGE		4096u
#define BLOCK		(2u << 20)	/* a node's memory is a multiple of it */
#define LINE		64u
#define NUM_LOADS	63		/* an odd number has a median */
#define STRIDE		37		/* pages; no stream, and no page twice */
#define ROW_PAGES	256		/* read in a row, behind the others */
#define MAX_NS		SSI_ACPI_MAX_LATENCY
#define DISTANCE_MAX	250
#define DISTANCE_STEP	10

_Static_assert(BLOCK / PAGE >= 2 * ROW_PAGES, "both halves fit");

/* Payload of CLUSTER_MEASURED: a row; 0: not known. */
struct measured_message {
	uint32_t latencies[SSI_DSM_MAX_NODES];
	uint32_t bandwidths[SSI_DSM_MAX_NODES];
};

_Static_assert(sizeof(struct measured_message) == 8 * SSI_DSM_MAX_NODES,
	       "no holes");

static struct measured_message measured[SSI_DSM_MAX_NODES];

/* A node sends its row once: later, tables of the guest point to it. */
static bool is_legal(unsigned int node, const struct measured_message *row)
{
	for (unsigned int i = 0; i < SSI_DSM_MAX_NODES; i++)
		if (row->latencies[i] > MAX_NS)
			return false;
	return row->latencies[node] && !measured[node].latencies[node];
}

static void handle_measured(unsigned int node, const void *payload)
{
	if (is_legal(node, payload))
		memcpy(&measured[node], payload, sizeof(measured[node]));
	else
		stop_ask(EXIT_NODE_LOST, "Node %u has sent distances of the nodes that are not possible, or twice.",
			 node);
}

void measure_init(void)
{
	cluster_handle(CLUSTER_MEASURED, sizeof(struct measured_message),
		       handle_measured);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* The last block of a node's memory; NULL: it has none. */
static unsigned char *block_of(const struct options *options, unsigned int node)
{
	uint64_t gpa = 0;

	if (!options->nodes[node].memory)
		return NULL;
	for (unsigned int i = 0; i <= node; i++)
		gpa += options->nodes[i].memory;
	return memory_at(ssi_layout_address(gpa - BLOCK), BLOCK);
}

/* A load that the compiler does not remove or move. */
static void load(const unsigned char *at)
{
	__atomic_load_n(at, __ATOMIC_RELAXED);
}

static void touch(unsigned char *block)
{
	for (uint32_t at = 0; at < BLOCK; at += PAGE)
		__atomic_store_n(block + at, 0, __ATOMIC_RELAXED);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Median of loads whose pages are on another node. */
static uint64_t remote_latency(const unsigned char *block)
{
	uint64_t ns[NUM_LOADS];

	for (unsigned int i = 0; i < NUM_LOADS; i++) {
		uint64_t start = now_ns();

		load(block + i * STRIDE % ROW_PAGES * PAGE);
		ns[i] = now_ns() - start;
	}
	qsort(ns, NUM_LOADS, sizeof(ns[0]), compare);
	return ns[NUM_LOADS / 2];
}

static uint64_t read_ns(const unsigned char *from, size_t len)
{
	uint64_t start = now_ns();

	for (size_t at = 0; at < len; at += LINE)
		load(from + at);
	return now_ns() - start;
}

/* Latency of dependent loads of lines that are in no cache. */
static uint64_t local_latency(unsigned char *block)
{
	const unsigned int count = BLOCK / PAGE;
	uint64_t start;
	void **at;

	for (unsigned int i = 0; i < count; i++) {
		at = (void **)(block + i * PAGE);
		*at = block + (i + STRIDE) % count * PAGE;
		__builtin_ia32_clflush(at);
	}
	__builtin_ia32_mfence();
	at = (void **)block;
	start = now_ns();
	for (unsigned int i = 0; i < count; i++)
		at = __atomic_load_n(at, __ATOMIC_RELAXED);
	return (now_ns() - start) / count;
}

static uint64_t local_bandwidth_ns(unsigned char *block)
{
	for (uint32_t at = 0; at < BLOCK; at += LINE)
		__builtin_ia32_clflush(block + at);
	__builtin_ia32_mfence();
	return read_ns(block, BLOCK);
}

/* In the guest's time, and within the limits of the HMAT; never 0. */
static uint32_t latency_for(const struct options *options, uint64_t ns)
{
	ns /= options->time_dilation;
	return ns < 1 ? 1 : ns > MAX_NS ? MAX_NS : ns;
}

/* MB/s */
static uint32_t bandwidth_for(const struct options *options, uint64_t bytes,
			      uint64_t ns)
{
	uint64_t mbs = bytes * 1000 * options->time_dilation / (ns ? ns : 1);

	return mbs < 1 ? 1 : mbs > UINT32_MAX ? UINT32_MAX : mbs;
}

static void measure_local(const struct options *options,
			  struct measured_message *row)
{
	unsigned char *block = aligned_alloc(BLOCK, BLOCK);

	if (!block)
		die(EXIT_HOST, "The host gives no memory to measure the distances of the nodes.");
	memset(block, 0, BLOCK);
	row->latencies[options->self] =
		latency_for(options, local_latency(block));
	row->bandwidths[options->self] =
		bandwidth_for(options, BLOCK, local_bandwidth_ns(block));
	free(block);
}

static void measure_row(const struct options *options,
			struct measured_message *row)
{
	measure_local(options, row);
	for (unsigned int node = 0; node < options->num_nodes; node++) {
		const unsigned char *block = block_of(options, node);

		if (node == options->self || !block)
			continue;
		row->latencies[node] =
			latency_for(options, remote_latency(block));
		row->bandwidths[node] =
			bandwidth_for(options, ROW_PAGES * PAGE,
				      read_ns(block + ROW_PAGES * PAGE,
					      ROW_PAGES * PAGE));
	}
}

/* ---- results -------------------------------------------------- */

static uint32_t latency(unsigned int from, unsigned int to)
{
	return measured[from].latencies[to];
}

/* The same in both directions, since the path is the same. */
static uint8_t distance(const struct options *options, unsigned int from,
			unsigned int to)
{
	uint64_t near = UINT64_MAX, far;
	unsigned int steps = 1;

	if (from == to)
		return SSI_ACPI_LOCAL_DISTANCE;
	for (unsigned int i = 0; i < options->num_nodes; i++)
		if (latency(i, i) < near)
			near = latency(i, i);
	far = latency(from, to) > latency(to, from) ? latency(from, to) :
						      latency(to, from);
	if (!far)
		return SSI_ACPI_REMOTE_DISTANCE;
	/* Round to the nearest doubling. */
	while (far * 2 >= near * 3 && steps < DISTANCE_MAX / DISTANCE_STEP) {
		far /= 2;
		steps++;
	}
	return steps > 1 ? steps * DISTANCE_STEP : SSI_ACPI_REMOTE_DISTANCE;
}

static size_t print_row(char *text, size_t size, const char *name,
			const uint32_t *row, unsigned int count)
{
	size_t len = snprintf(text, size, "%s: [", name);

	for (unsigned int i = 0; i < count && len < size; i++)
		len += snprintf(text + len, size - len, "%s%u", i ? ", " : "",
				row[i]);
	if (len < size)
		len += snprintf(text + len, size - len, "]");
	return len < size ? len : size;
}

/* Show the results in the format of the configuration, so that they can be copied. */
static void tell(const struct options *options, unsigned int from)
{
	const struct node_options *node = &options->nodes[from];
	uint32_t distances[SSI_DSM_MAX_NODES];
	unsigned int count = options->num_nodes;
	char text[3 * (16 + 12 * SSI_DSM_MAX_NODES)];
	size_t len;

	for (unsigned int to = 0; to < count; to++)
		distances[to] = node->distances[to];
	len = print_row(text, sizeof(text), "distances", distances, count);
	len += print_row(text + len, sizeof(text) - len, ", latencies",
			 node->latencies, count);
	print_row(text + len, sizeof(text) - len, ", bandwidths",
		  node->bandwidths, count);
	log_info("The guest is told of node %u: %s.", from, text);
}

static void fill_distances(struct options *options, unsigned int from)
{
	static uint8_t distances[SSI_DSM_MAX_NODES][SSI_DSM_MAX_NODES];

	for (unsigned int to = 0; to < options->num_nodes; to++)
		distances[from][to] = distance(options, from, to);
	if (!options->nodes[from].distances)
		options->nodes[from].distances = distances[from];
}

/* Values for nodes without memory are not used, but must not be 0. */
static void fill_performance(struct options *options, unsigned int from)
{
	struct measured_message *row = &measured[from];
	struct node_options *node = &options->nodes[from];

	for (unsigned int to = 0; to < options->num_nodes; to++)
		if (!row->latencies[to])
			row->latencies[to] = row->bandwidths[to] = 1;
	if (!node->latencies)
		node->latencies = row->latencies;
	if (!node->bandwidths)
		node->bandwidths = row->bandwidths;
}

static bool all_is_said(const struct options *options)
{
	for (unsigned int i = 0; i < options->num_nodes; i++) {
		const struct node_options *node = &options->nodes[i];

		if (!node->distances || (node->cpus && (!node->latencies ||
							!node->bandwidths)))
			return false;
	}
	return true;
}

void measure_nodes(struct options *options)
{
	struct measured_message *mine = &measured[options->self];
	unsigned char *block = block_of(options, options->self);

	if (options->num_nodes == 1 || all_is_said(options))
		return;
	if (block)
		touch(block);
	cluster_barrier();
	for (unsigned int turn = 0; turn < options->num_nodes; turn++) {
		if (turn == options->self) {
			measure_row(options, mine);
			if (turn)
				cluster_send(0, CLUSTER_MEASURED, mine);
		}
		cluster_barrier();
	}
	if (options->self)
		return;
	for (unsigned int node = 0; node < options->num_nodes; node++)
		fill_distances(options, node);
	for (unsigned int node = 0; node < options->num_nodes; node++) {
		fill_performance(options, node);
		tell(options, node);
	}
}
