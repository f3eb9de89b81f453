// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl link: the links between all nodes of the running cluster, as each end sees it.
 */

#include <inttypes.h>

#include "../../lib/member.h"
#include "../daemon.h"
#include "../output.h"
#include "../ssictl.h"

static const char usage[] =
	"Usage: ssictl [ -s ] link [ show ]\n"
	"\n"
	"Lists the links of all nodes of the running cluster, as ssid of each host sees them;\n"
	"-s adds messages and bytes. \"ssictl peer\" has the links of this kernel only.\n";

static void show_counters(const json_t *link)
{
	output_u64("rx_messages", "    received %" PRIu64 " messages", member_number(link, "rx_messages"));
	output_u64("rx_bytes", " %" PRIu64 " bytes", member_number(link, "rx_bytes"));
	output_u64("tx_messages", " sent %" PRIu64 " messages", member_number(link, "tx_messages"));
	output_u64("tx_bytes", " %" PRIu64 " bytes\n", member_number(link, "tx_bytes"));
}

static void show_link(const json_t *node, const json_t *link)
{
	output_begin_object(NULL);
	output_u64("node", "node %" PRIu64, member_number(node, "id"));
	output_u64("peer", " to node %" PRIu64, member_number(link, "peer"));
	output_string("state", " %s", member_text(link, "state"));
	output_string("transport", " transport %s", member_text(link, "transport"));
	output_string("security", " security %s", member_text(link, "security"));
	if (json_object_get(link, "reason"))
		output_string("reason", " (%s)", member_text(link, "reason"));
	output_text("\n");
	if (ssictl_statistics)
		show_counters(link);
	output_end();
}

static int show(int argc, char **argv)
{
	json_t *view, *node, *link;
	size_t i, j;

	if (argc)
		return ssictl_refuse_word(argv[0]);
	view = daemon_call("GET", "/cluster", NULL);
	if (!view)
		return EXIT_KERNEL;
	output_begin_array(NULL);
	json_array_foreach(json_object_get(view, "nodes"), i, node)
		json_array_foreach(json_object_get(node, "links"), j, link)
			show_link(node, link);
	output_end();
	output_flush();
	json_decref(view);
	return 0;
}

static const struct command commands[] = {
	{ "show", show },
	{ "list", show },
	{ }
};

const struct object object_link = { "link", usage, commands, NULL, NULL };
