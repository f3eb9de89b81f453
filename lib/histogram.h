/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The histograms of the module: limits of their buckets, and percentiles.
 */
#ifndef LIB_HISTOGRAM_H
#define LIB_HISTOGRAM_H

#include <stdint.h>

#include <linux/ssi_dsm_genl.h>

/* The upper limit of a bucket in ns, exclusive; UINT64_MAX for the last one. */
uint64_t histogram_limit(unsigned int bucket);

/* The sum of all buckets. */
uint64_t histogram_total(const uint64_t buckets[SSI_DSM_BUCKETS]);

/**
 * histogram_percentile() - estimate a percentile
 * @buckets: SSI_DSM_BUCKETS of them
 * @per_mille: for example 999 for the 99.9th percentile
 *
 * It is the middle of the bucket with the percentile: from 1 us to 17 s it differs
 * from the true one by an eighth at most. Below 1 us it may be twice or half of it; a
 * longer one than 17 s is told as 17 s.
 *
 * Return: ns; 0 if the histogram is empty.
 */
uint64_t histogram_percentile(const uint64_t buckets[SSI_DSM_BUCKETS],
			      unsigned int per_mille);

#endif /* LIB_HISTOGRAM_H */
