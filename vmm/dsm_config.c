// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * This node's part of the cluster, in the kernel module: the keeper creates it over
 * netlink, which needs CAP_NET_ADMIN, and asks for the states of links.
 */
#include "dsm_config.h"

#include <errno.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

#include "../lib/genl.h"
#include "../uapi/linux/ssi_dsm_genl.h"
#include "dsm.h"
#include "log.h"

static struct {
	const struct options *options;
	struct genl genl;	/* owns what was created */
} dsm;

void dsm_config_open(const struct options *options)
{
	dsm.options = options;
	if (!genl_open(&dsm.genl))
		return;
	if (dsm.genl.err == ENOENT)
		die(EXIT_HOST, "The kernel module ssi_dsm is not loaded; load it with modprobe ssi_dsm.");
	die(EXIT_HOST, "The kernel module ssi_dsm does not answer: %s.",
	    dsm.genl.error);
}

/* A request about this node. */
static struct nl_msg *new_request(enum ssi_dsm_cmd cmd)
{
	struct nl_msg *msg = genl_request(cmd);

	if (!msg || nla_put_string(msg, SSI_DSM_A_CLUSTER,
				   dsm.options->cluster) ||
	    nla_put_u32(msg, SSI_DSM_A_NODE_ID, dsm.options->self))
		die(EXIT_HOST, "The host gives no memory for a netlink message.");
	return msg;
}

/* Call and free. Return: 0 or -errno. */
static int request(struct nl_msg *msg, genl_fn fn, void *arg)
{
	int err = genl_call(&dsm.genl, msg, fn, arg);

	nlmsg_free(msg);
	return err ? -dsm.genl.err : 0;
}

/* For set-up: an invalid request comes from the user's configuration. */
static void must(struct nl_msg *msg, const char *what)
{
	int err = request(msg, NULL, NULL);

	if (err == -EPERM)
		die(EXIT_HOST, "The kernel does not let this user %s; run as root (CAP_NET_ADMIN).",
		    what);
	if (err)
		die(err == -EINVAL || err == -EEXIST || err == -ERANGE ?
			EXIT_USAGE : EXIT_HOST,
		    "The kernel does not %s: %s.", what, dsm.genl.error);
}

static void put_address(struct nl_msg *msg, unsigned int node)
{
	const struct node_options *o = &dsm.options->nodes[node];

	if (nla_put(msg, SSI_DSM_A_ADDR, o->sockaddr_len, &o->sockaddr))
		die(EXIT_HOST, "The host gives no memory for a netlink message.");
}

static uint32_t security_of(const struct options *o)
{
	if (!o->tls)
		return SSI_DSM_SECURITY_NONE;
	return o->tls_encrypt ? SSI_DSM_SECURITY_TLS :
				SSI_DSM_SECURITY_AUTHENTICATED;
}

static void create_node(void)
{
	const struct options *o = dsm.options;
	struct nl_msg *msg = new_request(SSI_DSM_CMD_NODE_NEW);
	char what[64];

	nla_put_u32(msg, SSI_DSM_A_TRANSPORT, o->transport);
	nla_put_u32(msg, SSI_DSM_A_SECURITY, security_of(o));
	nla_put_flag(msg, SSI_DSM_A_SOCKET_OWNER);
	if (!o->loop)
		put_address(msg, o->self);
	snprintf(what, sizeof(what), "create node %u", o->self);
	must(msg, what);
}

static void create_peer(unsigned int node)
{
	const struct options *o = dsm.options;
	struct nl_msg *msg = new_request(SSI_DSM_CMD_PEER_NEW);
	char what[64];

	nla_put_u32(msg, SSI_DSM_A_PEER_ID, node);
	nla_put_u32(msg, SSI_DSM_A_LINK_GRACE, o->link_grace * 1000);
	if (!o->loop)
		put_address(msg, node);
	snprintf(what, sizeof(what), "add node %u as a peer", node);
	must(msg, what);
}

static void create_region(void)
{
	const struct options *o = dsm.options;
	struct nl_msg *msg = new_request(SSI_DSM_CMD_REGION_NEW);

	nla_put_u32(msg, SSI_DSM_A_REGION_ID, DSM_REGION);
	for (unsigned int i = 0; i < o->num_nodes; i++)
		if (genl_put_map(msg, o->nodes[i].id, o->nodes[i].memory))
			die(EXIT_HOST, "The host gives no memory for a netlink message.");
	must(msg, "create the guest's memory");
}

static void set_policy(uint32_t policy, uint64_t value, const char *what)
{
	struct nl_msg *msg = new_request(SSI_DSM_CMD_POLICY_SET);

	nla_put_u32(msg, SSI_DSM_A_REGION_ID, DSM_REGION);
	if (genl_put_policy(msg, policy, value))
		die(EXIT_HOST, "The host gives no memory for a netlink message.");
	must(msg, what);
}

void dsm_config_create(void)
{
	const struct options *o = dsm.options;

	create_node();
	/* The peers first: a region's map names only nodes that are known. */
	for (unsigned int i = 0; i < o->num_nodes; i++)
		if (i != o->self)
			create_peer(i);
	create_region();
	if (o->nodes[o->self].cache)
		set_policy(SSI_DSM_POLICY_CACHE, o->nodes[o->self].cache,
			   "limit the cache of the other nodes' memory");
	if (o->amd_rogpt)
		set_policy(SSI_DSM_POLICY_ROGPT, 1,
			   "let walks of page tables read");
}

void dsm_config_close(void)
{
	genl_close(&dsm.genl);
}

struct link_answer {
	uint32_t state;
	char reason[128];
};

static void keep_link(const struct genl_reply *reply, void *arg)
{
	struct link_answer *answer = arg;

	answer->state = genl_u32(reply, SSI_DSM_A_LINK_STATE);
	snprintf(answer->reason, sizeof(answer->reason), "%s",
		 genl_string(reply, SSI_DSM_A_REASON));
}

int dsm_config_link(unsigned int node, char *text, size_t size)
{
	struct link_answer answer = { .state = SSI_DSM_LINK_DOWN };
	struct nl_msg *msg = new_request(SSI_DSM_CMD_PEER_GET);
	int err;

	nla_put_u32(msg, SSI_DSM_A_PEER_ID, node);
	err = request(msg, keep_link, &answer);
	if (err)
		return err;
	snprintf(text, size, "%s", answer.reason[0] ? answer.reason :
							"no link");
	return answer.state != SSI_DSM_LINK_UP;
}
