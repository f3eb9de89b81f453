// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pure decisions from counters.
 */
#include "protocol/policy.h"

#include <linux/ssi_dsm_genl.h>

const struct ssi_policy ssi_policies[__SSI_DSM_POLICY_MAX] = {
	[SSI_DSM_POLICY_HOLD] = {
		.initial = SSI_DSM_POLICY_AUTO,
		.max = 15000000, /* two of them are an age that a page can tell */
		.can_be_auto = true,
		.refusal = "the hold window is longer than 15 seconds",
	},
	[SSI_DSM_POLICY_SPIN] = {
		.initial = SSI_DSM_POLICY_AUTO,
		.max = 10000, /* the CPU does nothing else meanwhile */
		.can_be_auto = true,
		.refusal = "the spin time is longer than 10 milliseconds",
	},
	[SSI_DSM_POLICY_AHEAD] = {
		.initial = 32,
		.max = 512,
		.refusal = "the read-ahead is more than 512 pages",
	},
	[SSI_DSM_POLICY_CACHE] = {
		.initial = SSI_DSM_POLICY_AUTO,
		.min = 1 << 20,
		.max = 1ull << 50,
		.can_be_auto = true,
		.refusal = "the cache is smaller than 1 MiB or larger than 1 PiB",
	},
	[SSI_DSM_POLICY_HUGE] = {
		.initial = 1,
		.max = 1,
		.refusal = "huge is 1 for yes or 0 for no",
	},
};

bool ssi_policy_allows(u32 id, u64 value)
{
	const struct ssi_policy *policy = &ssi_policies[id];

	if (value == SSI_DSM_POLICY_AUTO)
		return policy->can_be_auto;
	return value >= policy->min && value <= policy->max;
}

/*
 * DOC: The hold window
 *
 * One x86 instruction can need about ten pages at once (four levels of page
 * table, code, stack, operands), and they come one after the other. Two nodes
 * that take pages from each other as they come make no progress: each gives
 * away what it has while it waits for what it lacks, and with windows of equal
 * length they swap the same two pages for ever.
 *
 * So a node that gathers pages has an age, from its first miss until it has
 * all it wants and has had a window's time to use them. When somebody wants a
 * page that came lately, the older of the two gets it: the younger gives it
 * away at once, even if it has not used it yet, and the older keeps it until it
 * is done. Ages go on growing while a node loses, so it wins in the end; a
 * node that has had its turn begins anew, as the youngest. (The rule is
 * wound-wait, known from databases.)
 *
 * A window ends early when everybody who gathered lately sleeps: a CPU that had
 * its tick and halted again has no use for its pages.
 *
 * How long is a window? Handing the turn over takes the time of fifteen to
 * thirty requests, most of it that of the page tables where a walk counts as a
 * write to them, and a turn is to be long against that: three hundred. (Measured
 * with a booting guest on two nodes in one host: windows of 1, 5, 20 and 80 ms
 * take it 86,000, 55,000, 23,000 and 15,000 pages fetched for each node; on three
 * nodes a hundred requests' time takes 75,000 and three hundred 37,000.)
 *
 * All is bounded by the page's own age, so a node that never stops missing
 * keeps nothing for longer than two windows, and a mere copy, which a spinning
 * CPU may be reading while somebody wants to write what it waits for, for half
 * of one.
 */
#define TURN			300	/* requests' time; see above */
#define HOLD_MIN_NS		1000000ull
#define HOLD_MAX_NS		100000000ull
#define LOOK_AGAIN_NS		500000ull

enum ssi_verdict ssi_policy_judge(u64 window, const struct ssi_contest *contest,
				  u64 *wait_ns)
{
	u64 turn = contest->copy ? window / 2 : 2 * window;
	u64 left;

	if (contest->page_age >= turn)
		return SSI_VERDICT_RELEASE;
	if (!contest->outstanding &&
	    (!contest->running || contest->since_done >= window))
		return SSI_VERDICT_RELEASE;
	if (contest->their_age > contest->our_age)
		return SSI_VERDICT_YIELD;
	left = turn - contest->page_age;
	if (!contest->outstanding && window - contest->since_done < left)
		left = window - contest->since_done;
	/* They may all go to sleep before. */
	*wait_ns = left < LOOK_AGAIN_NS ? left : LOOK_AGAIN_NS;
	return SSI_VERDICT_HOLD;
}

