// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two CPUs hand the time to each other through shared memory: a CPU that has
 * seen the other's reading must not read an earlier time after it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "checks.h"
#include "clocksource.h"
#include "report.h"
#include "workers.h"

#define MIN_HANDOFFS	20	/* also of CPUs that take long for each */
#define MAX_HANDOFFS	1000000
#define LOST_SECONDS	20
#define SPINS_PER_LOOK	100000	/* spins between looks at the clock */
#define OVER		UINT64_MAX

struct reading {
	int64_t tsc;
	int64_t ns;
};

/* A CPU that sees its own turn may read and write the rest. */
static struct {
	uint64_t turn;
	struct reading reading;
} shared PAGE_ALIGNED;

/**
 * struct side - one CPU's figures about the other's clock
 * @handoffs: readings that it got
 * @shortest: shortest time from the other's reading to its own; if it is
 *	negative, time went backwards
 * @backwards: how often time went backwards, by clock
 */
struct side {
	uint64_t handoffs;
	struct reading shortest;
	struct {
		uint64_t tsc;
		uint64_t ns;
	} backwards;
};

struct clock_run {
	double seconds;
	bool lost;
	struct side sides[2];
};

/* The fences keep rdtsc between the loads and stores of the handing over. */
static struct reading read_clocks(void)
{
	struct reading now;
	struct timespec ts;

	_mm_mfence();
	_mm_lfence();
	now.tsc = __rdtsc();
	_mm_lfence();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	_mm_lfence();
	now.ns = ts.tv_sec * 1000000000ll + ts.tv_nsec;
	return now;
}

static void compare(struct side *side, const struct reading *handed)
{
	struct reading now = read_clocks();
	int64_t tsc = now.tsc - handed->tsc, ns = now.ns - handed->ns;

	if (!side->handoffs || tsc < side->shortest.tsc)
		side->shortest.tsc = tsc;
	if (!side->handoffs || ns < side->shortest.ns)
		side->shortest.ns = ns;
	side->backwards.tsc += tsc < 0;
	side->backwards.ns += ns < 0;
	side->handoffs++;
}

/* Wait for a turn; OVER at the end, or when no turn came for long. */
static uint64_t await_turn(struct clock_run *run, int me)
{
	double deadline = report_now() + LOST_SECONDS;
	uint64_t turn;

	for (unsigned int spins = 1; ; spins++) {
		turn = __atomic_load_n(&shared.turn, __ATOMIC_ACQUIRE);
		if (turn == OVER || turn % 2 == (uint64_t)me)
			return turn;
		if (spins % SPINS_PER_LOOK == 0 && report_now() > deadline) {
			run->lost = true;
			return OVER;
		}
		barrier_relax();
	}
}

static void run_thread(int me, void *arg)
{
	struct clock_run *run = arg;
	double deadline = report_now() + run->seconds;
	uint64_t turn;

	while ((turn = await_turn(run, me)) != OVER) {
		const struct reading handed = shared.reading;

		if (turn)	/* nobody has written anything before turn 0 */
			compare(&run->sides[me], &handed);
		if (turn > MAX_HANDOFFS ||
		    (turn > MIN_HANDOFFS && report_now() > deadline)) {
			__atomic_store_n(&shared.turn, OVER, __ATOMIC_RELEASE);
			return;
		}
		shared.reading = read_clocks();
		__atomic_store_n(&shared.turn, turn + 1, __ATOMIC_RELEASE);
	}
}

/* Ticks of the TSC in a nanosecond. */
static double tsc_rate(void)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	struct reading begun = read_clocks(), ended;

	nanosleep(&pause, NULL);
	ended = read_clocks();
	return (double)(ended.tsc - begun.tsc) / (ended.ns - begun.ns);
}

/**
 * struct clock_figures - of all pairs
 * @handoffs: number of readings compared
 * @backwards: how often each clock went backwards
 * @worst: by how much at most, of each clock
 * @skew: largest difference between two CPUs' TSCs: half of the difference
 *	between the shortest ways there and back
 * @shortest: of all ways, in TSC ticks
 */
struct clock_figures {
	uint64_t handoffs;
	uint64_t tsc_backwards;
	uint64_t ns_backwards;
	int64_t worst_tsc;
	int64_t worst_ns;
	int64_t skew;
	int64_t shortest;
};

static void add_pair(struct clock_figures *f, const struct clock_run *run)
{
	int64_t skew = llabs(run->sides[0].shortest.tsc -
			     run->sides[1].shortest.tsc) / 2;

	if (skew > f->skew)
		f->skew = skew;
	for (int i = 0; i < 2; i++) {
		const struct side *side = &run->sides[i];

		if (!f->handoffs || side->shortest.tsc < f->shortest)
			f->shortest = side->shortest.tsc;
		f->handoffs += side->handoffs;
		f->tsc_backwards += side->backwards.tsc;
		f->ns_backwards += side->backwards.ns;
		if (-side->shortest.tsc > f->worst_tsc)
			f->worst_tsc = -side->shortest.tsc;
		if (-side->shortest.ns > f->worst_ns)
			f->worst_ns = -side->shortest.ns;
	}
}

static int run_pair(struct clock_run *run, const struct machine_pair *pair)
{
	memset(run->sides, 0, sizeof(run->sides));
	run->lost = false;
	shared.turn = 0;
	if (workers_run(pair->cpus, 2, run_thread, run))
		return -1;
	if (!run->lost)
		return 0;
	report_fail("A write of CPU %d or %d was not seen by the other for %d s.",
		    pair->cpus[0].id, pair->cpus[1].id, LOST_SECONDS);
	return -1;
}

static void report_figures(const struct clock_figures *f)
{
	double rate = tsc_rate();

	if (f->tsc_backwards)
		report_fail("The TSC went backwards %" PRIu64 " times, by up to %.0f ns.",
			    f->tsc_backwards, f->worst_tsc / rate);
	if (f->ns_backwards)
		report_fail("CLOCK_MONOTONIC went backwards %" PRIu64 " times, by up to %" PRId64 " ns.",
			    f->ns_backwards, f->worst_ns);
	report_key("handoffs=%" PRIu64 " tsc_backwards=%" PRIu64 " monotonic_backwards=%" PRIu64 " skew_ns=%.0f shortest_ns=%.0f",
		   f->handoffs, f->tsc_backwards, f->ns_backwards,
		   f->skew / rate, f->shortest / rate);
}

void check_clock(const struct machine *machine,
		 const struct settings *settings)
{
	static struct machine_pair pairs[MACHINE_MAX_PAIRS];
	struct clock_figures figures = { .handoffs = 0 };
	struct clock_run run = { .lost = false };
	int count = machine_pairs(machine, pairs);

	for (int i = 0; i < count; i++) {
		run.seconds = settings->seconds / count;
		if (run_pair(&run, &pairs[i]))
			return;
		add_pair(&figures, &run);
		report_progress("%d of %d pairs of CPUs are done.", i + 1,
				count);
	}
	if (count)
		report_figures(&figures);
	else
		report_skip("handoff");
	clocksource_check(settings->clocksource);
}
