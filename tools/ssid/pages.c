// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is known about one page of the guest's memory.
 */
#include "pages.h"

#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "../../lib/genl.h"
#include "dsm_view.h"
#include "plan.h"
#include "remote.h"

#define PAGE_MASK	UINT64_C(4095)
/* The guest's memory has a hole before 4 GiB; the region has none. */
#define HOLE		UINT64_C(0xb0000000)
#define HOLE_END	(UINT64_C(1) << 32)

/* Which page, and what gets the results. */
struct look {
	const char *cluster;
	unsigned int node;
	uint64_t index;
	json_t *to;
};

/* ---- what its home counts ---- */

static json_t *list_nodes(uint32_t mask)
{
	json_t *nodes = json_array();

	for (int n = 0; n < 32; n++)
		if (mask & UINT32_C(1) << n)
			json_array_append_new(nodes, json_integer(n));
	return nodes;
}

static void take_page(struct nlattr *attr, const struct look *look)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
	    !tb[SSI_DSM_A_PAGE_INDEX] || !tb[SSI_DSM_A_PAGE_MOVES] ||
	    !tb[SSI_DSM_A_PAGE_NODES] ||
	    nla_get_u64(tb[SSI_DSM_A_PAGE_INDEX]) != look->index)
		return;
	json_object_set_new(look->to, "moves",
			    json_integer(nla_get_u64(tb[SSI_DSM_A_PAGE_MOVES])));
	if (tb[SSI_DSM_A_PAGE_ERROR])
		json_object_set_new(look->to, "error",
				    json_integer(nla_get_u64(tb[SSI_DSM_A_PAGE_ERROR])));
	json_object_set_new(look->to, "nodes",
			    list_nodes(nla_get_u32(tb[SSI_DSM_A_PAGE_NODES])));
}

static void take_top(const struct genl_reply *reply, void *arg)
{
	const struct look *look = arg;
	struct nlattr *attr;
	int rem;

	if (strcmp(genl_string(reply, SSI_DSM_A_CLUSTER), look->cluster) ||
	    genl_u32(reply, SSI_DSM_A_NODE_ID) != look->node)
		return;
	nla_for_each_attr(attr, reply->attrs, reply->len, rem)
		if (nla_type(attr) == SSI_DSM_A_PAGE)
			take_page(attr, look);
}

static void add_moves(struct look *look)
{
	struct nl_msg *request = genl_request(SSI_DSM_CMD_PAGE_GET);
	struct genl genl;

	if (!request)
		return;
	nlmsg_hdr(request)->nlmsg_flags |= NLM_F_DUMP;
	if (!genl_open(&genl))
		genl_call(&genl, request, take_top, look);
	genl_close(&genl);
	nlmsg_free(request);
}

/* ---- its home ---- */

/* The map that a node of this host has, or NULL. */
static json_t *find_map(const json_t *plan, const char *cluster)
{
	json_t *node, *region = NULL, *map = NULL;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node) {
		if (!map && plan_is_here(node))
			region = dsm_view_region(cluster, plan_node_id(node));
		if (region)
			map = json_incref(json_object_get(region, "map"));
		json_decref(region);
		region = NULL;
	}
	return map;
}

/* Return: the id of the node, or -1 for an address outside of the memory. */
static int home_of(const json_t *map, uint64_t offset)
{
	json_t *part;
	uint64_t end = 0;
	size_t i;

	json_array_foreach(map, i, part) {
		end += json_integer_value(json_object_get(part, "size"));
		if (offset < end)
			return json_integer_value(json_object_get(part, "node"));
	}
	return -1;
}

static json_t *look_here(const char *cluster, unsigned int home,
			 uint64_t address, uint64_t offset)
{
	struct look look = {
		.cluster = cluster, .node = home,
		.index = offset / (PAGE_MASK + 1),
	};

	look.to = json_pack("{s:I, s:i}", "address", (json_int_t)address, "home",
			    (int)home);
	add_moves(&look);
	return look.to;
}

static json_t *look_at(const json_t *plan, uint64_t address,
		       struct failure *failure)
{
	const char *cluster =
		json_string_value(json_object_get(plan, "cluster"));
	json_t *map = find_map(plan, cluster);
	bool in_hole = address >= HOLE && address < HOLE_END;
	uint64_t offset = address < HOLE ? address : address - HOLE_END + HOLE;
	int home = map && !in_hole ? home_of(map, offset) : -1;
	const json_t *node = home < 0 ? NULL : plan_node(plan, home);
	json_t *view = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/pages/0x%llx",
		 (unsigned long long)address);
	if (!map)
		rest_fail(failure, 409, "not_running", "The guest does not run on this host");
	else if (!node)
		rest_fail(failure, 404, "no_page", "The guest has no memory at 0x%llx",
			  (unsigned long long)address);
	else if (plan_is_here(node))
		view = look_here(cluster, home, address, offset);
	else
		view = remote_call(node, "GET", path, NULL, failure);
	json_decref(map);
	return view;
}

json_t *pages_view(uint64_t address, struct failure *failure)
{
	json_t *plan = plan_get(), *view = NULL;

	if (plan)
		view = look_at(plan, address & ~PAGE_MASK, failure);
	else
		rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	json_decref(plan);
	return view;
}
