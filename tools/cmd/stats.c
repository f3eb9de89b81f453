// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl stats: numbers and durations of faults of each class.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../names.h"
#include "../output.h"
#include "../request.h"
#include "../show.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl stats [ show ] [ cluster NAME ] [ node NODE ] [ region REGION ]\n"
	"\n"
	"p50 and p99 are the upper limits of buckets of the histogram, so that they are\n"
	"at most twice the true value. \"ssictl -j stats\" prints the whole histogram.\n";

/* The module sends one for each class that it knows. */
struct class {
	uint32_t id;
	uint64_t count;
	uint64_t sum_ns;
	uint64_t buckets[SSI_DSM_BUCKETS];
};

static const struct keyword name[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "region", args_put_u32, SSI_DSM_A_REGION_ID, ARG_REQUIRED },
	{ }
};

/* 0, or -1 if something is missing or of another size than ours. */
static int parse_class(struct nlattr *attr, struct class *class)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
	    !tb[SSI_DSM_A_CLASS_ID] || !tb[SSI_DSM_A_CLASS_COUNT] ||
	    !tb[SSI_DSM_A_CLASS_SUM_NS] || !tb[SSI_DSM_A_BUCKETS] ||
	    nla_len(tb[SSI_DSM_A_BUCKETS]) != sizeof(class->buckets))
		return -1;
	class->id = nla_get_u32(tb[SSI_DSM_A_CLASS_ID]);
	class->count = nla_get_u64(tb[SSI_DSM_A_CLASS_COUNT]);
	class->sum_ns = nla_get_u64(tb[SSI_DSM_A_CLASS_SUM_NS]);
	memcpy(class->buckets, nla_data(tb[SSI_DSM_A_BUCKETS]),
	       sizeof(class->buckets));
	return 0;
}

/*
 * The upper limit of the bucket in which the @percent percentile is. The count
 * is not read at the same instant as the buckets, so the total is their sum.
 */
static uint64_t percentile(const struct class *class, uint32_t percent)
{
	uint64_t total = 0;
	uint64_t seen = 0;
	uint32_t i;

	for (i = 0; i < SSI_DSM_BUCKETS; i++)
		total += class->buckets[i];
	if (!total)
		return 0;
	for (i = 0; i < SSI_DSM_BUCKETS - 1; i++) {
		seen += class->buckets[i];
		if (seen >= total - total * (100 - percent) / 100)
			break;
	}
	return UINT64_C(2) << i;
}

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

static void show_buckets(const struct class *class)
{
	uint32_t i;

	output_begin_array("buckets");
	for (i = 0; i < SSI_DSM_BUCKETS; i++)
		output_u64(NULL, NULL, class->buckets[i]);
	output_end();
}

static void show_class(const struct class *class)
{
	output_begin_object(NULL);
	output_string("class", "    %-14s", name_class(class->id));
	output_u64("count", "%12" PRIu64, class->count);
	output_u64("sum_ns", NULL, class->sum_ns);
	show_time("mean_ns", class->count ? class->sum_ns / class->count : 0);
	show_time("p50_ns", percentile(class, 50));
	show_time("p99_ns", percentile(class, 99));
	show_buckets(class);
	output_text("\n");
	output_end();
}

static void show_stats(const struct genl_reply *reply)
{
	struct nlattr *attr;
	struct class class;
	int rem;

	output_begin_object(NULL);
	show_region_name(reply);
	output_text("    %-14s%12s %10s %10s %10s\n", "class", "count", "mean",
		    "p50", "p99");
	output_begin_array("classes");
	nla_for_each_attr(attr, reply->attrs, reply->len, rem) {
		if (nla_type(attr) != SSI_DSM_A_CLASS)
			continue;
		if (parse_class(attr, &class))
			error("the module's statistics have another format; use the ssictl of the module's version");
		else
			show_class(&class);
	}
	output_end();
	output_end();
}

static int show(int argc, char **argv)
{
	return request_show(SSI_DSM_CMD_STATS_GET, name, argc, argv, show_stats);
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ }
};

const struct object object_stats = { "stats", usage, commands, NULL };
