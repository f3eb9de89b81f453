// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one node of this host has counted for the planner: remote faults from the module,
 * busy time of CPUs from ssi-vmm.
 */
#include "touches.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/ssi_dsm.h>

#include "../../lib/genl.h"
#include "../../lib/member.h"
#include "../counts.h"
#include "control.h"
#include "guest.h"
#include "plan.h"

#define BLOCK_KIB	2048
#define RESERVE		4	/* a quarter of the host's free memory is left to it */

/* Whose counters, and where they go. */
struct part {
	const char *cluster;
	unsigned int node;
	json_t *to;
};

static bool is_ours(const struct genl_reply *reply, const struct part *part)
{
	return !strcmp(genl_string(reply, SSI_DSM_A_CLUSTER), part->cluster) &&
	       genl_u32(reply, SSI_DSM_A_NODE_ID) == part->node;
}

/* ---- remote faults ---- */

static json_int_t number(struct nlattr **tb, int attr)
{
	return tb[attr] ? nla_get_u32(tb[attr]) : 0;
}

static void take_touch(struct nlattr *attr, const struct part *part)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
	int cpu;

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL))
		return;
	cpu = tb[SSI_DSM_A_TOUCH_CPU] ? (int)nla_get_u32(tb[SSI_DSM_A_TOUCH_CPU]) : -1;
	if (nla_type(attr) == SSI_DSM_A_SERVED)
		json_array_append_new(json_object_get(part->to, "served"),
				      json_pack("[i, I, I]", cpu,
						number(tb, SSI_DSM_A_PEER_ID),
						number(tb, SSI_DSM_A_TOUCH_READS)));
	else if (tb[SSI_DSM_A_BLOCK_INDEX])
		json_array_append_new(json_object_get(part->to, "touches"),
				      json_pack("[I, i, I, I, I, I]",
						(json_int_t)nla_get_u64(tb[SSI_DSM_A_BLOCK_INDEX]),
						cpu, number(tb, SSI_DSM_A_TOUCH_READS),
						number(tb, SSI_DSM_A_TOUCH_WRITES),
						number(tb, SSI_DSM_A_TOUCH_GUESSES),
						number(tb, SSI_DSM_A_BLOCK_HOME)));
}

static void take_touches(const struct genl_reply *reply, void *arg)
{
	const struct part *part = arg;
	struct nlattr *attr;
	int rem;

	if (!is_ours(reply, part))
		return;
	json_object_set_new(part->to, "clock",
			    json_integer(genl_u32(reply, SSI_DSM_A_HEAT_CLOCK)));
	nla_for_each_attr(attr, reply->attrs, reply->len, rem)
		if (nla_type(attr) == SSI_DSM_A_TOUCH ||
		    nla_type(attr) == SSI_DSM_A_SERVED)
			take_touch(attr, part);
}

static void take_counts(const struct genl_reply *reply, void *arg)
{
	const struct part *part = arg;
	struct counts counts;
	uint64_t ns;

	if (!is_ours(reply, part) || counts_read(reply, &counts))
		return;
	ns = counts.classes[SSI_DSM_CLASS_READ_REMOTE].sum_ns +
	     counts.classes[SSI_DSM_CLASS_WRITE_REMOTE].sum_ns +
	     counts.classes[SSI_DSM_CLASS_UPGRADE].sum_ns;
	json_object_set_new(part->to, "faults", json_integer(counts_remote(&counts)));
	json_object_set_new(part->to, "fault_ns", json_integer(ns));
}

static void take_policies(const struct genl_reply *reply, void *arg)
{
	const struct part *part = arg;
	struct nlattr *tb[SSI_DSM_A_MAX + 1], *attr;
	uint64_t value;
	int rem;

	if (!is_ours(reply, part))
		return;
	nla_for_each_attr(attr, reply->attrs, reply->len, rem) {
		if (nla_type(attr) != SSI_DSM_A_POLICY ||
		    nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
		    !tb[SSI_DSM_A_POLICY_ID] || !tb[SSI_DSM_A_POLICY_VALUE] ||
		    nla_get_u32(tb[SSI_DSM_A_POLICY_ID]) != SSI_DSM_POLICY_HOLD)
			continue;
		value = nla_get_u64(tb[SSI_DSM_A_POLICY_VALUE]);
		json_object_set_new(part->to, "hold_us",
				    json_integer(value == SSI_DSM_POLICY_AUTO ? 0 : value));
	}
}

/* ---- the host ---- */

/* Each of the plan's nodes on this host has its share. */
static unsigned int nodes_here(const json_t *plan)
{
	unsigned int count = 0;
	json_t *node;
	size_t i;

	json_array_foreach(json_object_get(plan, "nodes"), i, node)
		count += plan_is_here(node);
	return count ? count : 1;
}

static json_int_t available_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	long long kib = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lld", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

static void add_host(json_t *view, const json_t *plan, unsigned int id)
{
	json_int_t cpus = member_number(plan_node(plan, id), "cpus");
	json_int_t share = sysconf(_SC_NPROCESSORS_ONLN) / nodes_here(plan);
	json_int_t kib = available_kib() / nodes_here(plan);

	json_object_set_new(view, "slots", json_integer(share > cpus ? share : cpus));
	json_object_set_new(view, "room",
			    json_integer((kib - kib / RESERVE) / BLOCK_KIB));
}

/* The CPUs that are real here, with the time that they were busy. */
static int add_cpus(json_t *view, unsigned int id, struct failure *failure)
{
	json_t *state = control_node(id, failure), *list, *cpu;
	json_t *cpus = json_array();
	size_t i;

	if (!state) {
		json_decref(cpus);
		return -1;
	}
	list = json_object_get(json_object_get(state, "statistics"), "cpus");
	json_array_foreach(list, i, cpu)
		json_array_append_new(cpus, json_pack("{s:I, s:I}", "cpu",
						      (json_int_t)member_number(cpu, "cpu"),
						      "busy_ns",
						      (json_int_t)member_number(cpu, "busy_ns")));
	json_object_set_new(view, "cpus", cpus);
	json_decref(state);
	return 0;
}

json_t *touches_view(unsigned int id, struct failure *failure)
{
	json_t *plan = plan_get();
	struct part part = {
		.cluster = member_text(plan, "cluster"), .node = id,
		.to = json_pack("{s:[], s:[]}", "touches", "served"),
	};
	bool answers = false;
	struct genl genl;

	if (plan && plan_node(plan, id) && !add_cpus(part.to, id, failure)) {
		answers = !genl_open(&genl) &&
			  !genl_dump(&genl, SSI_DSM_CMD_TOUCH_GET, take_touches, &part) &&
			  !genl_dump(&genl, SSI_DSM_CMD_STATS_GET, take_counts, &part) &&
			  !genl_dump(&genl, SSI_DSM_CMD_POLICY_GET, take_policies, &part);
		if (!answers)
			rest_fail(failure, 409, "not_running", "The module does not tell the faults of node %u: %s",
				  id, genl.error);
		genl_close(&genl);
		add_host(part.to, plan, id);
	} else if (!plan || !plan_node(plan, id)) {
		rest_fail(failure, 404, "no_node", "This host's cluster has no node %u", id);
	}
	json_decref(plan);
	if (answers)
		return part.to;
	json_decref(part.to);
	return NULL;
}
