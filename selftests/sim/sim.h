/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulator: what a run is made of, chance, and how it fails.
 */
#ifndef SIM_H
#define SIM_H

#include "kernel.h"

#define SIM_NODES	8
#define SIM_HOT		16	/* pages that programs use, at most */
#define SIM_TOGETHER	4	/* pages that one instruction uses, at most */

/**
 * struct sim_config - one run; drawn from its seed
 * @seed: of all that is drawn
 * @verbose: print events as they happen
 * @patience: ns that an access may take
 * @steps: programs stop after so many
 * @nodes: 2 .. SIM_NODES
 * @homes: nodes with memory; the others are donors of nothing
 * @pages: pages that programs use
 * @hot: their indices in the region
 * @threads: programs' threads on each node
 * @tick: ns that a step takes, at most
 * @preempt: one in so many places where others could run, they do
 * @stall: one in so many of those is a long one, or 0
 * @stall_ns: how long at most
 * @link_weight, @work_weight: how much likelier a message is delivered, work
 *	begins, than any one task goes on
 * @reorder: messages of a link overtake each other, too
 * @hold: us, or SSI_DSM_POLICY_AUTO
 * @cache: bytes, or SSI_DSM_POLICY_AUTO
 * @together: pages that an instruction needs at the same time, at most
 * @pinned: pages that one instruction uses by references, at most
 * @stores, @adds, @pins: of a hundred accesses
 * @fail_memory: one in so many allocations fails, or 0
 * @disturb: one in so many steps something happens to the cluster, or 0
 * @losses: nodes may be lost
 * @anew: so many times all nodes make their regions anew; no node is lost then
 * @moves: one in so many steps a home is told to move, or 0
 * @hostile: the node that lies; see lies.c
 * @trust: no node has sent anything but what the protocol wants
 */
struct sim_config {
	u64 seed;
	bool verbose;
	u64 patience;
	u64 steps;
	u32 nodes;
	u32 homes;
	u32 pages;
	u64 hot[SIM_HOT];
	u32 threads;
	u32 tick;
	u32 preempt;
	u32 stall;
	u32 stall_ns;
	u32 link_weight;
	u32 work_weight;
	bool reorder;
	u64 hold;
	u64 cache;
	u32 together;
	u32 pinned;
	u32 stores;
	u32 adds;
	u32 pins;
	u32 fail_memory;
	u32 disturb;
	bool losses;
	u32 anew;
	u32 moves;
	u32 hostile;
	bool trust;
};

extern struct sim_config sim;

/* As printed for a failure. */
void sim_show_config(void);

/* Below @n, which is not 0. */
u32 sim_random(u32 n);

static inline bool sim_one_in(u32 n)
{
	return n && !sim_random(n);
}

/*
 * The engine, or the simulator, does what it must not: the report, and the end
 * of this process. @index: the page that it is about, or SIM_NO_PAGE.
 */
#define SIM_NO_PAGE	(~0ull)
__printf(2, 3) __attribute__((noreturn))
void sim_fail(u64 index, const char *fmt, ...);

/* What happened last, by page; for reports. */
__printf(2, 3)
void sim_note(u64 index, const char *fmt, ...);

#define sim_need(condition, ...) do {					\
	if (!(condition))						\
		sim_fail(SIM_NO_PAGE, __VA_ARGS__);			\
} while (0)

#endif /* SIM_H */
