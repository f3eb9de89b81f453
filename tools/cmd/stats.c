// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl stats: faults of each class with their times, the remote miss ratio, links.
 */
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/histogram.h"
#include "../../lib/number.h"
#include "../counts.h"
#include "../names.h"
#include "../output.h"
#include "../request.h"
#include "../ssictl.h"

#define SECONDS_MAX	86400

static const char usage[] =
	"Usage: ssictl stats [ show ] [ cluster NAME ] [ node NODE ] [ region REGION ]\n"
	"              [ -w SECONDS ]\n"
	"\n"
	"Faults of each class with their times, the remote miss ratio, and the node's links,\n"
	"since the guest was started; with -w, again and again, what has come in the last\n"
	"SECONDS. A percentile is within an eighth of the true one from 1 us on.\n"
	"\"ssictl -j stats\" prints the whole histograms.\n";

/**
 * struct link - what is counted of a link
 * @cluster: of the node
 * @node: the local one
 * @peer: the other one
 * @rx: bytes that came
 * @tx: bytes that were sent
 * @interruptions: of the link
 * @forged: messages that were refused
 * @queued: messages that wait now
 */
struct link {
	char cluster[SSI_DSM_CLUSTER_LEN];
	uint32_t node, peer;
	uint64_t rx, tx, interruptions, forged, queued;
};

/* All that is counted at a time. */
struct sample {
	struct counts *regions;
	size_t num_regions;
	struct link *links;
	size_t num_links;
	bool is_foreign;
};

static const struct keyword name[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "region", args_put_u32, SSI_DSM_A_REGION_ID, ARG_REQUIRED },
	{ }
};

/* ---- reading ---- */

/* Room for one more element. */
static void *grow(void *array, size_t *count, size_t size)
{
	array = realloc(array, (*count + 1) * size);
	if (!array) {
		error("out of memory");
		exit(EXIT_KERNEL);
	}
	memset((char *)array + *count * size, 0, size);
	(*count)++;
	return array;
}

static void take_region(const struct genl_reply *reply, void *arg)
{
	struct sample *sample = arg;

	sample->regions = grow(sample->regions, &sample->num_regions,
			       sizeof(*sample->regions));
	if (counts_read(reply, &sample->regions[sample->num_regions - 1])) {
		sample->is_foreign = true;
		sample->num_regions--;
	}
}

static void take_link(const struct genl_reply *reply, void *arg)
{
	struct sample *sample = arg;
	struct link *link;

	sample->links = grow(sample->links, &sample->num_links,
			     sizeof(*sample->links));
	link = &sample->links[sample->num_links - 1];
	snprintf(link->cluster, sizeof(link->cluster), "%s",
		 genl_string(reply, SSI_DSM_A_CLUSTER));
	link->node = genl_u32(reply, SSI_DSM_A_NODE_ID);
	link->peer = genl_u32(reply, SSI_DSM_A_PEER_ID);
	link->rx = genl_u64(reply, SSI_DSM_A_RX_BYTES);
	link->tx = genl_u64(reply, SSI_DSM_A_TX_BYTES);
	link->interruptions = genl_u32(reply, SSI_DSM_A_INTERRUPTIONS);
	link->forged = genl_u64(reply, SSI_DSM_A_FORGED);
	link->queued = genl_u32(reply, SSI_DSM_A_QUEUED);
}

/* The exit code; the reason of a failure is printed. */
static int take_sample(struct sample *sample, int argc, char **argv)
{
	struct nl_msg *stats = genl_request(SSI_DSM_CMD_STATS_GET);
	struct nl_msg *peers = genl_request(SSI_DSM_CMD_PEER_GET);
	int code = EXIT_SYNTAX;
	bool complete = false;
	struct genl genl;

	*sample = (struct sample){ };
	if (!stats || !peers) {
		error("out of memory");
		exit(EXIT_KERNEL);
	}
	if (!args_put(stats, name, argc, argv, &complete)) {
		if (!complete)
			nlmsg_hdr(stats)->nlmsg_flags |= NLM_F_DUMP;
		nlmsg_hdr(peers)->nlmsg_flags |= NLM_F_DUMP;
		code = genl_open(&genl) ||
		       genl_call(&genl, stats, take_region, sample) ||
		       genl_call(&genl, peers, take_link, sample) ? EXIT_KERNEL : 0;
		if (code)
			error("%s", genl.error);
		genl_close(&genl);
	}
	if (sample->is_foreign) {
		error("the module's statistics have another format; use the ssictl of the module's version");
		code = EXIT_KERNEL;
	}
	nlmsg_free(stats);
	nlmsg_free(peers);
	return code;
}

