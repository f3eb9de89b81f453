// SPDX-License-Identifier: GPL-2.0-or-later
/* heat [loop|rdma|tcp NODES]: owners, sharers and moves of pages, by page and by block. */
#include <errno.h>
#include <string.h>

#include "../../lib/genl.h"
#include "../unit/tap.h"
#include "libcluster.h"

#define BLOCK	(2u << 20)
#define MOVES	6u

static struct cluster cluster;
static struct genl genl;
static volatile uint64_t *views[NODES_MAX];

/* ---- a page ---- */

struct page {
	uint32_t home;
	bool has_owner;
	uint32_t owner, sharers;
	uint64_t moves;
};

static void take_page(const struct genl_reply *reply, void *arg)
{
	struct page *page = arg;

	page->home = genl_u32(reply, SSI_DSM_A_HOME);
	page->has_owner = reply->tb[SSI_DSM_A_PAGE_OWNER];
	page->owner = genl_u32(reply, SSI_DSM_A_PAGE_OWNER);
	page->sharers = genl_u32(reply, SSI_DSM_A_PAGE_SHARERS);
	page->moves = genl_u64(reply, SSI_DSM_A_PAGE_MOVES);
}

/* 0 or a negative errno. */
static int look(uint32_t node, uint64_t index, struct page *page)
{
	struct nl_msg *request = genl_request(SSI_DSM_CMD_PAGE_LOOK);
	int ret;

	*page = (struct page){ };
	nla_put_string(request, SSI_DSM_A_CLUSTER, cluster.name);
	nla_put_u32(request, SSI_DSM_A_NODE_ID, node);
	nla_put_u32(request, SSI_DSM_A_REGION_ID, REGION);
	nla_put_u64(request, SSI_DSM_A_PAGE_INDEX, index);
	ret = genl_call(&genl, request, take_page, page) ? -genl.err : 0;
	nlmsg_free(request);
	return ret;
}

static bool is_page(uint64_t index, uint32_t owner, uint32_t sharers,
		    uint64_t moves)
{
	struct page page;
	int ret = look(0, index, &page);

	tap_diag("page %llu: %d, owner %u, sharers %#x, %llu moves",
		 (unsigned long long)index, ret, page.owner, page.sharers,
		 (unsigned long long)page.moves);
	return !ret && page.has_owner && page.owner == owner &&
	       page.sharers == sharers && page.moves == moves;
}

/* The home hears of the end of a transaction a little after the fault. */
static bool becomes(uint64_t index, uint32_t owner, uint32_t sharers,
		    uint64_t moves)
{
	uint64_t until = now_ms() + DEADLINE_MS;
	struct page page;

	do {
		look(0, index, &page);
	} while ((page.owner != owner || page.sharers != sharers ||
		  page.moves != moves) && now_ms() < until);
	return is_page(index, owner, sharers, moves);
}

static void test_page(void)
{
	uint64_t words = PAGE / sizeof(uint64_t);
	struct page page;

	tap_ok(!look(0, 3, &page) && !page.has_owner && !page.sharers &&
	       !page.moves, "an untouched page has no owner");
	views[1][3 * words] = 1;
	tap_ok(becomes(3, 1, 2, 0), "the first node that touches it owns it");
	(void)views[0][3 * words];
	tap_ok(becomes(3, 1, 3, 0), "a reader is a sharer");
	for (uint32_t i = 0; i < MOVES; i++)
		views[i & 1][3 * words] = i;
	tap_ok(becomes(3, 1, 2, MOVES), "each change of the owner is a move");
	for (uint32_t i = 0; i < 300; i++)
		views[i & 1][3 * words] = i;
	tap_ok(becomes(3, 1, 2, 255), "more than 255 are told as 255");
}

static void test_refusals(void)
{
	struct page page;

	tap_ok(look(0, cluster_size(&cluster) / PAGE, &page) == -ENOENT,
	       "a page behind the region is refused: %s", genl.error);
	tap_ok(!look(1, 3, &page) && !page.home && !page.has_owner,
	       "a node that is not the home names the home");
	tap_ok(look(7, 3, &page) == -ENOENT, "a node that is not there: %s",
	       genl.error);
}