static const char *const verdicts[SSI_VERDICTS] = {
	[SSI_VERDICT_HOLD] = "HOLD",
	[SSI_VERDICT_YIELD] = "YIELD",
	[SSI_VERDICT_RELEASE] = "RELEASE",
};

const char *ssi_verdict_name(enum ssi_verdict verdict)
{
	return verdict < SSI_VERDICTS ? verdicts[verdict] : "?";
}

bool ssi_policy_gathers_anew(u64 window, const struct ssi_contest *us)
{
	return !us->outstanding && us->since_done >= window;
}

u64 ssi_policy_hold_ns(u64 hold_us, u64 service_ns)
{
	u64 ns;

	if (hold_us != SSI_DSM_POLICY_AUTO)
		return hold_us * 1000ull;
	ns = TURN * service_ns;
	if (ns < HOLD_MIN_NS)
		return HOLD_MIN_NS;
	return ns < HOLD_MAX_NS ? ns : HOLD_MAX_NS;
}

/*
 * Spinning pays as long as the page comes before a sleeper could run again, and
 * costs nobody anything as long as nobody else wants the CPU, which ends it.
 */
#define SPIN_SERVICES		3	/* requests' time */
#define SPIN_MIN_NS		20000ull
#define SPIN_MAX_NS		1000000ull

u64 ssi_policy_spin_ns(u64 spin_us, u64 service_ns)
{
	u64 ns = SPIN_SERVICES * service_ns;

	if (spin_us != SSI_DSM_POLICY_AUTO)
		return spin_us * 1000ull;
	if (ns < SPIN_MIN_NS)
		return SPIN_MIN_NS;
	return ns < SPIN_MAX_NS ? ns : SPIN_MAX_NS;
}

/*
 * An exponential average that follows falls quickly and rises slowly: what we
 * want is how long a request takes when nothing else is in its way.
 */
u64 ssi_policy_service_ns(u64 average, u64 ns)
{
	if (!average)
		return ns;
	if (ns < average)
		return average - (average - ns) / 4;
	if (ns > 4 * average)
		ns = 4 * average;
	return average + (ns - average) / 32;
}

/*
 * DOC: Read-ahead
 *
 * Faults that follow each other, page after page, are a stream; a page that was
 * mapped already makes a gap. From the third fault on, the pages that come next
 * are asked for as the fault asks, a copy or exclusively: twice as many each
 * time the stream has used up half of what it was ahead. Pages that were asked
 * for ahead fault, too, when they are touched, and so move the stream on;
 * without that, nothing more is asked for.
 */
#define STREAM_GAP	4
#define STREAM_RUN	3
#define DEPTH_MIN	4

/* A fault that waited faults again, at the last page of its stream. */
static struct ssi_stream *find_stream(struct ssi_stream *streams, u64 index)
{
	u32 i;

	for (i = 0; i < SSI_POLICY_STREAMS; i++)
		if (streams[i].run && index + 1 >= streams[i].next &&
		    index - streams[i].next + 1 <= STREAM_GAP)
			return &streams[i];
	return NULL;
}

u32 ssi_policy_read_ahead(struct ssi_stream *streams, u32 *oldest, u64 index,
			  u32 most, u64 *first)
{
	struct ssi_stream *stream = find_stream(streams, index);
	u64 end;

	if (!stream) {
		stream = &streams[(*oldest)++ % SSI_POLICY_STREAMS];
		*stream = (struct ssi_stream){ .depth = DEPTH_MIN };
	}
	if (stream->next == index + 1)
		return 0;
	stream->next = index + 1;
	if (stream->ahead < stream->next)
		stream->ahead = stream->next;
	if (++stream->run < STREAM_RUN || !most ||
	    stream->ahead - stream->next > stream->depth / 2)
		return 0;
	stream->depth = stream->depth < most / 2 ? 2 * stream->depth : most;
	*first = stream->ahead;
	end = stream->next + stream->depth;
	stream->ahead = end;
	return end - *first;
}
