/* SPDX-License-Identifier: GPL-2.0-only */
/* Which bucket of a histogram has which times. Tests in userspace include it, too. */
#ifndef _SSI_BUCKETS_H
#define _SSI_BUCKETS_H

#ifdef __KERNEL__
#include <linux/log2.h>
#include <linux/types.h>
#else
#include "protocol/portable.h"
#define ilog2(n)	(63 - __builtin_clzll(n))
#endif
#include <linux/ssi_dsm_genl.h>

/**
 * ssi_buckets_of() - the bucket of a time
 * @ns: the time
 *
 * The limits are those of SSI_DSM_A_BUCKETS.
 *
 * Context: any.
 * Return: a number below SSI_DSM_BUCKETS.
 */
static inline u32 ssi_buckets_of(u64 ns)
{
	u32 power = ns ? ilog2(ns) : 0;

	if (power < 7)
		return 0;
	if (power < 10)
		return power - 6;
	if (power > 33)
		return SSI_DSM_BUCKETS - 1;
	return 4 * (power - 9) + ((ns >> (power - 2)) & 3);
}

#endif /* _SSI_BUCKETS_H */