/* ---- blocks ---- */

struct heat {
	uint32_t node;
	uint32_t messages, blocks;
	uint64_t last;
	uint32_t moves, shared;
	uint64_t owned[SSI_DSM_MAX_NODES];
	bool bad;
};

static void take_block(struct nlattr *attr, struct heat *heat)
{
	struct nlattr *tb[SSI_DSM_A_MAX + 1];
	uint16_t owners[SSI_DSM_MAX_NODES];
	uint64_t index;

	if (nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
	    !tb[SSI_DSM_A_BLOCK_INDEX] || !tb[SSI_DSM_A_BLOCK_OWNERS] ||
	    !tb[SSI_DSM_A_BLOCK_MOVES] || !tb[SSI_DSM_A_BLOCK_SHARED] ||
	    nla_len(tb[SSI_DSM_A_BLOCK_OWNERS]) != sizeof(owners)) {
		heat->bad = true;
		return;
	}
	index = nla_get_u64(tb[SSI_DSM_A_BLOCK_INDEX]);
	heat->bad |= heat->blocks && index <= heat->last;
	heat->last = index;
	heat->blocks++;
	heat->moves += nla_get_u32(tb[SSI_DSM_A_BLOCK_MOVES]);
	heat->shared += nla_get_u32(tb[SSI_DSM_A_BLOCK_SHARED]);
	memcpy(owners, nla_data(tb[SSI_DSM_A_BLOCK_OWNERS]), sizeof(owners));
	for (int n = 0; n < SSI_DSM_MAX_NODES; n++)
		heat->owned[n] += owners[n];
}

static void take_heat(const struct genl_reply *reply, void *arg)
{
	struct heat *heat = arg;
	struct nlattr *attr;
	int rem;

	if (genl_u32(reply, SSI_DSM_A_NODE_ID) != heat->node)
		return;
	heat->messages++;
	nla_for_each_attr(attr, reply->attrs, reply->len, rem)
		if (nla_type(attr) == SSI_DSM_A_BLOCK)
			take_block(attr, heat);
}

static struct heat heat_of(uint32_t node)
{
	struct heat heat = { .node = node };

	if (genl_dump(&genl, SSI_DSM_CMD_HEAT_GET, take_heat, &heat))
		tap_diag("%s", genl.error);
	tap_diag("node %u: %u messages, %u blocks, owned %llu and %llu, shared %u, %u moves",
		 node, heat.messages, heat.blocks,
		 (unsigned long long)heat.owned[0],
		 (unsigned long long)heat.owned[1], heat.shared, heat.moves);
	return heat;
}

/* Pages that moved above: the read of @from by @to does not count as a move. */
static void test_blocks(void)
{
	uint64_t words = PAGE / sizeof(uint64_t), blocks = cluster.each / BLOCK;
	struct heat heat, other;

	/* one page of each block of node 0, by node 1; the first was there before */
	for (uint64_t i = 0; i < blocks; i++)
		views[1][(i * BLOCK / PAGE + 5) * words] = 1;
	(void)views[0][5 * words];
	tap_ok(becomes(5, 1, 3, 0), "a page of the first block is shared");
	heat = heat_of(0);
	tap_ok(!heat.bad && heat.blocks == blocks && heat.owned[1] == blocks + 1 &&
	       heat.shared == 1, "all blocks are told once, in order, with their owners");
	tap_ok(heat.messages > 1, "in several messages: %u", heat.messages);
	tap_ok(heat.moves == MOVES + 300, "all moves are counted: %u", heat.moves);
	other = heat_of(1);
	tap_ok(!other.blocks && !other.owned[0] && !other.owned[1],
	       "nobody has touched what node 1 is home of");
}

/* ---- touches ---- */

/**
 * struct touches - remote faults that a node tells, of no CPU
 * @node: whose
 * @block: at which block
 * @reads: copies
 * @writes: exclusive pages
 * @served: by the other node, at all blocks
 */
