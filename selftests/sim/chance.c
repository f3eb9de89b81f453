// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chance: everything that is drawn, from a run's seed.
 */
#include <linux/ssi_dsm_genl.h>

#include "chance.h"
#include "oracle.h"

struct sim_config sim;

static u64 state;

/* xorshift64*; a seed is spread first, since near ones are alike. */
u32 sim_random(u32 n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dull >> 32) * n >> 32;
}

u64 chance_state(void)
{
	return state;
}

static u32 between(u32 low, u32 high)
{
	return low + sim_random(high - low + 1);
}

#define ONE_OF(...) ({							\
	static const u64 values_[] = { __VA_ARGS__ };			\
	values_[sim_random(ARRAY_SIZE(values_))]; })

/* Some at a distance, some beside each other. */
static void draw_pages(void)
{
	u32 i;

	sim.pages = between(1, sim_one_in(3) ? SIM_HOT : 5);
	for (i = 0; i < sim.pages; i++)
		sim.hot[i] = i && sim_one_in(2) ? sim.hot[i - 1] + 1 :
			     sim_random(sim.homes) * SIM_BLOCK + sim_random(400);
}

static void draw_load(void)
{
	sim.threads = between(1, 3);
	sim.stores = ONE_OF(0, 5, 20, 50);
	sim.adds = ONE_OF(5, 10, 40);
	sim.pins = ONE_OF(0, 0, 5, 30);
	sim.hold = ONE_OF(0, 0, 5, 100, 2000, SSI_DSM_POLICY_AUTO,
			  SSI_DSM_POLICY_AUTO);
	sim.cache = ONE_OF(SSI_DSM_POLICY_AUTO, SSI_DSM_POLICY_AUTO,
			   1 * PAGE_SIZE, 4 * PAGE_SIZE, 20 * PAGE_SIZE);
	/* Without a window, or room, nobody promised that they come together. */
	sim.pinned = sim.cache > 4 * PAGE_SIZE ? between(1, SIM_TOGETHER) : 1;
	if (sim.hold == SSI_DSM_POLICY_AUTO && sim.cache > 4 * PAGE_SIZE)
		sim.together = between(1, SIM_TOGETHER);
	else
		sim.together = 1;
}

static void draw_trouble(void)
{
	sim.fail_memory = ONE_OF(0, 0, 20, 200);
	sim.disturb = ONE_OF(0, 30, 100, 1000);
	sim.losses = sim_one_in(3);
	sim.anew = ONE_OF(0, 0, 0, 1, 2);
	sim.moves = ONE_OF(0, 30, 300, 3000);
	sim.trust = true;
}

void chance_begin(u64 seed)
{
	state = (seed + 1) * 0x9e3779b97f4a7c15ull ?: 1;	/* 0 would stay 0 */
	sim.seed = seed;
	sim.steps = between(2000, 40000);
	sim.nodes = sim_one_in(2) ? between(2, 3) : between(2, SIM_NODES);
	sim.homes = between(1, sim.nodes);
	sim.tick = ONE_OF(50, 500, 3000);
	sim.preempt = ONE_OF(2, 4, 16, 100);
	sim.stall = ONE_OF(0, 10, 100);
	sim.stall_ns = ONE_OF(10000, 200000, 5000000);
	sim.link_weight = ONE_OF(1, 3, 10);
	sim.work_weight = ONE_OF(1, 3);
	sim.reorder = sim_one_in(3);
	draw_pages();
	draw_load();
	draw_trouble();
}

void sim_show_config(void)
{
	u32 i;

	printf("# %u nodes, %u homes, %u threads each, %llu steps of at most %u ns\n",
	       sim.nodes, sim.homes, sim.threads, sim.steps, sim.tick);
	printf("# preempt %u, stall %u for %u ns, link weight %u, work weight %u%s\n",
	       sim.preempt, sim.stall, sim.stall_ns, sim.link_weight,
	       sim.work_weight, sim.reorder ? ", reordering" : "");
	printf("# hold %lld us, cache %lld pages, %u pages together, %u by references, of 100: %u stores, %u adds, %u by references\n",
	       (s64)sim.hold, (s64)sim.cache >> PAGE_SHIFT, sim.together,
	       sim.pinned, sim.stores, sim.adds, sim.pins);
	printf("# allocations fail 1 in %u, disturbance 1 in %u%s, made anew %u times, homes move 1 in %u, pages",
	       sim.fail_memory, sim.disturb, sim.losses ? ", losses" : "",
	       sim.anew, sim.moves);
	for (i = 0; i < sim.pages; i++)
		printf(" %llu", sim.hot[i]);
	printf("\n");
}
