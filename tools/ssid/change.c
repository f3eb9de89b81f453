// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of the cluster's file while the guest runs.
 *
 * A host keeps the new file, from which ssi-vmm starts when the guest resets itself, and
 * sets the policies of its node in the module. All else of a file is fixed when the
 * guest starts.
 */
#include "change.h"

#include <string.h>

#include <linux/ssi_dsm_genl.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "../../lib/genl.h"
#include "../../vmm/dsm.h"
#include "../difference.h"
#include "guest.h"
#include "plan.h"
#include "say.h"

#define NAMES_MAX	512

int change_check(const json_t *old, const json_t *plan, struct failure *failure)
{
	const char *name = json_string_value(json_object_get(old, "cluster"));
	char names[NAMES_MAX];
	json_t *list;

	if (!json_equal(json_object_get(old, "cluster"),
			json_object_get(plan, "cluster")))
		return rest_fail(failure, 409, "cluster_exists", "The cluster %s is up, and a host can be part of one cluster at a time; end it first with ssictl down",
				 name);
	list = difference_list(json_string_value(json_object_get(old, "file")),
			       json_string_value(json_object_get(plan, "file")));
	difference_refused(list, names, sizeof(names));
	json_decref(list);
	if (!names[0])
		return 0;
	return rest_fail(failure, 409, "not_changeable", "The cluster %s is up, and its guest would have to start again for a change of %s; nothing was changed",
			 name, names);
}

/* ---- the module ---- */

static int put_policies(struct nl_msg *msg, const json_t *plan, unsigned int id)
{
	const char *cluster = json_string_value(json_object_get(plan, "cluster"));
	json_t *cache = json_object_get(plan_node(plan, id), "cache");

	return nla_put_string(msg, SSI_DSM_A_CLUSTER, cluster) ||
	       nla_put_u32(msg, SSI_DSM_A_NODE_ID, id) ||
	       nla_put_u32(msg, SSI_DSM_A_REGION_ID, DSM_REGION) ||
	       genl_put_policy(msg, SSI_DSM_POLICY_CACHE, cache ?
			       (uint64_t)json_integer_value(cache) :
			       SSI_DSM_POLICY_AUTO) ||
	       genl_put_policy(msg, SSI_DSM_POLICY_ROGPT,
			       json_is_true(json_object_get(plan, "rogpt")));
}

/* The module takes all policies of one message, or none. */
static int set_policies(const json_t *plan, unsigned int id,
			struct failure *failure)
{
	struct nl_msg *msg = genl_request(SSI_DSM_CMD_POLICY_SET);
	struct genl genl = { 0 };
	int ret = 0;

	if (!msg || put_policies(msg, plan, id))
		ret = rest_fail(failure, 500, "host", "The host has no memory for a netlink message");
	else if (genl_open(&genl) || genl_call(&genl, msg, NULL, NULL))
		ret = rest_fail(failure, 409, "policy_refused", "The module does not take the policies of node %u: %s",
				id, genl.error);
	genl_close(&genl);
	nlmsg_free(msg);
	return ret;
}

static int change(json_t *old, json_t *plan, unsigned int id,
		  struct failure *failure)
{
	struct failure ignored;

	if (!old || !guest_runs(id))
		return rest_fail(failure, 409, "not_running", "Node %u does not run on this host",
				 id);
	if (change_check(old, plan, failure) || set_policies(plan, id, failure))
		return -1;
	if (!plan_keep(plan, failure))
		return 0;
	set_policies(old, id, &ignored);
	return -1;
}

int change_node(json_t *plan, unsigned int id, struct failure *failure)
{
	json_t *old = plan_get();
	int ret = change(old, plan, id, failure);

	json_decref(old);
	return ret;
}
