// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module counts of a region on a node.
 */
#include "counts.h"

#include <stdio.h>
#include <string.h>

static int read_class(struct nlattr *attr, struct counts *counts)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
	struct counts_class *class;
	uint32_t id;

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
	    !tb[SSI_DSM_A_CLASS_ID] || !tb[SSI_DSM_A_CLASS_COUNT] ||
	    !tb[SSI_DSM_A_CLASS_SUM_NS] || !tb[SSI_DSM_A_BUCKETS] ||
	    nla_len(tb[SSI_DSM_A_BUCKETS]) != sizeof(class->buckets))
		return -1;
	id = nla_get_u32(tb[SSI_DSM_A_CLASS_ID]);
	if (id >= __SSI_DSM_CLASS_MAX)
		return -1;
	class = &counts->classes[id];
	class->count = nla_get_u64(tb[SSI_DSM_A_CLASS_COUNT]);
	class->sum_ns = nla_get_u64(tb[SSI_DSM_A_CLASS_SUM_NS]);
	memcpy(class->buckets, nla_data(tb[SSI_DSM_A_BUCKETS]),
	       sizeof(class->buckets));
	return 0;
}

int counts_read(const struct genl_reply *reply, struct counts *counts)
{
	struct nlattr *attr;
	int rem;

	memset(counts, 0, sizeof(*counts));
	snprintf(counts->cluster, sizeof(counts->cluster), "%s",
		 genl_string(reply, SSI_DSM_A_CLUSTER));
	counts->node = genl_u32(reply, SSI_DSM_A_NODE_ID);
	counts->region = genl_u32(reply, SSI_DSM_A_REGION_ID);
	counts->guest_ns = genl_u64(reply, SSI_DSM_A_GUEST_NS);
	nla_for_each_attr(attr, reply->attrs, reply->len, rem)
		if (nla_type(attr) == SSI_DSM_A_CLASS &&
		    read_class(attr, counts))
			return -1;
	return 0;
}

static uint64_t difference(uint64_t now, uint64_t before)
{
	return now < before ? now : now - before;
}

void counts_subtract(struct counts *counts, const struct counts *before)
{
	counts->guest_ns = difference(counts->guest_ns, before->guest_ns);
	for (int c = 0; c < __SSI_DSM_CLASS_MAX; c++) {
		const struct counts_class *old = &before->classes[c];
		struct counts_class *class = &counts->classes[c];

		class->count = difference(class->count, old->count);
		class->sum_ns = difference(class->sum_ns, old->sum_ns);
		for (int i = 0; i < SSI_DSM_BUCKETS; i++)
			class->buckets[i] = difference(class->buckets[i],
						       old->buckets[i]);
	}
}

uint64_t counts_remote(const struct counts *counts)
{
	return counts->classes[SSI_DSM_CLASS_READ_REMOTE].count +
	       counts->classes[SSI_DSM_CLASS_WRITE_REMOTE].count +
	       counts->classes[SSI_DSM_CLASS_UPGRADE].count;
}

uint64_t counts_accesses(const struct counts *counts)
{
	return counts_remote(counts) + counts->guest_ns / COUNTS_ACCESS_NS;
}

double counts_miss_ratio(const struct counts *counts)
{
	uint64_t accesses = counts_accesses(counts);

	return accesses ? (double)counts_remote(counts) / (double)accesses : 0;
}