static void free_sample(struct sample *sample)
{
	free(sample->regions);
	free(sample->links);
}

/* ---- from totals to what has come since ---- */

static bool is_same_region(const struct counts *a, const struct counts *b)
{
	return !strcmp(a->cluster, b->cluster) && a->node == b->node &&
	       a->region == b->region;
}

static bool is_same_link(const struct link *a, const struct link *b)
{
	return !strcmp(a->cluster, b->cluster) && a->node == b->node &&
	       a->peer == b->peer;
}

static void subtract_link(struct link *link, const struct link *before)
{
	if (link->rx < before->rx || link->tx < before->tx)
		return;		/* the link was made anew */
	link->rx -= before->rx;
	link->tx -= before->tx;
	link->interruptions -= before->interruptions;
	link->forged -= before->forged;
}

static void subtract(struct sample *sample, const struct sample *before)
{
	size_t i, j;

	for (i = 0; i < sample->num_regions; i++)
		for (j = 0; j < before->num_regions; j++)
			if (is_same_region(&sample->regions[i],
					   &before->regions[j]))
				counts_subtract(&sample->regions[i],
						&before->regions[j]);
	for (i = 0; i < sample->num_links; i++)
		for (j = 0; j < before->num_links; j++)
			if (is_same_link(&sample->links[i], &before->links[j]))
				subtract_link(&sample->links[i],
					      &before->links[j]);
}

/* ---- showing ---- */

static void show_time(const char *key, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = (double)ns;
	unsigned int unit = 0;
	char text[32];

	while (value >= 1000 && unit < 3) {
		value /= 1000;
		unit++;
	}
	snprintf(text, sizeof(text), "%.*f %s", unit && value < 100, value,
		 units[unit]);
	output_u64(key, NULL, ns);
	output_text(" %10s", text);
}

/* In JSON what was counted; in text that in a second, if @seconds is not 0. */
static void show_count(const char *key, const char *format, uint64_t count,
		       double seconds)
{
	output_u64(key, NULL, count);
	output_text(format, seconds > 0 ? (double)count / seconds : (double)count);
}

static void show_buckets(const struct counts_class *class)
{
	output_begin_array("buckets");
	for (unsigned int i = 0; i < SSI_DSM_BUCKETS; i++)
		output_u64(NULL, NULL, class->buckets[i]);
	output_end();
}

static void show_class(uint32_t id, const struct counts_class *class,
		       double seconds)
{
	output_begin_object(NULL);
	output_string("class", "    %-14s", name_class(id));
	show_count("count", "%12.0f", class->count, seconds);
	output_u64("sum_ns", NULL, class->sum_ns);
	show_time("mean_ns", class->count ? class->sum_ns / class->count : 0);
	show_time("p50_ns", histogram_percentile(class->buckets, 500));
	show_time("p99_ns", histogram_percentile(class->buckets, 990));
	show_time("p999_ns", histogram_percentile(class->buckets, 999));
	show_buckets(class);
	output_text("\n");
	output_end();
}

static void show_ratio(const struct counts *counts, double seconds)
{
	output_real("remote_miss_ratio", NULL, counts_miss_ratio(counts));
	output_text("    remote miss ratio %.2f %%",
		    counts_miss_ratio(counts) * 100);
	show_count("remote_faults", " remote faults %.0f", counts_remote(counts),
		   seconds);
	show_count("accesses", " of %.0f accesses by estimate",
		   counts_accesses(counts), seconds);
	output_u64("guest_ns", NULL, counts->guest_ns);
	output_text(seconds > 0 ? " guest CPUs %.2f\n" : " guest CPU time %.1f s\n",
		    (double)counts->guest_ns / 1e9 / (seconds > 0 ? seconds : 1));
}

