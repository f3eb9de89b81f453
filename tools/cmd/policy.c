// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl policy: the settings of a region on a local node.
 */

#include <inttypes.h>
#include <stdio.h>

#include "../names.h"
#include "../output.h"
#include "../request.h"
#include "../show.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl policy [ show ] [ cluster NAME ] [ node NODE ] [ region REGION ]\n"
	"       ssictl policy set cluster NAME node NODE region REGION\n"
	"              [ hold { USEC | auto } ] [ spin { USEC | auto } ]\n"
	"              [ ahead PAGES ] [ cache { SIZE | auto } ]\n"
	"              [ huge { 0 | 1 } ] [ rogpt { 0 | 1 } ]\n";

static const struct keyword name[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "region", args_put_u32, SSI_DSM_A_REGION_ID, ARG_REQUIRED },
	{ }
};

static const struct keyword settings[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "region", args_put_u32, SSI_DSM_A_REGION_ID, ARG_REQUIRED },
	{ "hold", args_put_policy, SSI_DSM_POLICY_HOLD, 0 },
	{ "spin", args_put_policy, SSI_DSM_POLICY_SPIN, 0 },
	{ "ahead", args_put_policy, SSI_DSM_POLICY_AHEAD, 0 },
	{ "cache", args_put_policy, SSI_DSM_POLICY_CACHE, 0 },
	{ "huge", args_put_policy, SSI_DSM_POLICY_HUGE, 0 },
	{ "rogpt", args_put_policy, SSI_DSM_POLICY_ROGPT, 0 },
	{ }
};

/* In JSON "auto" is a string. */
static void show_value(const char *key, uint64_t value)
{
	if (value == SSI_DSM_POLICY_AUTO)
		output_string(key, " %12s", "auto");
	else
		output_u64(key, " %12" PRIu64, value);
}

static void show_policy(struct nlattr *attr)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
	uint32_t id;

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
	    !tb[SSI_DSM_A_POLICY_ID] || !tb[SSI_DSM_A_POLICY_VALUE] ||
	    !tb[SSI_DSM_A_POLICY_DEFAULT] || !tb[SSI_DSM_A_POLICY_MIN] ||
	    !tb[SSI_DSM_A_POLICY_MAX])
		return;
	id = nla_get_u32(tb[SSI_DSM_A_POLICY_ID]);
	output_begin_object(NULL);
	output_string("policy", "    %-8s", name_policy(id));
	show_value("value", nla_get_u64(tb[SSI_DSM_A_POLICY_VALUE]));
	show_value("default", nla_get_u64(tb[SSI_DSM_A_POLICY_DEFAULT]));
	show_value("min", nla_get_u64(tb[SSI_DSM_A_POLICY_MIN]));
	output_u64("max", " %18" PRIu64, nla_get_u64(tb[SSI_DSM_A_POLICY_MAX]));
	output_string("unit", " %s", name_policy_unit(id));
	output_text("%s\n", tb[SSI_DSM_A_POLICY_AUTO] ? ", or auto" : "");
	output_end();
}

static void show_policies(const struct genl_reply *reply)
{
	struct nlattr *attr;
	int rem;

	output_begin_object(NULL);
	show_region_name(reply);
	output_text("    %-8s %12s %12s %12s %18s %s\n", "policy", "value",
		    "default", "min", "max", "unit");
	output_begin_array("policies");
	nla_for_each_attr(attr, reply->attrs, reply->len, rem)
		if (nla_type(attr) == SSI_DSM_A_POLICY)
			show_policy(attr);
	output_end();
	output_end();
}

static int show(int argc, char **argv)
{
	return request_show(SSI_DSM_CMD_POLICY_GET, name, argc, argv,
			    show_policies);
}

static int set(int argc, char **argv)
{
	return request_change(SSI_DSM_CMD_POLICY_SET, settings, argc, argv);
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ "set", set },
	{ }
};

const struct object object_policy = { "policy", usage, commands, NULL, NULL };
