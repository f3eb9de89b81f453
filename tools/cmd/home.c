// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ssictl home: move the homes of blocks between nodes.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "../../acpi/layout.h"
#include "../args.h"
#include "../output.h"
#include "../request.h"
#include "../ssictl.h"

#define PAGE_SHIFT	12
#define BLOCK_PAGES	512u
#define AT_A_TIME	16u	/* blocks: between them, faults get the link */
#define POLL_MS		2
#define REPEAT_MS	200	/* an order may get lost */
#define GIVE_UP_MS	10000

static const char usage[] =
	"Usage: ssictl home move ADDRESS[-ADDRESS] to NODE cluster NAME node NODE region REGION\n"
	"\n"
	"Moves the homes of all blocks of 2 MiB that have a page in the range of addresses of\n"
	"the guest (0x...) to a node. node is the local node that gives the orders. The guest\n"
	"goes on meanwhile; the pages stay where they are.\n";

/**
 * struct range - blocks that are to move
 * @genl: connection to the module
 * @argc, @argv: the keywords
 * @next: first page of the first block that has not moved
 * @end: first page behind the last block
 */
struct range {
	struct genl genl;
	int argc;
	char **argv;
	uint64_t next;
	uint64_t end;
};

static uint32_t target;

static int take_target(struct nl_msg *msg, uint32_t attr, const char *value)
{
	char *end;
	unsigned long id = strtoul(value, &end, 10);

	if (!*value || *end || id > 31) {
		error_as("syntax", "\"%s\" is not a node, 0 to 31", value);
		return -1;
	}
	target = id;
	return attr ? nla_put_u32(msg, attr, target) : 0;
}

#define KEYWORDS(to) { \
	{ "to", take_target, to, ARG_REQUIRED }, \
	{ "cluster", args_put_string, SSI_DSM_A_CLUSTER, ARG_REQUIRED }, \
	{ "node", args_put_u32, SSI_DSM_A_NODE_ID, ARG_REQUIRED }, \
	{ "region", args_put_u32, SSI_DSM_A_REGION_ID, ARG_REQUIRED }, \
	{ } \
}

static const struct keyword order_keywords[] = KEYWORDS(SSI_DSM_A_HOME);
static const struct keyword look_keywords[] = KEYWORDS(0);

/* A request about page @index with the user's keywords. 0 or an exit code. */
static int ask(struct range *range, uint8_t cmd, const struct keyword *keywords,
	       uint64_t index, uint64_t count, genl_fn fn, void *arg)
{
	struct nl_msg *msg = genl_request(cmd);
	int code = EXIT_KERNEL;

	if (!msg)
		error("out of memory");
	else if (args_put(msg, keywords, range->argc, range->argv, NULL))
		code = EXIT_SYNTAX;
	else if (nla_put_u64(msg, SSI_DSM_A_PAGE_INDEX, index) ||
		 (count && nla_put_u64(msg, SSI_DSM_A_PAGE_COUNT, count)))
		error("out of memory");
	else if (genl_call(&range->genl, msg, fn, arg))
		error("%s", range->genl.error);
	else
		code = 0;
	nlmsg_free(msg);
	return code;
}

static void take_home(const struct genl_reply *reply, void *arg)
{
	*(uint32_t *)arg = genl_u32(reply, SSI_DSM_A_HOME);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000) + now.tv_nsec / 1000000;
}

/* Move @range->next on over the blocks that have moved, up to @end. */
static int skip_moved(struct range *range, uint64_t end)
{
	uint32_t home = 0;
	int code = 0;

	while (!code && range->next < end) {
		code = ask(range, SSI_DSM_CMD_PAGE_LOOK, look_keywords,
			   range->next, 0, take_home, &home);
		if (!code && home != target)
			break;
		if (!code)
			range->next += BLOCK_PAGES;
	}
	return code;
}

/* Order the moves up to @end, and wait for them. */
static int move_some(struct range *range, uint64_t end)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };
	uint64_t begin = now_ms(), ordered = 0, before = range->next;
	int code = skip_moved(range, end);

	while (!code && range->next < end) {
		if (range->next > before)
			begin = now_ms();
		before = range->next;
		if (now_ms() - begin > GIVE_UP_MS) {
			error("the home of 0x%" PRIx64 " has not moved to node %u for %u s: is another command moving it?",
			      ssi_layout_address(range->next << PAGE_SHIFT), target,
			      GIVE_UP_MS / 1000);
			return EXIT_KERNEL;
		}
		if (!ordered || now_ms() - ordered > REPEAT_MS) {
			ordered = now_ms();
			code = ask(range, SSI_DSM_CMD_HOME_MOVE, order_keywords,
				   range->next, end - range->next, NULL, NULL);
		}
		nanosleep(&pause, NULL);
		code = code ? code : skip_moved(range, end);
	}
	return code;
}

/* ADDRESS[-ADDRESS], both inclusive; the whole blocks of them. */
static int parse_range(const char *text, struct range *range)
{
	uint64_t first, last, from, to;
	char *end;

	first = strtoull(text, &end, 0);
	last = first;
	if (*text >= '0' && *text <= '9' && *end == '-' && end[1] >= '0' && end[1] <= '9')
		last = strtoull(end + 1, &end, 0);
	if (*text < '0' || *text > '9' || *end || last < first) {
		error_as("syntax", "\"%s\" is neither an address nor a range ADDRESS-ADDRESS", text);
		return EXIT_SYNTAX;
	}
	if (!ssi_layout_offset(first, &from) || !ssi_layout_offset(last, &to)) {
		error("the guest has no memory at %s", text);
		return EXIT_KERNEL;
	}
	range->next = (from >> PAGE_SHIFT) / BLOCK_PAGES * BLOCK_PAGES;
	range->end = ((to >> PAGE_SHIFT) / BLOCK_PAGES + 1) * BLOCK_PAGES;
	return 0;
}

static int move(int argc, char **argv)
{
	struct range range = { .argc = argc - 1, .argv = argv + 1 };
	uint64_t blocks;
	int code;

	if (!argc) {
		error_as("syntax", "an address is missing; try \"ssictl home help\"");
		return EXIT_SYNTAX;
	}
	code = parse_range(argv[0], &range);
	if (code)
		return code;
	blocks = (range.end - range.next) / BLOCK_PAGES;
	if (genl_open(&range.genl)) {
		error("%s", range.genl.error);
		code = EXIT_KERNEL;
	}
	while (!code && range.next < range.end) {
		uint64_t end = range.next + AT_A_TIME * BLOCK_PAGES;

		code = move_some(&range, end < range.end ? end : range.end);
	}
	genl_close(&range.genl);
	if (code)
		return code;
	output_begin_object(NULL);
	output_u64("blocks", "%" PRIu64 " blocks of 2 MiB have", blocks);
	output_u64("home", " their home on node %" PRIu64 " now\n", target);
	output_end();
	output_flush();
	return 0;
}

static const struct command commands[] = {
	{ "move", move },
	{ }
};

const struct object object_home = { "home", usage, commands, NULL, NULL };
