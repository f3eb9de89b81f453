/* SPDX-License-Identifier: GPL-2.0-only */
/* Heat: the remote faults of this node, by CPU of the guest and by block. */
#ifndef _SSI_HEAT_H
#define _SSI_HEAT_H

#include <linux/types.h>
#include <linux/xarray.h>
#include <linux/ssi_dsm_genl.h>

struct ssi_region;

#define SSI_HEAT_CPUS		1024	/* numbers of CPUs; the last one: no CPU */
#define SSI_HEAT_NO_CPU		(SSI_HEAT_CPUS - 1)
#define SSI_HEAT_NOT_A_FAULT	SSI_HEAT_CPUS	/* is not counted */

/* What a remote fault was. */
enum ssi_heat_kind {
	SSI_HEAT_READ,		/* a copy came */
	SSI_HEAT_WRITE,		/* for a store: exclusive */
	SSI_HEAT_GUESS,		/* for a load, but exclusive: a store is likely */
	SSI_HEAT_KINDS,
};

/**
 * struct ssi_heat - remote faults of a region on this node
 * @chunks: cells, see heat.c
 * @blocks: of the region
 * @width: chunks of one CPU
 */
struct ssi_heat {
	struct xarray chunks;
	u64 blocks;
	u64 width;
};

/**
 * struct ssi_heat_count - what was counted of one CPU at one block, or of one server
 * @cpu: number of the CPU for KVM (its APIC id), or SSI_HEAT_NO_CPU
 * @is_server: @at is a node, which has served so many faults of the CPU
 * @at: number of the block, or node
 * @counts: by enum ssi_heat_kind, with decay; of a server only the first
 */
struct ssi_heat_count {
	u32 cpu;
	bool is_server;
	u64 at;
	u16 counts[SSI_HEAT_KINDS];
};

/**
 * ssi_heat_init() - prepare for a new region
 * @heat: all zero
 * @blocks: number of the region's blocks
 *
 * Context: process.
 */
void ssi_heat_init(struct ssi_heat *heat, u64 blocks);

/**
 * ssi_heat_exit() - free the counts
 * @heat: of a region that is being freed
 *
 * Context: process.
 */
void ssi_heat_exit(struct ssi_heat *heat);

/**
 * ssi_heat_note() - count a remote fault
 * @region: the region
 * @index: page index
 * @cpu: whose fault it was, or SSI_HEAT_NO_CPU, or SSI_HEAT_NOT_A_FAULT
 * @kind: what it was
 * @servers: bit mask of the nodes that served it: with the data, or an ACK
 * @now: ktime in ns
 *
 * Without memory, the fault is not counted.
 *
 * Context: BH disabled.
 */
void ssi_heat_note(struct ssi_region *region, u64 index, u32 cpu,
		   enum ssi_heat_kind kind, u32 servers, u64 now);

/**
 * ssi_heat_clock() - the clock of the decay
 * @now: ktime in ns
 *
 * Return: ticks of 2^SSI_DSM_HEAT_SHIFT ns.
 */
u16 ssi_heat_clock(u64 now);

/**
 * ssi_heat_next() - read the counts, one after the other
 * @heat: the counts
 * @at: where to begin, 0: with the first; result: where to go on
 * @clock: ssi_heat_clock()
 * @count: result
 *
 * Counts that have faded are left out.
 *
 * Context: process.
 * Return: false if there are no more.
 */
bool ssi_heat_next(struct ssi_heat *heat, unsigned long *at, u16 clock,
		   struct ssi_heat_count *count);

#endif /* _SSI_HEAT_H */
