// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold at every step: who may read and write, and what is read.
 * Nothing of that is promised once a node sends what it must not.
 *
 * A word only ever grows: a store writes one more than the last one, an add adds
 * one. So a load that is not of the last value is seen at once, and at the end
 * the words tell how many stores and adds they have kept.
 */
#include "protocol/coherence.h"
#include "mmu.h"
#include "net/node.h"
#include "oracle.h"
#include "memory/pages.h"
#include "memory/region.h"
#include "tasks.h"
#include "trace.h"

#define PAGES	(SIM_NODES * SIM_BLOCK)
#define THREADS	(SIM_NODES * 4)

/**
 * struct location - a page of the region
 * @latest: what was written last
 * @done: stores and adds
 * @pins: references to read, and to write, on each node
 * @touched: something has happened to it in this step
 */
struct location {
	u64 latest[SIM_WORDS];
	u64 done[SIM_WORDS];
	u32 pins[SIM_NODES][2];
	bool touched;
};

static struct location locations[PAGES];
static u64 touched[PAGES];
static u32 nr_touched;
static u64 seen[THREADS][PAGES][SIM_WORDS];
static u64 accesses;

static void touch(u64 index)
{
	if (locations[index].touched)
		return;
	locations[index].touched = true;
	touched[nr_touched++] = index;
}

static void look(u32 thread, u64 index, const u64 *words)
{
	struct location *l = &locations[index];
	u32 i;

	if (!sim.trust)
		return;
	for (i = 0; i < SIM_WORDS; i++) {
		if (words[i] != l->latest[i])
			sim_fail(index, "thread %u sees %llu in word %u, and %llu was written last",
				 thread, words[i], i,
				 l->latest[i]);
		if (words[i] < seen[thread][index][i])
			sim_fail(index, "thread %u sees time go back", thread);
		seen[thread][index][i] = words[i];
	}
}

void oracle_access(u32 thread, u64 index, u64 *words, enum oracle_kind kind)
{
	static const char *const names[] = { "loads", "stores", "adds" };
	struct location *l = &locations[index];

	touch(index);
	accesses++;
	look(thread, index, words);
	if (kind == ORACLE_STORE)
		l->latest[1] = words[1] = ++l->done[1];
	if (kind == ORACLE_ADD) {
		l->latest[0] = ++words[0];
		l->done[0]++;
	}
	sim_note(index, "thread %u %s: now %llu %llu", thread, names[kind],
		 words[0], words[1]);
}

void oracle_mapped(struct ssi_region *region, u64 index, bool write)
{
	touch(index);
	sim_note(index, "node %u maps it %s", region->node->id,
		 write ? "writable" : "read-only");
}

void oracle_pinned(u32 id, u64 index, bool write, int change)
{
	touch(index);
	locations[index].pins[id][write] += change;
	sim_note(index, "node %u: a reference to %s %s", id,
		 write ? "write" : "read", change > 0 ? "is taken" : "goes");
}

void sim_ssi_page_state(u32 node, u32 region, u64 index, u32 from, u32 to)
{
	(void)region;
	touch(index);
	sim_note(index, "node %u: %s -> %s", node, ssi_page_state_name(from),
		 ssi_page_state_name(to));
}

/* ---- one page, all nodes ---- */

/* Who can, by bits of nodes: by the page's state, and in fact. */
struct holders {
	u32 readable, exclusive;
	u32 readers, writers;
};

static void check_data(const struct ssi_region *region, u64 index,
		       const struct ssi_page *entry)
{
	static const u64 zero[SIM_WORDS];
	const struct page *page = ssi_pages_data(entry);
	const struct location *l = &locations[index];

	if (!ssi_page_readable(entry->state))
		return;
	if (!page && !ssi_page_writable(entry->state))
		sim_fail(index, "node %u has a copy without data",
			 region->node->id);
	if (memcmp(page ? page->words : zero, l->latest, sizeof(l->latest)))
		sim_fail(index, "node %u has a copy that is not of the last value",
			 region->node->id);
}

static void look_at_node(struct ssi_region *region, u64 index,
			 struct holders *h)
{
	struct ssi_page *entry = ssi_pages_entry(region, index, 0);
	const u32 *pins = locations[index].pins[region->node->id];
	u32 bit = BIT(region->node->id);
	bool mapped = mmu_is_mapped(region, index, false);

