// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl page: the pages that move most often between nodes.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../acpi/layout.h"
#include "../../lib/member.h"
#include "../daemon.h"
#include "../hot_pages.h"
#include "../output.h"
#include "../request.h"
#include "../show.h"
#include "../ssictl.h"
#include "../symbols.h"

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1u << PAGE_SHIFT)
#define NAMES_LEN	256
#define MOVES_MAX	255	/* the directory counts no further */

static const char usage[] =
	"Usage: ssictl page [ top ] [ cluster NAME ] [ node NODE ] [ region REGION ]\n"
	"                  [ symbols FILE ] [ start ADDRESS ]\n"
	"       ssictl page ADDRESS\n"
	"\n"
	"Lists the pages whose home is the local node and whose page owner changed most\n"
	"often of late, with the nodes that had them. The counts are halved every 4096\n"
	"moves. A count is too high by \"error\" at most. With symbols FILE, System.map or\n"
	"/proc/kallsyms of the guest's kernel, the symbols in each page are named; start\n"
	"is the guest-physical address of the kernel's image, if KASLR has moved it.\n"
	"\n"
	"With an ADDRESS of the guest (0x...), tells one page of the running cluster, whichever\n"
	"host has it: its home, its owner, the nodes that may have a copy, and how often it moved.\n";

static uint64_t image_start;

static int take_symbols(struct nl_msg *msg, uint32_t attr, const char *value)
{
	(void)msg;
	(void)attr;
	return symbols_load(value);
}

static int take_start(struct nl_msg *msg, uint32_t attr, const char *value)
{
	char *end;

	(void)msg;
	(void)attr;
	image_start = strtoull(value, &end, 16);
	if (image_start && !*end)
		return 0;
	error("\"%s\" is not an address in hexadecimal", value);
	return -1;
}

static const struct keyword name[] = {
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED },
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED },
	{ "region", args_put_u32, SSI_DSM_A_REGION_ID, ARG_REQUIRED },
	{ "symbols", take_symbols, 0, 0 },
	{ "start", take_start, 0, 0 },
	{ }
};

static void show_nodes(uint32_t nodes)
{
	uint32_t n;

	output_begin_array("nodes");
	for (n = 0; n < 32; n++)
		if (nodes & UINT32_C(1) << n)
			output_u64(NULL, " %" PRIu64, n);
	output_end();
}

static void show_page(const struct hot_page *page)
{
	uint64_t address = ssi_layout_address(page->index << PAGE_SHIFT);
	char names[NAMES_LEN] = "";

	symbols_in(address, PAGE_SIZE, names, sizeof(names));
	output_begin_object(NULL);
	output_u64("address", "    0x%012" PRIx64, address);
	output_u64("moves", " %8" PRIu64, page->moves);
	output_u64("error", " %8" PRIu64 "  nodes", page->error);
	show_nodes(page->nodes);
	if (*names)
		output_string("symbols", "  %s", names);
	output_text("\n");
	output_end();
}

static void show_top(const struct genl_reply *reply)
{
	struct hot_page pages[HOT_PAGES_MAX];
	size_t count = hot_pages_read(reply, pages), i;

	if (image_start)
		symbols_set_start(image_start);
	output_begin_object(NULL);
	show_region_name(reply);
	output_text("    %-14s %8s %8s\n", "address", "moves", "error");
	output_begin_array("pages");
	for (i = 0; i < count; i++)
		show_page(&pages[i]);
	output_end();
	output_end();
}

static int top(int argc, char **argv)
{
	return request_show(SSI_DSM_CMD_PAGE_GET, name, argc, argv, show_top);
}

static const struct command commands[] = {
	{ "top", top },
	{ }
};

/* ---- one page, as ssid of its home says ---- */

static void show_list(const char *key, const json_t *list)
{
	json_t *node;
	size_t i;

	output_begin_array(key);
	json_array_foreach(list, i, node)
		output_u64(NULL, " %" PRIu64, json_integer_value(node));
	output_end();
}

static void show_view(const json_t *view)
{
	output_begin_object(NULL);
	output_u64("address", "0x%012" PRIx64, member_number(view, "address"));
	output_u64("home", " home %" PRIu64, member_number(view, "home"));
	if (json_object_get(view, "owner"))
		output_u64("owner", " owner %" PRIu64, member_number(view, "owner"));
	else
		output_text(" untouched");
	output_text(" sharers");
	show_list("sharers", json_object_get(view, "sharers"));
	output_u64("moves", " moves %" PRIu64, member_number(view, "moves"));
	output_text("%s", member_number(view, "moves") == MOVES_MAX ? " or more" : "");
	if (json_object_get(view, "recent_moves")) {
		output_u64("recent_moves", " recent moves %" PRIu64 " of nodes",
			   member_number(view, "recent_moves"));
		show_list("nodes", json_object_get(view, "nodes"));
	}
	output_text("\n");
	output_end();
	output_flush();
}

static int one(int argc, char **argv)
{
	char path[64], *end;
	uint64_t address = strtoull(argv[0], &end, 0);
	json_t *view;

	if (*argv[0] < '0' || *argv[0] > '9' || *end) {
		error_as("syntax", "\"%s\" is neither a command nor an address; try \"ssictl page help\"",
			 argv[0]);
		return EXIT_SYNTAX;
	}
	if (argc > 1)
		return ssictl_refuse_word(argv[1]);
	snprintf(path, sizeof(path), "/pages/0x%" PRIx64, address);
	view = daemon_call("GET", path, NULL);
	if (!view)
		return EXIT_KERNEL;
	show_view(view);
	json_decref(view);
	return 0;
}

const struct object object_page = { "page", usage, commands, NULL, one };
