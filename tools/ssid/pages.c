// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is known about one page of the guest's memory.
 */
#include "pages.h"

#include <stdio.h>
#include <string.h>

#include "../../acpi/layout.h"
#include "../../lib/genl.h"
#include "../../lib/member.h"
#include "dsm_view.h"
#include "plan.h"
#include "remote.h"

#define REGION		1u	/* ssi-vmm makes one with this id */
#define PAGE_MASK	UINT64_C(4095)

/* Which page, and what gets the results. */
struct look {
	const char *cluster;
	unsigned int node;
	unsigned int region;
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
	json_object_set_new(look->to, "recent_moves",
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

static void take_entry(const struct genl_reply *reply, void *arg)
{
	const struct look *look = arg;

	json_object_set_new(look->to, "moves",
			    json_integer(genl_u64(reply, SSI_DSM_A_PAGE_MOVES)));
	json_object_set_new(look->to, "sharers",
			    list_nodes(genl_u32(reply, SSI_DSM_A_PAGE_SHARERS)));
	if (reply->tb[SSI_DSM_A_PAGE_OWNER])
		json_object_set_new(look->to, "owner",
				    json_integer(genl_u32(reply, SSI_DSM_A_PAGE_OWNER)));
}

static struct nl_msg *entry_request(const struct look *look)
{
	struct nl_msg *request = genl_request(SSI_DSM_CMD_PAGE_LOOK);

	if (request && !nla_put_string(request, SSI_DSM_A_CLUSTER, look->cluster) &&
	    !nla_put_u32(request, SSI_DSM_A_NODE_ID, look->node) &&
	    !nla_put_u32(request, SSI_DSM_A_REGION_ID, look->region) &&
	    !nla_put_u64(request, SSI_DSM_A_PAGE_INDEX, look->index))
		return request;
	nlmsg_free(request);
	return NULL;
}

static void add_moves(struct look *look)
{
	struct nl_msg *request = entry_request(look);
	struct genl genl;

	if (!genl_open(&genl)) {
		if (request)
			genl_call(&genl, request, take_entry, look);
		genl_dump(&genl, SSI_DSM_CMD_PAGE_GET, take_top, look);
	}
	genl_close(&genl);
	nlmsg_free(request);
}

/* ---- its home ---- */

static void take_home(const struct genl_reply *reply, void *arg)
{
	int *home = arg;

	if (reply->tb[SSI_DSM_A_HOME])
		*home = (int)genl_u32(reply, SSI_DSM_A_HOME);
}

/* The home that the first node of this host knows; @home if it cannot say. */
static int present_home(const json_t *plan, uint64_t index, int home)
{
	struct look look = {
		.cluster = json_string_value(json_object_get(plan, "cluster")),
		.region = REGION, .index = index,
	};
	struct nl_msg *request;
	struct genl genl;

	for (look.node = 0; look.node < 32; look.node++) {
		const json_t *node = plan_node(plan, look.node);

		if (node && plan_is_here(node))
			break;
	}
	request = look.node < 32 ? entry_request(&look) : NULL;
	if (!genl_open(&genl) && request)
		genl_call(&genl, request, take_home, &home);
	genl_close(&genl);
	nlmsg_free(request);
	return home;
}

/* By the map. Return: the id, or -1 for an address outside of the memory. */
static int home_of(const json_t *map, uint64_t offset)
{
	json_t *part;
	uint64_t end = 0;
	size_t i;

	json_array_foreach(map, i, part) {
		end += member_number(part, "size");
		if (offset < end)
			return member_number(part, "node");
	}
	return -1;
}

static json_t *look_here(const char *cluster, unsigned int home,
			 uint64_t address, uint64_t offset)
{
	struct look look = {
		.cluster = cluster, .node = home, .region = REGION,
		.index = offset / (PAGE_MASK + 1),
	};

	look.to = json_pack("{s:I, s:i}", "address", (json_int_t)address, "home",
			    (int)home);
	add_moves(&look);
	return look.to;
}

static json_t *look_at(const json_t *plan, uint64_t address, bool further,
		       struct failure *failure)
{
	const char *cluster =
		json_string_value(json_object_get(plan, "cluster"));
	json_t *map = dsm_view_map(plan);
	uint64_t offset;
	bool in_hole = !ssi_layout_offset(address, &offset);
	int home = map && !in_hole ? home_of(map, offset) : -1;
	const json_t *node;
	json_t *view = NULL;
	char path[64];

	if (home >= 0)
		home = present_home(plan, offset / (PAGE_MASK + 1), home);
	node = home < 0 ? NULL : plan_node(plan, home);
	snprintf(path, sizeof(path), "/pages/0x%llx",
		 (unsigned long long)address);
	if (!map)
		rest_fail(failure, 409, "not_running", "The guest does not run on this host");
	else if (!node)
		rest_fail(failure, 404, "no_page", "The guest has no memory at 0x%llx",
			  (unsigned long long)address);
	else if (plan_is_here(node))
		view = look_here(cluster, home, address, offset);
	else if (further)
		view = remote_call(node, "GET", path, NULL, failure);
	else	/* another host asks, which has another map than this one */
		rest_fail(failure, 409, "wrong_host", "The home of the page is node %d, on another host",
			  home);
	json_decref(map);
	return view;
}

json_t *pages_view(uint64_t address, bool further, struct failure *failure)
{
	json_t *plan = plan_get(), *view = NULL;

	if (plan)
		view = look_at(plan, address & ~PAGE_MASK, further, failure);
	else
		rest_fail(failure, 404, "no_cluster", "This host is part of no cluster");
	json_decref(plan);
	return view;
}
