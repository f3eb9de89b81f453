// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hostile node sends, from the input of a fuzzer.
 *
 * Its engine takes part as those of other nodes do, so it gets pages and requests,
 * and between its true messages are those of the input. Each field may have a value
 * that fits the run, or any other.
 */
#include <linux/slab.h>

#include "input.h"
#include "lies.h"
#include "link.h"
#include "tasks.h"

/**
 * struct lie - a message in the input
 * @delay: ns until it is sent, in units of 256
 * @to: the node that gets it
 * @type: enum ssi_wire_type
 * @requester: the node, and in bit 7 that it is any number
 * @token: of the request
 * @page: one that programs use, or any other
 * @arg: as in the header
 * @time: as in the header
 * @flags: enum lie_flags
 * @len: bytes of payload
 * @src: the sender, if LIE_SRC
 * @version: of a home
 */
struct lie {
	u8 delay;
	u8 to;
	u8 type;
	u8 requester;
	u8 token[2];
	u8 page;
	u8 arg;
	u8 time[2];
	u8 flags;
	u8 len[2];
	u8 src;
	u8 version;
	u8 zero;
};

static_assert(sizeof(struct lie) == SIM_INPUT_MESSAGE, "size of a message");

enum lie_flags {
	LIE_PAYLOAD	= 1 << 0,	/* with a page */
	LIE_LENGTH	= 1 << 1,	/* not of a whole page */
	LIE_SRC		= 1 << 2,	/* in the name of another node */
	LIE_LIFE	= 1 << 3,	/* for another life of the region */
	LIE_REGION	= 1 << 4,	/* of another region */
	LIE_INDEX	= 1 << 5,	/* a page that no program uses */
	LIE_ARG		= 1 << 6,	/* a number of 64 bits */
	LIE_ZERO	= 1 << 7,	/* not 0 where it must be */
};

static struct {
	const u8 *data;
	size_t size;
} input;

void lies_begin(const u8 *data, size_t size)
{
	input.data = data;
	input.size = size;
}

static u32 two(const u8 *bytes)
{
	return bytes[0] | bytes[1] << 8;
}

static u64 choose_index(const struct lie *lie)
{
	if (!(lie->flags & LIE_INDEX))
		return sim.hot[lie->page % sim.pages];
	return lie->page & 0x80 ? ~0ull - lie->page : (u64)lie->page << 5;
}

static void make_wire(const struct lie *lie, u32 from, u32 to,
		      const struct ssi_region *region, struct ssi_wire *wire)
{
	const struct ssi_msg msg = {
		.type = lie->type,
		.src = lie->flags & LIE_SRC ? lie->src : from,
		.dst = to,
		.requester = lie->requester & 0x80 ? lie->requester :
			     lie->requester % sim.nodes,
		.region = region->id + !!(lie->flags & LIE_REGION),
		.life = region->life ^ !!(lie->flags & LIE_LIFE),
		.own_life = lie->time[1],
		.token = two(lie->token),
		.index = choose_index(lie),
		.arg = lie->flags & LIE_ARG ? lie->arg * 0x0101010101010101ull : lie->arg,
		.size = lie->page & 1 ? region->size : lie->page,
		.time = two(lie->time),
		.version = lie->version,
		.len = lie->flags & LIE_PAYLOAD ? PAGE_SIZE : 0,
	};

	ssi_wire_encode(wire, &msg);
	if (lie->flags & LIE_ZERO)
		wire->zero[lie->page % sizeof(wire->zero)] = lie->arg;
}

static struct page *make_payload(const struct lie *lie, u32 *len)
{
	*len = 0;
	if (!(lie->flags & LIE_PAYLOAD))
		return NULL;
	*len = lie->flags & LIE_LENGTH ? two(lie->len) % (PAGE_SIZE + 1) : PAGE_SIZE;
	return alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOFAIL);
}

static void tell(const struct lie *lie, u32 id, struct ssi_region *const *regions)
{
	u32 to = lie->to % sim.nodes, len;
	struct ssi_wire wire;
	struct page *page;

	if (to == id)
		return;
	make_wire(lie, id, to, regions[to], &wire);
	page = make_payload(lie, &len);
	sim_note(le64_to_cpu(wire.index), "lie: %s of %u to %u, requester %u, token %u",
		 ssi_wire_type_name(wire.type), wire.src, to, wire.requester,
		 le32_to_cpu(wire.token));
	links_inject(id, to, &wire, page, len);
}

void lies_tell(u32 id, struct ssi_region *const *regions)
{
	struct lie lie;

	for (; input.size >= sizeof(lie); input.size -= sizeof(lie)) {
		memcpy(&lie, input.data, sizeof(lie));
		input.data += sizeof(lie);
		task_sleep(NULL, 1 + lie.delay * 256);
		tell(&lie, id, regions);
	}
}
