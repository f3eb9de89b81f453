// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks: faults of KVM's vCPUs at the tables of their guest.
 *
 * DOC: Theory of operation
 *
 * A vCPU that walks its guest's page tables reads them through the nested page
 * tables. If a table is not mapped there, or if the walk counts as a write (see
 * rogpt.c) and the table is not writable, KVM gets a fault like any other. Only
 * the fault's error code tells that the walker caused it.
 *
 * KVM has a tracepoint for each fault, which is called by the vCPU's task right
 * before KVM resolves the fault, and so before .fault. Its probe notes what the
 * task is about to do. .fault finds the note by the task. Tasks share the notes
 * by a hash. If two tasks use one note, the counters miss a walk; nothing else
 * depends on them.
 *
 * kvm.ko is a module of its own, which need not be loaded, and this module does
 * not depend on it. While a file is attached to a region, references to two of
 * its symbols keep it loaded. Without KVM, or with a kernel that does not have
 * them, no walk is counted.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/kvm_host.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "engine/gather.h"
#include "engine/heat.h"
#include "engine/rogpt.h"
#include "engine/walks.h"
#include "memory/region.h"

#define NOTES		1024

/* The error code of a nested page fault: PFERR_* of KVM. */
#define ERROR_WRITE	BIT_ULL(1)
#define ERROR_WALK	BIT_ULL(33)

/*
 * The function of KVM's worker for asynchronous page faults, as %ps prints it, and
 * what follows if KVM is a module.
 */
#define ASYNC_FUNCTION	"async_pf_execute"
#define ASYNC_MODULE	" [kvm]"

/**
 * struct walk_note - what a vCPU's task is about to do
 * @task: the task; only compared
 * @start: time (ktime in ns) when KVM had the exit
 * @walks: the walker faulted
 * @writes: and its access counts as a write
 */
struct walk_note {
	struct task_struct *task;
	u64 start;
	bool walks;
	bool writes;
};

static struct walk_note notes[NOTES];

/* Only the names are used, for symbol_get(): kvm.ko defines both. */
DECLARE_TRACEPOINT(kvm_page_fault);

static DEFINE_MUTEX(walks_lock);	/* protects the variables below */
static u32 attached;			/* files */
static struct tracepoint *fault_point;	/* with our probe, or NULL */
/* Also read without the lock, by faults of files that are attached. */
static typeof(kvm_get_running_vcpu) *get_running;
static work_func_t async_function;	/* of KVM's worker, once it is known */

static struct walk_note *my_note(void)
{
	return &notes[hash_ptr(current, ilog2(NOTES))];
}

static void ssi_walks_probe(void *data, struct kvm_vcpu *vcpu, u64 address,
			    u64 error)
{
	struct walk_note *note = my_note();

	WRITE_ONCE(note->task, current);
	WRITE_ONCE(note->start, ktime_get_ns());
	WRITE_ONCE(note->writes, error & ERROR_WRITE);
	WRITE_ONCE(note->walks, error & ERROR_WALK);
}

/* ---- kvm.ko ---- */

static void begin_probing(void)
{
	struct tracepoint *point = symbol_get(__tracepoint_kvm_page_fault);

	if (!point)
		return;
	if (tracepoint_probe_register(point, ssi_walks_probe, NULL))
		symbol_put(__tracepoint_kvm_page_fault);
	else
		fault_point = point;
}

static void end_probing(void)
{
	if (!fault_point)
		return;
	tracepoint_probe_unregister(fault_point, ssi_walks_probe, NULL);
	tracepoint_synchronize_unregister();
	symbol_put(__tracepoint_kvm_page_fault);
	fault_point = NULL;
}

static void hold_kvm(void)
{
	lockdep_assert_held(&walks_lock);
	if (get_running)
		return;
	WRITE_ONCE(get_running, symbol_get(kvm_get_running_vcpu));
	if (get_running)
		begin_probing();
}

/* No file is attached, so no task is in .fault. */
static void release_kvm(void)
{
	lockdep_assert_held(&walks_lock);
	if (!get_running)
		return;
	end_probing();
	WRITE_ONCE(get_running, NULL);
	WRITE_ONCE(async_function, NULL);
	symbol_put(kvm_get_running_vcpu);
}

void ssi_walks_attach(void)
{
	mutex_lock(&walks_lock);
	attached++;
	hold_kvm();
	mutex_unlock(&walks_lock);
}

void ssi_walks_look(void)
{
	mutex_lock(&walks_lock);
	hold_kvm();
	mutex_unlock(&walks_lock);
}

void ssi_walks_detach(void)
{
	mutex_lock(&walks_lock);
	if (!--attached)
		release_kvm();
	mutex_unlock(&walks_lock);
}

/* ---- faults ---- */

struct kvm_vcpu *ssi_walks_vcpu(void)
{
	typeof(kvm_get_running_vcpu) *running = READ_ONCE(get_running);

	return running ? running() : NULL;
}

u32 ssi_walks_cpu(void)
{
	const struct kvm_vcpu *vcpu = ssi_walks_vcpu();

	return vcpu ? vcpu->vcpu_id : SSI_HEAT_NO_CPU;
}

/*
 * The worker's function is static, so only its name can tell. The address is
 * valid as long as kvm.ko is loaded.
 */
static bool is_async_function(work_func_t func)
{
	char name[sizeof(ASYNC_FUNCTION ASYNC_MODULE) + 1];

	if (READ_ONCE(async_function) == func)
		return true;
	snprintf(name, sizeof(name), "%ps", func);
	if (strcmp(name, ASYNC_FUNCTION) &&
	    strcmp(name, ASYNC_FUNCTION ASYNC_MODULE))
		return false;
	WRITE_ONCE(async_function, func);
	return true;
}

bool ssi_walks_is_async(void)
{
	struct work_struct *work = current_work();

	return work && READ_ONCE(get_running) &&
	       is_async_function(READ_ONCE(work->func));
}

void ssi_walks_end(struct ssi_region *region)
{
	struct walk_note *note = my_note();
	bool writes = READ_ONCE(note->writes);
	u64 start = READ_ONCE(note->start);

	if (READ_ONCE(note->task) != current || !READ_ONCE(note->walks))
		return;
	WRITE_ONCE(note->walks, false);
	ssi_stats_add(region->stats, writes ? SSI_DSM_CLASS_WALK_WRITE :
					      SSI_DSM_CLASS_WALK_READ,
		      ktime_get_ns() - start);
	ssi_gather_walked(region, writes);
	ssi_rogpt_walked(region, writes);
}
