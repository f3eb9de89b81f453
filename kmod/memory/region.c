// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: lookup, references, and the one function that changes the state.
 *
 * DOC: Theory of operation
 *
 * A region begins in state WAITING. The nodes of the region exchange the hashes
 * of its map (member.c). When all members have joined with the same hash, the
 * region becomes READY. It becomes REFUSED if a member sends another hash.
 *
 * The region becomes LOST when a member is lost, when a member leaves, or when
 * the region is deleted on this node. This state is final. From then on each
 * fault ends in SIGBUS, waiting tasks are woken, and messages for the region
 * are dropped. region_setup.c makes and frees regions.
 *
 * Each message looks its region up, and takes a reference to it. Both must not
 * make CPUs wait for each other: the list is read under RCU, and the references
 * are counted per CPU. The list has a reference of its own, and
 * ssi_region_delete() puts it only after a grace period. So a region that was
 * found in the list has references.
 */
#include <linux/rculist.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "memory/region.h"
#include "net/node.h"

static struct workqueue_struct *region_wq;

/* ---- lookup ---- */

struct ssi_region *ssi_region_get(struct ssi_node *node, u32 id)
{
	struct ssi_region *region, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(region, &node->regions, list) {
		if (region->id != id)
			continue;
		percpu_ref_get(&region->ref);
		found = region;
		break;
	}
	rcu_read_unlock();
	return found;
}

/* ---- references and state changes ---- */

void ssi_region_release(struct percpu_ref *ref)
{
	struct ssi_region *region = container_of(ref, struct ssi_region, ref);

	queue_work(region_wq, &region->free);
}

void ssi_region_put(struct ssi_region *region)
{
	percpu_ref_put(&region->ref);
}

void ssi_region_wake(struct ssi_region *region)
{
	u32 i;

	for (i = 0; i < ssi_region_buckets(region); i++)
		if (wq_has_sleeper(&region->buckets[i].wait))
			wake_up_all(&region->buckets[i].wait);
}

static void wake_everybody(struct ssi_region *region)
{
	ssi_region_wake(region);
	wake_up_interruptible(&region->channel.wait);
}

static void tell_listeners(struct ssi_region *region)
{
	percpu_ref_get(&region->ref);
	if (!queue_work(region_wq, &region->changed))
		ssi_region_put(region);
}

/*
 * The only function that changes the state. Legal moves: WAITING -> READY,
 * REFUSED, LOST; REFUSED -> READY, LOST; READY -> LOST.
 */
__printf(4, 0)
static bool vchange_state(struct ssi_region *region, u32 state, u32 culprit,
			  const char *fmt, va_list args)
{
	bool legal;

	spin_lock_bh(&region->lock);
	legal = region->state != SSI_DSM_REGION_LOST &&
		region->state != state &&
		(region->state != SSI_DSM_REGION_READY ||
		 state == SSI_DSM_REGION_LOST);
	if (legal) {
		vscnprintf(region->reason, sizeof(region->reason), fmt, args);
		region->culprit = culprit;
		WRITE_ONCE(region->state, state);
	}
	spin_unlock_bh(&region->lock);
	if (legal) {
		wake_everybody(region);
		tell_listeners(region);
	}
	return legal;
}

void ssi_region_flush(void)
{
	flush_workqueue(region_wq);
}

bool ssi_region_change_state(struct ssi_region *region, u32 state, u32 culprit,
			     const char *fmt, ...)
{
	va_list args;
	bool changed;

	va_start(args, fmt);
	changed = vchange_state(region, state, culprit, fmt, args);
	va_end(args);
	return changed;
}

void ssi_region_lose(struct ssi_region *region, u32 culprit,
		     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vchange_state(region, SSI_DSM_REGION_LOST, culprit, fmt, args);
	va_end(args);
}

/* ---- init and exit ---- */

int ssi_region_init(void)
{
	region_wq = alloc_workqueue("ssi_dsm_region", WQ_UNBOUND, 0);
	return region_wq ? 0 : -ENOMEM;
}

/*
 * All regions are deleted. References that were put meanwhile are counted after
 * a grace period, and work that frees a region may still be queued; this waits
 * for both.
 */
void ssi_region_exit(void)
{
	rcu_barrier();
	destroy_workqueue(region_wq);
}
