// SPDX-License-Identifier: GPL-2.0-or-later
/* The module's histograms: limits of buckets, and percentiles against exact ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/histogram.h"
#include "buckets.h"
#include "tap.h"

#define SAMPLES		20000
#define ROUNDS		60
#define NS_MIN		1024
#define NS_MAX		(UINT64_C(1) << 34)

static uint64_t seed = 12345;

static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* From 0 to 1. */
static double draw_real(void)
{
	return (double)(draw() >> 11) / (double)(UINT64_C(1) << 53);
}

/* A time from 1 us to 17 s of one of several distributions. */
static uint64_t draw_time(int round)
{
	static const double means[] = { 2e3, 5e4, 1e6, 3e7 };
	double u = draw_real(), mean = means[round / 4 % 4], ns;

	if (round % 4 == 0)		/* uniform */
		ns = 2 * mean * u;
	else if (round % 4 == 1)	/* exponential */
		ns = -mean * log(1 - u);
	else if (round % 4 == 2)	/* a long tail */
		ns = mean / pow(1 - u, 0.9);
	else				/* two humps */
		ns = (draw() & 7 ? 1 : 100) * mean * (1 + u / 10);
	return ns < NS_MIN ? NS_MIN : ns >= NS_MAX ? NS_MAX - 1 : (uint64_t)ns;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* How far an estimate is from the true value, as a part of that. */
static double error_of(const uint64_t *buckets, const uint64_t *sorted,
		       size_t count, unsigned int per_mille)
{
	size_t rank = (count * per_mille + 999) / 1000;
	double exact = (double)sorted[rank ? rank - 1 : 0];

	return fabs((double)histogram_percentile(buckets, per_mille) - exact) /
	       exact;
}

static void test_percentiles(void)
{
	static const unsigned int asked[] = { 1, 500, 900, 990, 999, 1000 };
	static uint64_t times[SAMPLES];
	uint64_t buckets[SSI_DSM_BUCKETS];
	double worst = 0, error;

	for (int round = 0; round < ROUNDS; round++) {
		size_t count = round < 8 ? 1 + draw() % 20 : SAMPLES;

		memset(buckets, 0, sizeof(buckets));
		for (size_t i = 0; i < count; i++) {
			times[i] = draw_time(round);
			buckets[ssi_buckets_of(times[i])]++;
		}
		qsort(times, count, sizeof(times[0]), compare);
		for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
			error = error_of(buckets, times, count, asked[i]);
			if (error > worst)
				worst = error;
		}
	}
	tap_diag("the worst of %zu percentiles is wrong by %.1f %%",
		 ROUNDS * ARRAY_SIZE(asked), worst * 100);
	tap_ok(worst <= 0.125, "percentiles are within an eighth of exact ones");
}

/* Both sides of each limit are in the buckets that the limits say. */
static void test_limits(void)
{
	bool good = ssi_buckets_of(0) == 0 &&
		    ssi_buckets_of(UINT64_MAX) == SSI_DSM_BUCKETS - 1 &&
		    histogram_limit(SSI_DSM_BUCKETS - 1) == UINT64_MAX;
	uint64_t limit = 0;

	for (unsigned int i = 0; i < SSI_DSM_BUCKETS - 1; i++) {
		good = good && histogram_limit(i) > limit;
		limit = histogram_limit(i);
		good = good && ssi_buckets_of(limit - 1) == i &&
		       ssi_buckets_of(limit) == i + 1;
	}
	tap_ok(good && limit == NS_MAX, "module and programs have the same limits");
	good = true;
	for (uint64_t ns = NS_MIN; ns < NS_MAX; ns *= 2)
		for (unsigned int i = 1; i < 4; i++)
			good = good && ssi_buckets_of(ns + ns / 4 * i) ==
				       ssi_buckets_of(ns) + i;
	tap_ok(good, "a power of two has four buckets from 1 us on");
}

static void test_ends(void)
{
	uint64_t buckets[SSI_DSM_BUCKETS] = { 0 };

	tap_ok(histogram_percentile(buckets, 500) == 0, "no event, no percentile");
	buckets[SSI_DSM_BUCKETS - 1] = 7;
	tap_ok(histogram_percentile(buckets, 500) == NS_MAX,
	       "what is longer than 17 s is told as 17 s");
	buckets[SSI_DSM_BUCKETS - 1] = 0;
	buckets[4] = UINT64_MAX / 4 * 3;
	buckets[60] = UINT64_MAX / 4;
	tap_ok(histogram_percentile(buckets, 740) < NS_MIN * 5 / 4 &&
	       histogram_percentile(buckets, 760) > NS_MIN * 5 / 4,
	       "large counts do not overflow");
}

int main(void)
{
	tap_plan(6);
	test_limits();
	test_percentiles();
	test_ends();
	return tap_exit();
}
