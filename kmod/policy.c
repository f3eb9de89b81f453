// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pure decisions from counters.
 */
#include "policy.h"

#include <linux/ssi_dsm_genl.h>

/*
 * One x86 instruction can need about ten pages at once. They come one after
 * the other, so the first must stay for as long as it takes to fetch the rest,
 * and then long enough to get something done with the whole set.
 */
#define PAGES_OF_AN_INSTRUCTION	10
#define HOLD_MIN_NS		1000000ull
#define HOLD_MAX_NS		50000000ull

u64 ssi_policy_hold_ns(u32 hold_us, u64 service_ns)
{
	u64 ns;

	if (hold_us != SSI_DSM_HOLD_AUTO)
		return hold_us * 1000ull;
	ns = 2 * PAGES_OF_AN_INSTRUCTION * service_ns;
	if (ns < HOLD_MIN_NS)
		return HOLD_MIN_NS;
	return ns < HOLD_MAX_NS ? ns : HOLD_MAX_NS;
}

/* An exponential average over about 16 requests, deaf to outliers. */
u64 ssi_policy_service_ns(u64 average, u64 ns)
{
	if (!average)
		return ns;
	if (ns > 4 * average)
		ns = 4 * average;
	return average - average / 16 + ns / 16;
}
