// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl monitor: changes of links and regions, as they happen.
 */

#include "../output.h"
#include "../request.h"
#include "../show.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl monitor [ all | peer | region ]\n"
	"\n"
	"Prints a peer or region whenever its state changes, until it is interrupted;\n"
	"with -j one JSON object a line.\n";

static void show_event(const char *event, const struct genl_reply *reply,
		       show_fn show)
{
	output_begin_object(NULL);
	output_string("event", "%s: ", event);
	show(reply);
	output_end();
	output_flush();
}

static void show_peers(const struct genl_reply *reply)
{
	if (reply->cmd == SSI_DSM_CMD_PEER_GET)
		show_event("peer", reply, show_peer);
}

static void show_regions(const struct genl_reply *reply)
{
	if (reply->cmd == SSI_DSM_CMD_REGION_GET)
		show_event("region", reply, show_region);
}

static void show_all(const struct genl_reply *reply)
{
	show_peers(reply);
	show_regions(reply);
}

static int monitor(int argc, char **argv, show_fn show)
{
	if (!argc)
		return request_events(show);
	error("\"%s\" is not a keyword of this command", argv[0]);
	return EXIT_SYNTAX;
}

static int all(int argc, char **argv)
{
	return monitor(argc, argv, show_all);
}

static int peers(int argc, char **argv)
{
	return monitor(argc, argv, show_peers);
}

static int regions(int argc, char **argv)
{
	return monitor(argc, argv, show_regions);
}

static const struct command commands[] = {
	{ "all", all },
	{ "peer", peers },
	{ "region", regions },
	{ }
};

const struct object object_monitor = { "monitor", usage, commands, NULL, NULL };
