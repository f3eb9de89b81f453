// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl node: the nodes that live in this kernel.
 */

#include <inttypes.h>

#include "../names.h"
#include "../output.h"
#include "../request.h"
#include "../show.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl node { add | del } cluster NAME id NODE\n"
	"              [ transport { auto | rdma | tcp | loop } ] [ addr ADDRESS[:PORT] ]\n"
	"       ssictl node [ show ] [ cluster NAME ] [ id NODE ]\n"
	"\n"
	"\"transport\" (default auto) and \"addr\" are for \"add\".\n";

static const struct keyword name[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "id", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ }
};

static const struct keyword description[] = {
	{ "cluster", args_put_name, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "id", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "transport", args_put_transport, SSI_DSM_A_TRANSPORT, 0 },
	{ "addr", args_put_addr, SSI_DSM_A_ADDR, 0 },
	{ }
};

static void show_node(const struct genl_reply *reply)
{
	uint32_t transport = genl_u32(reply, SSI_DSM_A_TRANSPORT);

	output_begin_object(NULL);
	output_string("cluster", "cluster %s",
		      genl_string(reply, SSI_DSM_A_CLUSTER));
	output_u64("id", " id %" PRIu64, genl_u32(reply, SSI_DSM_A_NODE_ID));
	output_string("transport", " transport %s",
		      name_transport(transport) ?: "unknown");
	output_string("security", " security %s",
		      name_security(genl_u32(reply, SSI_DSM_A_SECURITY)));
	show_addr(reply);
	output_text("\n");
	output_end();
}

static int add(int argc, char **argv)
{
	return request_change(SSI_DSM_CMD_NODE_NEW, description, argc, argv);
}

static int del(int argc, char **argv)
{
	return request_change(SSI_DSM_CMD_NODE_DEL, name, argc, argv);
}

static int show(int argc, char **argv)
{
	return request_show(SSI_DSM_CMD_NODE_GET, name, argc, argv, show_node);
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ "add", add },
	{ "delete", del },
	{ }
};

const struct object object_node = { "node", usage, commands, NULL, NULL };
