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
#define SCAN		24	/* pages read one after the other */
#define FAULTS_FREE	32	/* of an instruction */
#define FAULT_NS	10000	/* of each of its others */

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
 * @pins: its instruction uses pages by references
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
	bool pins;
	struct access accesses[SIM_TOGETHER];
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

	t->pins = sim_random(100) < sim.pins;
	t->nr = 1 + sim_random(t->pins ? sim.pinned : sim.together);
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

/* As KVM's worker does for a vCPU that is halted meanwhile; see walks.h. */
static void play_worker(struct thread *t, const struct access *missing)
{
	vm_fault_t ret;

	t->task->plays_worker = true;
	do
		ret = mmu_fault(t->vma, missing->index, true,
				FAULT_FLAG_REMOTE | FAULT_FLAG_ALLOW_RETRY);
	while (ret & VM_FAULT_RETRY && !t->task->killed);
	t->task->plays_worker = false;
}

/* As KVM does first for a vCPU: the mmap lock must not be dropped. */
static vm_fault_t play_vcpu(struct thread *t, const struct access *missing)
{
	vm_fault_t ret;

	t->task->plays_vcpu = true;
	t->task->signalled = sim_one_in(8);
	ret = mmu_fault(t->vma, missing->index, missing->kind != ORACLE_LOAD,
			FAULT_FLAG_RETRY_NOWAIT);
	t->task->plays_vcpu = false;
	t->task->signalled = false;
	return ret;
}

/*
 * Until all PTEs are there at the same time. false: that never comes. An
 * instruction that loads from a page and stores to it may fault many times while
 * the page cannot be written: a fault takes its time then.
 */
static bool get_ptes(struct thread *t)
{
	const struct access *missing;
	bool nowait = sim_one_in(4), halts = nowait && sim_one_in(2);
	u32 faults = 0;
	vm_fault_t ret;

	while ((missing = find_missing(t))) {
		if (t->task->killed)
			return false;
		ret = nowait ? play_vcpu(t, missing) :
			       mmu_fault(t->vma, missing->index,
					 missing->kind != ORACLE_LOAD,
					 FAULT_FLAG_USER);
		if (ret & VM_FAULT_SIGBUS)
			return false;
		if (halts && ret & VM_FAULT_RETRY)
			play_worker(t, missing);
		nowait = halts;
		if (++faults < FAULTS_FREE)
			task_yield();
		else
			task_sleep(NULL, FAULT_NS);
	}
	return true;
}

/*
 * get_user_pages() of one page, with a reference. false: it fails, or that never
 * comes.
 */
static bool pin(struct thread *t, const struct access *a)
{
	u32 id = t->program->region->node->id;
	bool write = a->kind != ORACLE_LOAD;
	unsigned int flags = 0;
	vm_fault_t ret;

	while (!lookup(t, a)) {
		if (t->task->killed)
			return false;
		ret = mmu_fault(t->vma, a->index, write, flags);
		if (ret & (VM_FAULT_SIGBUS | VM_FAULT_OOM))
			return false;
		if (ret & VM_FAULT_RETRY)
			flags |= FAULT_FLAG_TRIED;
	}
	get_page(lookup(t, a)->page);
	oracle_pinned(id, a->index, write, 1);
	return true;
}

static void unpin(struct thread *t, const struct access *a, struct page *page)
{
	u32 id = t->program->region->node->id;
	bool write = a->kind != ORACLE_LOAD;

	oracle_pinned(id, a->index, write, -1);
	if (write) {
		lock_page(page);
		page->dirty = true;
		unlock_page(page);
	}
	put_page(page);
}

/* Use pages by references, without PTEs. */
static void use_pages(struct thread *t, struct page *const *pages)
{
	u32 uses = sim_random(4), i;

	do {
		if (sim_one_in(4))
			task_sleep(NULL, 1 + sim_random(300000));
		else
			task_yield();
		for (i = 0; i < t->nr; i++) {
			if (!pages[i]->mapping)	/* the region has gone */
				return;
			oracle_access(t->number, t->accesses[i].index,
				      pages[i]->words, t->accesses[i].kind);
		}
	} while (uses--);
}

/*
 * A driver: references to all pages of an instruction, one page after the other.
 * If one cannot be had, those that it has go, and the instruction is not done.
 */
static void use_references(struct thread *t)
{
	struct page *pages[SIM_TOGETHER];
	u32 nr;

	for (nr = 0; nr < t->nr && pin(t, &t->accesses[nr]); nr++)
		pages[nr] = lookup(t, &t->accesses[nr])->page;
	if (nr == t->nr)
		use_pages(t, pages);
	while (nr--)
		unpin(t, &t->accesses[nr], pages[nr]);
}

/* false: it is the thread's last. */
static bool do_instruction(struct thread *t)
{
	bool have_all;
	u32 i;

	t->since = sim_now;
	t->since_step = sim_steps;
	t->waits = true;
	if (t->pins) {
		use_references(t);
		t->waits = false;
		return true;
	}
	have_all = get_ptes(t);
	t->waits = false;
	if (!cluster_is_lost())
		longest_wait = max(longest_wait, sim_now - t->since);
	if (!have_all)
		return false;
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

	stop = false;
	nr_threads = 0;
	for (n = 0; n < sim.nodes; n++) {
		struct program *program = &programs[n];

		program->region = regions[n];
		percpu_ref_get(&program->region->ref);
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
