// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs: threads that load, store and add at pages, on every node.
 */
#include <linux/mm.h>

#include "cluster.h"
#include "mmu.h"
#include "net/node.h"
#include "oracle.h"
#include "programs.h"
#include "memory/pte.h"
#include "memory/region.h"
#include "control/region_setup.h"
#include "tasks.h"

#define THREADS		4
#define TOGETHER	4	/* pages of an instruction */
#define SCAN		24	/* pages read one after the other */

/**
 * struct program - what runs on one node
 * @region: its memory
 * @vmas: two mappings: a VMM's, and KVM's tables of it
 */
struct program {
	struct ssi_region *region;
	struct vm_area_struct *vmas[2];
};

/**
 * struct access - to one page
 * @index: the page
 * @kind: what is done to it
 */
struct access {
	u64 index;
	enum oracle_kind kind;
};

/**
 * struct thread - one thread of a program
 * @program: of which
 * @number: among all
 * @vma: what it sees
 * @task: itself, with a reference
 * @scan: pages that it goes on with, behind the first of @accesses
 * @accesses: of the instruction that it is at
 * @nr: how many
 * @waits: it is at one
 * @since: ns when that began
 * @since_step: the same
 * @ended: it has
 */
struct thread {
	struct program *program;
	u32 number;
	struct vm_area_struct *vma;
	struct task *task;
	u32 scan;
	struct access accesses[TOGETHER];
	u32 nr;
	bool waits;
	u64 since;
	u64 since_step;
	bool ended;
};

static struct program programs[SIM_NODES];
static struct thread threads[SIM_NODES * THREADS];
static u32 nr_threads;
static bool stop;
static u64 longest_wait;

static enum oracle_kind choose_kind(void)
{
	u32 chance = sim_random(100);

	if (chance < sim.stores)
		return ORACLE_STORE;
	return chance < sim.stores + sim.adds ? ORACLE_ADD : ORACLE_LOAD;
}

static void choose(struct thread *t)
{
	u64 pages = t->program->region->size >> PAGE_SHIFT;
	u32 i;

	t->nr = 1 + sim_random(sim.together);
	for (i = 0; i < t->nr; i++)
		t->accesses[i].kind = choose_kind();
	if (t->scan && t->accesses[0].index + 1 < pages) {
		t->scan--;
		t->accesses[0].index++;
		t->nr = 1;
		return;
	}
	for (i = 0; i < t->nr; i++)
		t->accesses[i].index = sim.hot[sim_random(sim.pages)];
	t->scan = sim_one_in(50) ? sim_random(SCAN) : 0;
}

static struct sim_pte *lookup(const struct thread *t, const struct access *a)
{
	return mmu_lookup(t->vma, a->index, a->kind != ORACLE_LOAD);
}

/* The first of the accesses that has no PTE, or NULL. */
static const struct access *find_missing(const struct thread *t)
{
	u32 i;

	for (i = 0; i < t->nr; i++)
		if (!lookup(t, &t->accesses[i]))
			return &t->accesses[i];
	return NULL;
}

/* Until all PTEs are there at the same time. false: that never comes. */
static bool get_ptes(struct thread *t)
{
	const struct access *missing;
	bool nowait = sim_one_in(8);
	vm_fault_t ret;

	while ((missing = find_missing(t))) {
		if (t->task->killed)
			return false;
		ret = mmu_fault(t->vma, missing->index,
				missing->kind != ORACLE_LOAD, nowait);
		if (ret & VM_FAULT_SIGBUS)
			return false;
		nowait = false;
		task_yield();
	}
	return true;
}

