// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The histograms of the module: limits of their buckets, and percentiles.
 */
#include "histogram.h"

uint64_t histogram_limit(unsigned int bucket)
{
	if (bucket < 4)
		return UINT64_C(128) << bucket;
	if (bucket >= SSI_DSM_BUCKETS - 1)
		return UINT64_MAX;
	return (UINT64_C(5) + bucket % 4) << (bucket / 4 + 7);
}

uint64_t histogram_total(const uint64_t buckets[SSI_DSM_BUCKETS])
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < SSI_DSM_BUCKETS; i++)
		total += buckets[i];
	return total;
}

uint64_t histogram_percentile(const uint64_t buckets[SSI_DSM_BUCKETS],
			      unsigned int per_mille)
{
	uint64_t total = histogram_total(buckets), seen = 0, begin = 0;
	/* so many are not longer; rounded up, and without an overflow */
	uint64_t rank = total - total / 1000 * (1000 - per_mille) -
			total % 1000 * (1000 - per_mille) / 1000;

	if (!total)
		return 0;
	for (unsigned int i = 0; i < SSI_DSM_BUCKETS - 1; i++) {
		seen += buckets[i];
		if (seen >= rank)
			return begin + (histogram_limit(i) - begin) / 2;
		begin = histogram_limit(i);
	}
	return begin;
}
