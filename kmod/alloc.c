// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that a region depends on: retries when memory is short, and
 * failures for tests.
 *
 * A region is not lost because memory is short for a while. Code that may
 * sleep tries again: a fault until its task is killed; page work and the work
 * of the home until the region is lost. Code
 * that may not sleep has three ways: it moves its data to such work, it does
 * without the memory (read-ahead), or it has a reserve (messages). The OOM
 * killer is not called for these allocations: it would kill the guest first.
 *
 * Stock kernels cannot make chosen allocations fail, so this file can.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "alloc.h"

#define PAUSE	(HZ / 200 + 1)	/* jiffies */

static unsigned int fail_nth[SSI_ALLOC_CLASSES];
module_param_array(fail_nth, uint, NULL, 0600);
MODULE_PARM_DESC(fail_nth,
		 "for tests: every how many allocations one fails, 2 or more, of: data pages, blocks of entries, requests, messages, 2 MiB folios");

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

struct page *ssi_alloc_page_wait(gfp_t gfp)
{
	struct page *page;

	while (!(page = ssi_alloc_page(gfp)))
		schedule_timeout_idle(PAUSE);
	return page;
}

int ssi_alloc_pause(void)
{
	schedule_timeout_killable(PAUSE);
	return fatal_signal_pending(current) ? -EINTR : 0;
}
