// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl peer: the other nodes of a local node's cluster.
 */

#include "../output.h"
#include "../request.h"
#include "../show.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl peer { add | del } cluster NAME node NODE id PEER\n"
	"              [ addr ADDRESS[:PORT] ] [ delay USEC ] [ grace MSEC ]\n"
	"       ssictl peer [ show ] [ cluster NAME ] [ node NODE ] [ id PEER ]\n"
	"\n"
	"\"addr\", \"delay\" and \"grace\" are for \"add\"; \"delay\" is for the transport\n"
	"loop, \"grace\" (default 10000) for all others.\n";

static const struct keyword name[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "id", args_put_u32, SSI_DSM_A_PEER_ID, ARG_REQUIRED },
	{ }
};

static const struct keyword description[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "id", args_put_u32, SSI_DSM_A_PEER_ID, ARG_REQUIRED },
	{ "addr", args_put_addr, SSI_DSM_A_ADDR, 0 },
	{ "delay", args_put_u32, SSI_DSM_A_LINK_DELAY, 0 },
	{ "grace", args_put_u32, SSI_DSM_A_LINK_GRACE, 0 },
	{ }
};

static void show_one(const struct genl_reply *reply)
{
	output_begin_object(NULL);
	show_peer(reply);
	output_end();
}

static int add(int argc, char **argv)
{
	return request_change(SSI_DSM_CMD_PEER_NEW, description, argc, argv);
}

static int del(int argc, char **argv)
{
	return request_change(SSI_DSM_CMD_PEER_DEL, name, argc, argv);
}

static int show(int argc, char **argv)
{
	return request_show(SSI_DSM_CMD_PEER_GET, name, argc, argv, show_one);
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ "add", add },
	{ "delete", del },
	{ }
};

const struct object object_peer = { "peer", usage, commands, NULL, NULL };
