// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that a region depends on: retries when memory is short, and
 * failures for tests.
 *
 * A region is not lost because memory is short for a while. Code that may
 * sleep tries again: a fault until its task is killed; page work and the work
 * of the home until the region is lost. Code that may not sleep has three ways:
 * it moves its data to such work, it does without the memory (read-ahead), or it
 * has a reserve (messages). The OOM killer is not called for these allocations:
 * it would kill the guest first.
 *
 * Memory of a guest is charged to a memory cgroup: what a fault allocates to
 * that of the faulting task, all other memory to that of the task that made the
 * node. A fault waits when its cgroup has reached its limit. Page work, the
 * home and received messages do not: beyond the limit their memory is charged to
 * nobody, or, if it is allocated in atomic context, to the cgroup all the same.
 * Other nodes wait for them, and what they allocate soon leaves the node again,
 * replaces memory that is freed, or is the cache, which has its own limit.
 * (__GFP_HIGH would always charge beyond the limit, but it also takes the last
 * pages of the host, which the network card needs to receive.)
 *
 * Stock kernels cannot make chosen allocations fail, so this file can.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "alloc.h"

#define PAUSE		(HZ / 200 + 1)	/* jiffies */
/* A first try, with one round of reclaim; the second try is not charged. */
#define GFP_CHARGED	(__GFP_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN)

static unsigned int fail_nth[SSI_ALLOC_CLASSES];
module_param_array(fail_nth, uint, NULL, 0600);
MODULE_PARM_DESC(fail_nth,
		 "for tests: every how many allocations one fails, 2 or more, of: data pages, blocks of entries, requests, messages, 2 MiB folios, posted messages");

static unsigned int failed[SSI_ALLOC_CLASSES];
module_param_array(failed, uint, NULL, 0400);
MODULE_PARM_DESC(failed, "how many have failed for that");

static atomic_t counts[SSI_ALLOC_CLASSES];

bool ssi_alloc_fails(enum ssi_alloc_class class)
{
	unsigned int nth = READ_ONCE(fail_nth[class]);

	if (likely(nth < 2) || atomic_inc_return(&counts[class]) % nth)
		return false;
	WRITE_ONCE(failed[class], failed[class] + 1);
	return true;
}

struct page *ssi_alloc_page(gfp_t gfp)
{
	return ssi_alloc_fails(SSI_ALLOC_PAGE) ? NULL :
						 alloc_page(ssi_alloc_gfp(gfp));
}

struct page *ssi_alloc_page_for(struct mem_cgroup *payer, gfp_t gfp)
{
	struct mem_cgroup *old;
	struct page *page;

	if (ssi_alloc_fails(SSI_ALLOC_PAGE))
		return NULL;
	old = set_active_memcg(payer);
	page = alloc_page(gfp | GFP_CHARGED);
	set_active_memcg(old);
	return page ? page : alloc_page(ssi_alloc_gfp(gfp));
}

struct page *ssi_alloc_page_wait(struct mem_cgroup *payer, gfp_t gfp)
{
	struct page *page;

	while (!(page = ssi_alloc_page_for(payer, gfp)))
		schedule_timeout_idle(PAUSE);
	return page;
}

void *ssi_alloc_zeroed_for(struct mem_cgroup *payer, size_t size, gfp_t gfp)
{
	struct mem_cgroup *old = set_active_memcg(payer);
	void *memory = kzalloc(size, gfp | GFP_CHARGED);

	set_active_memcg(old);
	return memory ? memory : kzalloc(size, ssi_alloc_gfp(gfp));
}

int ssi_alloc_pause(void)
{
	schedule_timeout_killable(PAUSE);
	return fatal_signal_pending(current) ? -EINTR : 0;
}
