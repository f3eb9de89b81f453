// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules: pure decisions from counters.
 */
#include "protocol/rules.h"

#include <linux/ssi_dsm_genl.h>

/*
 * DOC: The hold window
 *
 * A single x86 instruction can need about ten pages at once (four levels of
 * page table, code, stack, operands), and these pages arrive one after the
 * other. If two nodes take pages from each other as soon as they arrive,
 * neither makes progress: each node gives away the pages that it has while it
 * waits for the pages that it lacks. With hold windows of equal length they
 * exchange the same two pages for ever.
 *
 * Therefore a node that gathers pages has an age (transaction age). It begins
 * with the first miss and ends when the node has all pages that it asked for
 * and has had the time of one window to use them. When another node asks for a
 * page that arrived recently, the older of the two nodes gets the page. If the
 * holder is the younger one, it gives the page away at once, even if it has
 * not used it yet. If the holder is the older one, it keeps the page until its
 * turn is over. The age of a node grows while it loses, so it wins in the end.
 * After its turn a node begins again with age zero, as the youngest. (This
 * rule is known as wound-wait from databases.)
 *
 * A window ends early when all tasks that gathered pages recently sleep: a CPU
 * that handled its timer tick and halted again does not need its pages.
 *
 * Length of a window. If page walks count as writes, most of the time to hand over
 * the turn is spent on the pages of the page tables: it takes the time of fifteen
 * to thirty requests. A turn must be long compared with that: three hundred
 * requests. (Measured with a booting guest on two nodes in one host: with windows
 * of 1, 5, 20 and 80 ms each node fetches 86,000, 55,000, 23,000 and 15,000 pages.
 * On three nodes each node fetches 75,000 pages with windows of one hundred
 * requests and 37,000 with three hundred.)
 *
 * If walks read, a node that takes its turn needs few pages exclusively, and the
 * other node waits in vain for most of a long turn: thirty requests, three for
 * each page of an instruction. (Measured in the same way, both nodes together:
 * with 10, 30 and 300 requests they fetch 31,000, 24,000 and 24,000 pages, and
 * wait for 10, 7 and 38 s in all.)
 *
 * The age of the page limits all of this. A node that never stops missing
 * keeps a page for at most two windows. It keeps a mere copy for at most half
 * a window: a spinning CPU may be reading that copy while another node needs
 * to write the value that the CPU waits for.
 */
#define TURN			30	/* requests, see above */
#define TURN_WALKS_WRITE	300	/* the same, if walks count as writes */
#define HOLD_MIN_NS		1000000ull
#define HOLD_MAX_NS		100000000ull
#define LOOK_AGAIN_NS		500000ull

static u64 turn_ns(u64 window, const struct ssi_contest *contest)
{
	return contest->copy ? window / 2 : 2 * window;
}

bool ssi_rules_asks_running(u64 window, const struct ssi_contest *contest)
{
	return contest->page_age < turn_ns(window, contest) &&
	       !contest->outstanding && contest->since_done < window;
}

enum ssi_verdict ssi_rules_judge(u64 window, const struct ssi_contest *contest,
				 u64 *wait_ns)
{
	u64 turn = turn_ns(window, contest);
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
	/* The tasks may all go to sleep before that: check again soon. */
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

bool ssi_rules_gathers_anew(u64 window, const struct ssi_contest *us)
{
	return !us->outstanding && us->since_done >= window;
}

u64 ssi_rules_hold_ns(u64 hold_us, u64 service_ns, bool walks_write)
{
	u64 ns;

	if (hold_us != SSI_DSM_POLICY_AUTO)
		return hold_us * 1000ull;
	ns = (walks_write ? TURN_WALKS_WRITE : TURN) * service_ns;
	if (ns < HOLD_MIN_NS)
		return HOLD_MIN_NS;
	return ns < HOLD_MAX_NS ? ns : HOLD_MAX_NS;
}

/*
 * Spinning pays as long as the page arrives before a sleeping task could run
 * again. It costs no other task anything as long as none is runnable on this
 * CPU; a runnable task ends the spinning.
 */
#define SPIN_SERVICES		3	/* requests */
#define SPIN_MIN_NS		20000ull
#define SPIN_MAX_NS		1000000ull

u64 ssi_rules_spin_ns(u64 spin_us, u64 service_ns)
{
	u64 ns = SPIN_SERVICES * service_ns;

	if (spin_us != SSI_DSM_POLICY_AUTO)
		return spin_us * 1000ull;
	if (ns < SPIN_MIN_NS)
		return SPIN_MIN_NS;
	return ns < SPIN_MAX_NS ? ns : SPIN_MAX_NS;
}

/*
 * An exponential average that follows falling values quickly and rising values
 * slowly. It estimates how long a request takes if nothing else delays it.
 */
u64 ssi_rules_service_ns(u64 average, u64 ns)
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
 * A counter between two ends: each walk that writes adds one, and each that reads
 * takes one away. Walks that may read write a few times too, to set an accessed or
 * a dirty bit.
 */
#define WALKS_MOST		32
#define WALKS_MIDDLE		(WALKS_MOST / 2)

u32 ssi_rules_walks(u32 walks, bool writes)
{
	if (writes)
		return walks < WALKS_MOST ? walks + 1 : walks;
	return walks ? walks - 1 : 0;
}

bool ssi_rules_walks_write(u32 walks)
{
	return walks > WALKS_MIDDLE;
}

/*
 * DOC: Read-ahead
 *
 * Faults that follow each other, page after page, are a stream. A page that is
 * mapped already does not fault and makes a gap in the stream. From the third
 * fault on, this node requests the next pages ahead, in the same way as the
 * fault (a copy, or exclusively). The number of pages ahead doubles each time
 * the stream has used up half of them. A page that was requested ahead also
 * faults when it is first touched, and this fault advances the stream. Without
 * such faults no more pages are requested ahead.
 */
#define STREAM_GAP	4
#define STREAM_RUN	3
#define DEPTH_MIN	4

/*
 * A fault that had to wait is repeated: it is at the last page of its stream.
 */
static struct ssi_stream *find_stream(struct ssi_stream *streams, u64 index)
{
	u32 i;

	for (i = 0; i < SSI_RULES_STREAMS; i++)
		if (streams[i].run && index + 1 >= streams[i].next &&
		    index - streams[i].next + 1 <= STREAM_GAP)
			return &streams[i];
	return NULL;
}

u32 ssi_rules_read_ahead(struct ssi_stream *streams, u32 *oldest, u64 index,
			 u32 most, u64 *first)
{
	struct ssi_stream *stream = find_stream(streams, index);
	u64 end;

	if (!stream) {
		stream = &streams[(*oldest)++ % SSI_RULES_STREAMS];
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