	if (!entry)
		return;
	check_data(region, index, entry);
	if (ssi_page_readable(entry->state))
		h->readable |= bit;
	if (ssi_page_writable(entry->state))
		h->exclusive |= bit;
	if (mapped || pins[0] || pins[1])
		h->readers |= bit;
	if (mmu_is_mapped(region, index, true) || pins[1])
		h->writers |= bit;
	if (mapped && (entry->state == SSI_PAGE_I || entry->state == SSI_PAGE_IS ||
		       entry->state == SSI_PAGE_IX))
		sim_fail(index, "node %u is in %s and maps the page",
			 region->node->id, ssi_page_state_name(entry->state));
}

static void check_page(u64 index)
{
	struct holders h = { 0 };
	struct ssi_region *region;
	struct ssi_node *node;

	if (!sim.trust)
		return;
	list_for_each_entry(node, &ssi_nodes, list)
		list_for_each_entry(region, &node->regions, list)
			look_at_node(region, index, &h);
	if (h.exclusive && h.readable & ~h.exclusive)
		sim_fail(index, "nodes %#x have it exclusively, and %#x can read it",
			 h.exclusive, h.readable);
	if (h.exclusive & (h.exclusive - 1))
		sim_fail(index, "nodes %#x all have it exclusively", h.exclusive);
	if (h.writers && h.readers & ~h.writers)
		sim_fail(index, "nodes %#x write to it, and nodes %#x read it",
			 h.writers, h.readers);
	if (h.writers & (h.writers - 1))
		sim_fail(index, "nodes %#x all write to it", h.writers);
}

void oracle_check_step(void)
{
	while (nr_touched) {
		u64 index = touched[--nr_touched];

		locations[index].touched = false;
		check_page(index);
	}
}

/* ---- the end ---- */

static bool has_data(u64 index)
{
	struct ssi_region *region;
	struct ssi_page *entry;
	struct ssi_node *node;

	list_for_each_entry(node, &ssi_nodes, list)
		list_for_each_entry(region, &node->regions, list) {
			entry = ssi_pages_entry(region, index, 0);
			if (entry && ssi_page_readable(entry->state))
				return true;
		}
	return false;
}

void oracle_check_end(bool lost)
{
	u64 index;

	if (!sim.trust)
		return;
	for (index = 0; index < sim.homes * SIM_BLOCK; index++) {
		const struct location *l = &locations[index];

		check_page(index);
		if (memcmp(l->latest, l->done, sizeof(l->done)))
			sim_fail(index, "%llu adds and %llu stores were done, and the last values are %llu and %llu",
				 l->done[0],
				 l->done[1],
				 l->latest[0],
				 l->latest[1]);
		if (!lost && (l->done[0] || l->done[1]) && !has_data(index))
			sim_fail(index, "nobody has it any more");
	}
}

void oracle_forget(void)
{
	oracle_check_step();
	memset(locations, 0, sizeof(locations));
	memset(seen, 0, sizeof(seen));
}

u64 oracle_accesses(void)
{
	return accesses;
}

static void show_node(struct ssi_region *region, u64 index)
{
	struct ssi_page *entry = ssi_pages_entry(region, index, 0);
	struct ssi_dir *dir = ssi_pages_dir(region, index, 0);
	const u32 *pins = locations[index].pins[region->node->id];

	if (entry)
		printf("#   node %u: %s%s%s, %u + %u references\n",
		       region->node->id, ssi_page_state_name(entry->state),
		       mmu_is_mapped(region, index, false) ? ", mapped" : "",
		       mmu_is_mapped(region, index, true) ? " writable" : "",
		       pins[0], pins[1]);
	if (dir && ssi_pages_home(region, index) == region->node->id)
		printf("#   home %u: %s%s, owner %u, copyset %#x\n",
		       region->node->id, ssi_dir_state_name(dir->state),
		       dir->busy ? ", busy" : "", dir->owner, dir->copyset);
}

void oracle_show(u64 index)
{
	struct ssi_region *region;
	struct ssi_node *node;

	list_for_each_entry(node, &ssi_nodes, list)
		list_for_each_entry(region, &node->regions, list)
			show_node(region, index);
}