struct touches {
	uint32_t node;
	uint64_t block;
	uint32_t reads, writes, served;
};

static void take_touches(const struct genl_reply *reply, void *arg)
{
	struct touches *touches = arg;
	struct nlattr *tb[SSI_DSM_A_MAX + 1], *attr;
	int rem;

	if (genl_u32(reply, SSI_DSM_A_NODE_ID) != touches->node)
		return;
	nla_for_each_attr(attr, reply->attrs, reply->len, rem) {
		bool touch = nla_type(attr) == SSI_DSM_A_TOUCH;

		if ((!touch && nla_type(attr) != SSI_DSM_A_SERVED) ||
		    nla_parse_nested(tb, SSI_DSM_A_MAX, attr, NULL) ||
		    tb[SSI_DSM_A_TOUCH_CPU])
			continue;
		if (!touch && nla_get_u32(tb[SSI_DSM_A_PEER_ID]) != touches->node)
			touches->served += nla_get_u32(tb[SSI_DSM_A_TOUCH_READS]);
		if (!touch || nla_get_u64(tb[SSI_DSM_A_BLOCK_INDEX]) != touches->block)
			continue;
		touches->reads += nla_get_u32(tb[SSI_DSM_A_TOUCH_READS]);
		touches->writes += nla_get_u32(tb[SSI_DSM_A_TOUCH_WRITES]);
	}
}

#define TOUCHES	64u

/* Node 0 writes to a page of a block, node 1 reads it, again and again. */
static void test_touches(void)
{
	uint64_t words = PAGE / sizeof(uint64_t), block = 7;
	uint64_t at = (block * BLOCK / PAGE + 9) * words;
	struct touches touches[2] = { { 0, block, 0, 0, 0 }, { 1, block, 0, 0, 0 } };

	for (uint32_t i = 0; i < TOUCHES; i++) {
		views[0][at] = i;
		(void)views[1][at];
	}
	for (int n = 0; n < 2; n++)
		if (genl_dump(&genl, SSI_DSM_CMD_TOUCH_GET, take_touches, &touches[n]))
			tap_diag("%s", genl.error);
	tap_diag("node 0: %u reads, %u writes, %u served; node 1: %u, %u, %u",
		 touches[0].reads, touches[0].writes, touches[0].served,
		 touches[1].reads, touches[1].writes, touches[1].served);
	/* counts fade by an eighth in a second */
	tap_ok(touches[0].writes >= TOUCHES / 4 && touches[0].writes <= TOUCHES + 1 &&
	       !touches[0].reads, "the writer's upgrades are counted");
	tap_ok(touches[1].reads >= TOUCHES / 4 && touches[1].reads <= TOUCHES + 1,
	       "the reader's copies are counted");
	tap_ok(touches[0].served && touches[1].served, "and which node has served them");
}

int main(int argc, char **argv)
{
	uint64_t size;
	uint32_t n;
	int fd;

	cluster = (struct cluster){ .name = "heat", .nodes = 2, .each = 512 * BLOCK };
	cluster_args(&cluster, argc, argv);
	conf_need();
	tap_plan(16);
	if (genl_open(&genl))
		tap_bail("%s", genl.error);
	cluster_make(&cluster);
	size = cluster_size(&cluster);
	if (!cluster_wait_ready(&cluster))
		tap_bail("the region is not ready");
	for (n = 0; n < 2; n++) {
		policy_set(cluster.name, n, REGION, SSI_DSM_POLICY_HUGE, 0);
		policy_set(cluster.name, n, REGION, SSI_DSM_POLICY_AHEAD, 0);
		fd = attach(cluster.name, n, SSI_DSM_ATTACH_NO_CHANNEL);
		views[n] = fd < 0 ? NULL : map_region(fd, size);
		if (!views[n])
			tap_bail("node %u cannot be mapped", n);
	}
	test_page();
	test_refusals();
	test_blocks();
	test_touches();
	genl_close(&genl);
	cluster_delete(&cluster);
	return tap_exit();
}
