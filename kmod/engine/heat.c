// SPDX-License-Identifier: GPL-2.0-only
/*
 * Heat: the remote faults of this node, by CPU of the guest and by block.
 *
 * DOC: Theory of operation
 *
 * Each remote fault is a sample: when its request is complete, one *cell* counts
 * it. A cell is a word of 64 bits: three counts of 16 bits, and the time of the
 * last change in ticks of about a second. Each tick takes an eighth of each count
 * away. This is made up for when the cell is used, so no timer runs, and a cell
 * that nobody reads costs nothing. A count that stays at eight times the faults of
 * a tick is at its level; one that is 0 has had no faults for a while.
 *
 * Cells are in chunks, which are allocated when they are first needed. A CPU has
 * a cell for each block of the region, and behind these one for each node: how
 * many of its faults that node has served. So most chunks have no other CPU that
 * writes to them, and no lock is taken. Two requests of one CPU that end on two
 * CPUs of the host at the same time, at one block, count as one.
 *
 * User space reads the cells (SSI_DSM_CMD_TOUCH_GET) and decides what to do
 * (Documentation/placement.rst). Nothing here decides.
 */
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "alloc.h"
#include "engine/heat.h"
#include "memory/region.h"
#include "net/node.h"

#define CHUNK_SHIFT	8	/* cells of a chunk: 2 KiB */
#define CHUNK_CELLS	BIT(CHUNK_SHIFT)
#define COUNT_MAX	0xffffu
#define CLOCK_SHIFT	48
#define FADED		96	/* ticks after which each count is 0 */

/* ---- cells ---- */

static u16 count_of(u64 cell, enum ssi_heat_kind kind)
{
	return cell >> (16 * kind);
}

static u16 fade(u32 count, u32 ticks)
{
	for (; ticks && count; ticks--)
		count -= (count + 7) / 8;
	return count;
}

/* The cell as it would be if it had been used at @clock. */
static u64 cell_at(u64 cell, u16 clock)
{
	u16 ticks = clock - (u16)(cell >> CLOCK_SHIFT);
	u64 faded = (u64)clock << CLOCK_SHIFT;
	u32 kind;

	if (!ticks)
		return cell;
	for (kind = 0; kind < SSI_HEAT_KINDS && ticks < FADED; kind++)
		faded |= (u64)fade(count_of(cell, kind), ticks) << (16 * kind);
	return faded;
}

static void count(u64 *cell, enum ssi_heat_kind kind, u16 clock)
{
	u64 value = cell_at(READ_ONCE(*cell), clock);

	if (count_of(value, kind) < COUNT_MAX)
		value += 1ull << (16 * kind);
	WRITE_ONCE(*cell, value);
}

/* ---- chunks ---- */

void ssi_heat_init(struct ssi_heat *heat, u64 blocks)
{
	xa_init_flags(&heat->chunks, XA_FLAGS_LOCK_BH);
	heat->blocks = blocks;
	/* behind the blocks, the nodes have a chunk of their own */
	heat->width = (blocks + CHUNK_CELLS - 1) / CHUNK_CELLS + 1;
}

void ssi_heat_exit(struct ssi_heat *heat)
{
	unsigned long number;
	u64 *chunk;

	xa_for_each(&heat->chunks, number, chunk)
		kfree(chunk);
	xa_destroy(&heat->chunks);
}

static u64 *get_chunk(struct ssi_region *region, unsigned long number)
{
	struct xarray *chunks = &region->heat.chunks;
	size_t size = CHUNK_CELLS * sizeof(u64);
	u64 *chunk = xa_load(chunks, number), *old;

	if (chunk)
		return chunk;
	chunk = ssi_alloc_zeroed_for(region->node->payer, size,
				     GFP_ATOMIC | __GFP_NOWARN);
	if (!chunk)
		return NULL;
	old = xa_cmpxchg_bh(chunks, number, NULL, chunk,
			    GFP_ATOMIC | __GFP_NOWARN);
	if (old) {
		kfree(chunk);
		return xa_is_err(old) ? NULL : old;
	}
	atomic64_add(size, &region->metadata);
	return chunk;
}

static void count_servers(struct ssi_region *region, u32 cpu, u32 servers,
			  u16 clock)
{
	u64 *chunk = get_chunk(region, (cpu + 1) * region->heat.width - 1);
	u32 node;

	for (node = 0; chunk && node < SSI_DSM_MAX_NODES; node++)
		if (servers & BIT(node))
			count(&chunk[node], SSI_HEAT_READ, clock);
}

void ssi_heat_note(struct ssi_region *region, u64 index, u32 cpu,
		   enum ssi_heat_kind kind, u32 servers, u64 now)
{
	u64 block = index >> SSI_BLOCK_SHIFT;
	u16 clock = ssi_heat_clock(now);
	u64 *chunk;

	if (cpu == SSI_HEAT_NOT_A_FAULT)
		return;
	cpu = min_t(u32, cpu, SSI_HEAT_NO_CPU);
	chunk = get_chunk(region, cpu * region->heat.width + (block >> CHUNK_SHIFT));
	if (chunk)
		count(&chunk[block & (CHUNK_CELLS - 1)], kind, clock);
	count_servers(region, cpu, servers, clock);
}

/* ---- reading ---- */

u16 ssi_heat_clock(u64 now)
{
	return now >> SSI_DSM_HEAT_SHIFT;
}

/* Return: whether the cell has counts. */
static bool read_cell(u64 cell, u16 clock, struct ssi_heat_count *count)
{
	u32 kind, sum = 0;

	cell = cell_at(cell, clock);
	for (kind = 0; kind < SSI_HEAT_KINDS; kind++) {
		count->counts[kind] = count_of(cell, kind);
		sum += count->counts[kind];
	}
	return sum;
}

static void name_cell(const struct ssi_heat *heat, unsigned long number, u32 cell,
		      struct ssi_heat_count *count)
{
	u64 chunk = number % heat->width;

	count->cpu = number / heat->width;
	count->is_server = chunk == heat->width - 1;
	count->at = count->is_server ? cell : (chunk << CHUNK_SHIFT) + cell;
}

bool ssi_heat_next(struct ssi_heat *heat, unsigned long *at, u16 clock,
		   struct ssi_heat_count *count)
{
	unsigned long number = *at >> CHUNK_SHIFT, first = number;
	u64 *chunk = xa_find(&heat->chunks, &number, ULONG_MAX, XA_PRESENT);
	u32 cell = number == first ? *at & (CHUNK_CELLS - 1) : 0;

	while (chunk) {
		for (; cell < CHUNK_CELLS; cell++) {
			if (!read_cell(READ_ONCE(chunk[cell]), clock, count))
				continue;
			name_cell(heat, number, cell, count);
			*at = (number << CHUNK_SHIFT) + cell + 1;
			return true;
		}
		cell = 0;
		number++;
		chunk = xa_find(&heat->chunks, &number, ULONG_MAX, XA_PRESENT);
	}
	return false;
}
