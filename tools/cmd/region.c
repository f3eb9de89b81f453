// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl region: the memory of a guest, as one local node holds it.
 */

#include "../output.h"
#include "../request.h"
#include "../show.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl region add cluster NAME node NODE id REGION\n"
	"              map NODE:SIZE [ map NODE:SIZE ]...\n"
	"       ssictl region del cluster NAME node NODE id REGION\n"
	"       ssictl region [ show ] [ cluster NAME ] [ node NODE ] [ id REGION ]\n"
	"\n"
	"The parts of the map are in ascending order of addresses. SIZE is a number of\n"
	"bytes, or a number with K, M, G or T; it must be a multiple of 2M.\n";

static const struct keyword name[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "id", args_put_u32, SSI_DSM_A_REGION_ID, ARG_REQUIRED },
	{ }
};

static const struct keyword description[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "id", args_put_u32, SSI_DSM_A_REGION_ID, ARG_REQUIRED },
	{ "map", args_put_map, SSI_DSM_A_MAP, ARG_REQUIRED | ARG_MANY },
	{ }
};

static void show_one(const struct genl_reply *reply)
{
	output_begin_object(NULL);
	show_region(reply);
	output_end();
}

static int add(int argc, char **argv)
{
	return request_change(SSI_DSM_CMD_REGION_NEW, description, argc, argv);
}

static int del(int argc, char **argv)
{
	return request_change(SSI_DSM_CMD_REGION_DEL, name, argc, argv);
}

static int show(int argc, char **argv)
{
	return request_show(SSI_DSM_CMD_REGION_GET, name, argc, argv, show_one);
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ "add", add },
	{ "delete", del },
	{ }
};

const struct object object_region = { "region", usage, commands, NULL, NULL };