/* KVM, or a driver: get_user_pages(), and use of the page without a PTE. */
static void use_reference(struct thread *t, const struct access *a)
{
	u32 id = t->program->region->node->id, uses = sim_random(4);
	struct page *page = lookup(t, a)->page;
	bool write = a->kind != ORACLE_LOAD;

	get_page(page);
	oracle_pinned(id, a->index, write, 1);
	do {
		if (sim_one_in(4))
			task_sleep(NULL, 1 + sim_random(300000));
		else
			task_yield();
		if (!page->mapping)	/* the region has gone */
			break;
		oracle_access(t->number, a->index, page->words, a->kind);
	} while (uses--);
	oracle_pinned(id, a->index, write, -1);
	if (write) {
		lock_page(page);
		page->dirty = true;
		unlock_page(page);
	}
	put_page(page);
}

/* false: it is the thread's last. */
static bool do_instruction(struct thread *t)
{
	bool have_all;
	u32 i;

	t->since = sim_now;
	t->since_step = sim_steps;
	t->waits = true;
	have_all = get_ptes(t);
	t->waits = false;
	if (!cluster_is_lost())
		longest_wait = max(longest_wait, sim_now - t->since);
	if (!have_all)
		return false;
	if (sim_random(100) < sim.pins) {
		use_reference(t, &t->accesses[0]);
		return true;
	}
	for (i = 0; i < t->nr; i++)
		oracle_access(t->number, t->accesses[i].index,
			      lookup(t, &t->accesses[i])->page->words,
			      t->accesses[i].kind);
	return true;
}

static void run_thread(void *arg)
{
	struct thread *t = arg;

	while (!stop && !t->task->killed) {
		choose(t);
		if (!do_instruction(t))
			break;
		if (sim_one_in(32))
			task_sleep(NULL, 1 + sim_random(200000));
		else
			task_yield();
	}
	t->ended = true;
}

static void start_thread(struct program *program, u32 number)
{
	struct thread *t = &threads[nr_threads];

	*t = (struct thread){
		.program = program, .number = nr_threads++,
		.vma = program->vmas[number % ARRAY_SIZE(program->vmas)],
	};
	t->task = task_start(run_thread, t, "thread %u on node %u", t->number,
			     program->region->node->id);
	t->task->refs++;
}

void programs_start(struct ssi_region *const *regions)
{
	u32 n, i;

	for (n = 0; n < sim.nodes; n++) {
		struct program *program = &programs[n];

		program->region = regions[n];
		kref_get(&program->region->ref);
		sim_need(!ssi_region_attach(program->region, false),
			 "a program cannot attach");
		for (i = 0; i < ARRAY_SIZE(program->vmas); i++)
			program->vmas[i] = mmu_map(program->region);
		for (i = 0; i < sim.threads; i++)
			start_thread(program, i);
	}
}

void programs_stop(void)
{
	stop = true;
}

bool programs_have_ended(void)
{
	u32 i;

	for (i = 0; i < nr_threads; i++)
		if (!threads[i].ended)
			return false;
	return true;
}

void programs_check_waits(void)
{
	u32 i;

	for (i = 0; i < nr_threads; i++) {
		struct thread *t = &threads[i];

		if (t->waits && sim_now - t->since > sim.patience)
			sim_fail(t->accesses[0].index, "thread %u on node %u has waited for %llu us, %llu steps",
				 t->number, t->program->region->node->id,
				 (sim_now - t->since) / 1000,
				 (sim_steps - t->since_step));
	}
}

u64 programs_longest_wait(void)
{
	return longest_wait;
}

void programs_kill_one(void)
{
	struct thread *t = &threads[sim_random(nr_threads)];

	if (!t->ended)
		task_kill(t->task);
}

void programs_zap(void)
{
	struct program *program = &programs[sim_random(sim.nodes)];

	ssi_pte_zap(program->region, sim.hot[sim_random(sim.pages)]);
}

void programs_close(void)
{
	u32 n, i;

	for (i = 0; i < nr_threads; i++)
		put_task_struct(&threads[i].task->kernel);
	for (n = 0; n < sim.nodes; n++) {
		for (i = 0; i < ARRAY_SIZE(programs[n].vmas); i++)
			mmu_unmap(programs[n].vmas[i]);
		ssi_region_detach(programs[n].region, false);
		ssi_region_put(programs[n].region);
	}
}