static void show_link(const struct link *link, double seconds)
{
	output_begin_object(NULL);
	output_u64("peer", "    link to node %" PRIu64, link->peer);
	show_count("rx_bytes", " rx %.0f", link->rx, seconds);
	show_count("tx_bytes", " tx %.0f", link->tx, seconds);
	output_text(seconds > 0 ? " bytes/s" : " bytes");
	output_u64("queued", " queued %" PRIu64, link->queued);
	output_u64("interruptions", " interruptions %" PRIu64,
		   link->interruptions);
	output_u64("forged", " forged %" PRIu64, link->forged);
	output_text("\n");
	output_end();
}

static void show_region(const struct counts *counts,
			const struct sample *sample, double seconds)
{
	output_begin_object(NULL);
	output_string("cluster", "cluster %s", counts->cluster);
	output_u64("node", " node %" PRIu64, counts->node);
	output_u64("region", " region %" PRIu64 "\n", counts->region);
	if (seconds > 0)
		output_real("seconds", NULL, seconds);
	output_text("    %-14s%12s %10s %10s %10s %10s\n", "class",
		    seconds > 0 ? "in a second" : "count", "mean", "p50", "p99",
		    "p99.9");
	output_begin_array("classes");
	for (uint32_t id = 0; id < __SSI_DSM_CLASS_MAX; id++)
		show_class(id, &counts->classes[id], seconds);
	output_end();
	show_ratio(counts, seconds);
	output_begin_array("links");
	for (size_t i = 0; i < sample->num_links; i++)
		if (!strcmp(sample->links[i].cluster, counts->cluster) &&
		    sample->links[i].node == counts->node)
			show_link(&sample->links[i], seconds);
	output_end();
	output_end();
}

static void show_sample(const struct sample *sample, double seconds)
{
	output_begin_array(NULL);
	for (size_t i = 0; i < sample->num_regions; i++)
		show_region(&sample->regions[i], sample, seconds);
	output_end();
	output_flush();
}

/* ---- commands ---- */

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What @sample has more than @before is shown; @sample becomes @before. */
static void show_difference(struct sample *before, struct sample *sample,
			    double seconds)
{
	struct sample difference = { .num_regions = 0 };

	for (size_t i = 0; i < sample->num_regions; i++) {
		difference.regions = grow(difference.regions,
					  &difference.num_regions,
					  sizeof(*sample->regions));
		difference.regions[i] = sample->regions[i];
	}
	for (size_t i = 0; i < sample->num_links; i++) {
		difference.links = grow(difference.links, &difference.num_links,
					sizeof(*sample->links));
		difference.links[i] = sample->links[i];
	}
	subtract(&difference, before);
	show_sample(&difference, seconds);
	free_sample(&difference);
	free_sample(before);
	*before = *sample;
}

/* Until the program is ended. */
static int show_rates(unsigned int every, int argc, char **argv)
{
	struct sample before, sample;
	double began = now_s(), end;
	int code = take_sample(&before, argc, argv);

	while (!code) {
		sleep(every);
		code = take_sample(&sample, argc, argv);
		end = now_s();
		if (code)
			free_sample(&sample);
		else
			show_difference(&before, &sample, end - began);
		began = end;
	}
	free_sample(&before);
	return code;
}

/* Take "-w SECONDS" out of the arguments. Return: 0, or -1 after error(). */
static int take_option(int *argc, char **argv, unsigned int *every)
{
	uint64_t value;

	for (int i = 0; i < *argc; i++) {
		if (strcmp(argv[i], "-w"))
			continue;
		if (i + 1 == *argc ||
		    !number_parse(argv[i + 1], SECONDS_MAX, &value) || !value) {
			error("-w needs a number of seconds from 1 to %d",
			      SECONDS_MAX);
			return -1;
		}
		*every = value;
		memmove(&argv[i], &argv[i + 2],
			(*argc - i - 2) * sizeof(*argv));
		*argc -= 2;
		return 0;
	}
	return 0;
}

static int show(int argc, char **argv)
{
	struct sample sample;
	unsigned int every = 0;
	int code;

	if (take_option(&argc, argv, &every))
		return EXIT_SYNTAX;
	if (every)
		return show_rates(every, argc, argv);
	code = take_sample(&sample, argc, argv);
	if (!code)
		show_sample(&sample, 0);
	free_sample(&sample);
	return code;
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ }
};

const struct object object_stats = { "stats", usage, commands, NULL, NULL };
