// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel module says about a node, as JSON.
 */
#include "dsm_view.h"

#include <stdbool.h>
#include <string.h>

#include "../../lib/genl.h"
#include "../../lib/member.h"
#include "../../lib/name.h"
#include "../names.h"
#include "plan.h"

/* Whose objects to take, and where they go. */
struct view {
	const char *cluster;
	unsigned int node;
	json_t *to;
};

/* The kernel's texts may have names from outside. */
static json_t *text(const char *from)
{
	char printed[512];

	name_print(from, printed, sizeof(printed));
	return json_string(printed);
}

static bool is_ours(const struct genl_reply *reply, const struct view *view)
{
	return !strcmp(genl_string(reply, SSI_DSM_A_CLUSTER), view->cluster) &&
	       genl_u32(reply, SSI_DSM_A_NODE_ID) == view->node;
}

static void add_reason(const struct genl_reply *reply, json_t *object)
{
	if (reply->tb[SSI_DSM_A_REASON])
		json_object_set_new(object, "reason",
				    text(genl_string(reply, SSI_DSM_A_REASON)));
}

static void take_link(const struct genl_reply *reply, void *arg)
{
	struct view *view = arg;
	json_t *link;

	if (!is_ours(reply, view))
		return;
	link = json_pack("{s:i, s:s, s:s, s:s}",
			 "peer", (int)genl_u32(reply, SSI_DSM_A_PEER_ID),
			 "state", name_link_state(genl_u32(reply, SSI_DSM_A_LINK_STATE)),
			 "transport", name_transport(genl_u32(reply, SSI_DSM_A_TRANSPORT)) ?: "unknown",
			 "security", name_security(genl_u32(reply, SSI_DSM_A_SECURITY)));
	json_object_set_new(link, "rx_messages", json_integer(genl_u64(reply, SSI_DSM_A_RX_MSGS)));
	json_object_set_new(link, "tx_messages", json_integer(genl_u64(reply, SSI_DSM_A_TX_MSGS)));
	json_object_set_new(link, "rx_bytes", json_integer(genl_u64(reply, SSI_DSM_A_RX_BYTES)));
	json_object_set_new(link, "tx_bytes", json_integer(genl_u64(reply, SSI_DSM_A_TX_BYTES)));
	add_reason(reply, link);
	json_array_append_new(view->to, link);
}

static void add_map(const struct genl_reply *reply, json_t *region)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1], *attr;
	json_t *map = json_array();
	json_int_t node, size;
	int rem;

	nla_for_each_attr(attr, reply->attrs, reply->len, rem) {
		if (nla_type(attr) != SSI_DSM_A_MAP ||
		    nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
		    !tb[SSI_DSM_A_MAP_NODE] || !tb[SSI_DSM_A_MAP_SIZE])
			continue;
		node = nla_get_u32(tb[SSI_DSM_A_MAP_NODE]);
		size = nla_get_u64(tb[SSI_DSM_A_MAP_SIZE]);
		json_array_append_new(map, json_pack("{s:I, s:I}", "node", node,
						     "size", size));
	}
	json_object_set_new(region, "map", map);
}

static void take_region(const struct genl_reply *reply, void *arg)
{
	struct view *view = arg;

	if (!is_ours(reply, view) || json_object_size(view->to))
		return;
	json_object_set_new(view->to, "state",
			    json_string(name_region_state(genl_u32(reply, SSI_DSM_A_REGION_STATE))));
	add_reason(reply, view->to);
	add_map(reply, view->to);
}

static void dump(uint8_t cmd, genl_fn fn, struct view *view)
{
	struct genl genl;

	if (!genl_open(&genl))
		genl_dump(&genl, cmd, fn, view);
	genl_close(&genl);
}

json_t *dsm_view_links(const char *cluster, unsigned int node)
{
	struct view view = { cluster, node, json_array() };

	dump(SSI_DSM_CMD_PEER_GET, take_link, &view);
	return view.to;
}

json_t *dsm_view_region(const char *cluster, unsigned int node)
{
	struct view view = { cluster, node, json_object() };

	dump(SSI_DSM_CMD_REGION_GET, take_region, &view);
	if (json_object_size(view.to))
		return view.to;
	json_decref(view.to);
	return NULL;
}

json_t *dsm_view_map(const json_t *plan)
{
	const char *cluster =
		json_string_value(json_object_get(plan, "cluster"));
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

uint64_t dsm_view_size(const json_t *plan)
{
	json_t *map = dsm_view_map(plan), *part;
	uint64_t size = 0;
	size_t i;

	json_array_foreach(map, i, part)
		size += member_number(part, "size");
	json_decref(map);
	return size;
}
