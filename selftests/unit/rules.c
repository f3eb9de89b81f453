// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules: which node keeps a page that came lately, and for how long; bounds
 * and monotony of hold window and service time.
 *
 * DOC: Contests
 *
 * Two nodes that request each other's pages must never both give their page
 * away: neither would make progress. Nor may both keep it for ever. So this
 * test takes the verdicts of both sides together, for every combination of the
 * times below.
 */
#include "protocol/rules.h"
#include "tap.h"

#include <linux/ssi_dsm_genl.h>

#define MS	1000000ull
#define SECOND	(1000 * MS)

/* Bounds of the automatic window. */
#define HOLD_MIN	MS
#define HOLD_MAX	(100 * MS)

/* 0, then ever larger ones, up to an hour. */
#define for_each_time(ns) \
	for (ns = 0; ns < 3600 * SECOND; ns += 1 + ns / 7)

static bool fixed_window_is_taken(void)
{
	u64 ns;
	u32 us;

	for (us = 0; us <= 60000000; us += 1 + us / 5)
		for_each_time(ns)
			if (ssi_rules_hold_ns(us, ns, us & 1) != us * 1000ull)
				return false;
	return true;
}

static bool auto_window_is_bounded(bool walks_write)
{
	u64 ns;

	for_each_time(ns) {
		u64 hold = ssi_rules_hold_ns(SSI_DSM_POLICY_AUTO, ns,
					     walks_write);

		if (hold < HOLD_MIN || hold > HOLD_MAX)
			return false;
	}
	return true;
}

static bool auto_window_grows(bool walks_write)
{
	u64 ns, before = 0;

	for_each_time(ns) {
		u64 hold = ssi_rules_hold_ns(SSI_DSM_POLICY_AUTO, ns,
					     walks_write);

		if (hold < before)
			return false;
		before = hold;
	}
	return before == HOLD_MAX;
}

/*
 * Long enough to gather the pages of an instruction, or, if walks write, a hundred,
 * within the bounds.
 */
static bool auto_window_gathers(void)
{
	u64 ns;

	for_each_time(ns)
		if (ns <= HOLD_MAX / 100 &&
		    (ssi_rules_hold_ns(SSI_DSM_POLICY_AUTO, ns, false) < 10 * ns ||
		     ssi_rules_hold_ns(SSI_DSM_POLICY_AUTO, ns, true) < 100 * ns))
			return false;
	return true;
}

static bool first_is_the_average(void)
{
	u64 ns;

	for_each_time(ns)
		if (ssi_rules_service_ns(0, ns) != ns)
			return false;
	return true;
}

static bool average_grows_with_time(void)
{
	u64 average, ns;

	for_each_time(average) {
		u64 before = 0;

		if (!average)
			continue;
		for_each_time(ns) {
			u64 now = ssi_rules_service_ns(average, ns);

			if (now < before)
				return false;
			before = now;
		}
	}
	return true;
}

/* An outlier of any size must raise the average only a little. */
static bool outliers_are_damped(void)
{
	u64 average, ns;

	for_each_time(average)
		for_each_time(ns)
			if (average && ssi_rules_service_ns(average, ns) >
					       average + average / 8)
				return false;
	return true;
}

static bool average_stays_between(void)
{
	u64 average, ns;

	for_each_time(average) {
		for_each_time(ns) {
			u64 now = ssi_rules_service_ns(average, ns);

			if (average && (now < (ns < average ? ns : average) ||
					now > (ns > average ? ns : average)))
				return false;
		}
	}
	return true;
}

/* Requests until the average has gone nearly all the way, 1000 if never. */
static u32 steps_to_follow(u64 from, u64 to)
{
	u64 average = from;
	u32 i;

	for (i = 0; i < 1000; i++) {
		if (average >= to - to / 16 && average <= to + to / 16)
			break;
		average = ssi_rules_service_ns(average, to);
	}
	return i;
}

/* ---- contests ---- */

static const u64 windows[] = { 0, 1000, MS, 5 * MS, 50 * MS, SECOND };
static const u64 times[] = { 0, 1, MS / 2 - 1, MS / 2, MS / 2 + 1, MS - 1, MS,
	2 * MS - 1, 2 * MS, 5 * MS, 25 * MS, 99 * MS, 100 * MS, SECOND,
	3600 * SECOND };

#define for_each_of(value, list) \
	for (value = list; value < list + ARRAY_SIZE(list); value++)

static u64 turn_of(u64 window, const struct ssi_contest *c)
{
	return c->copy ? window / 2 : 2 * window;
}

/* Have all tasks of this node got their pages, and used them for a window? */
static bool is_idle(u64 window, const struct ssi_contest *c)
{
	return !c->outstanding && (!c->running || c->since_done >= window);
}

static bool hold_is_short(u64 window, const struct ssi_contest *c, u64 wait)
{
	if (!wait || wait > MS / 2 || c->page_age + wait > turn_of(window, c))
		return false;
	return c->outstanding || c->since_done + wait <= window;
}

/* The verdict of one side by protocol.rst, without the other side's. */
static bool verdict_is_right(u64 window, const struct ssi_contest *c)
{
	u64 wait = 0;

	switch (ssi_rules_judge(window, c, &wait)) {
	case SSI_VERDICT_RELEASE:
		return c->page_age >= turn_of(window, c) || is_idle(window, c);
	case SSI_VERDICT_YIELD:
		return c->page_age < turn_of(window, c) &&
		       !is_idle(window, c) && c->their_age > c->our_age;
	default:
		return c->page_age < turn_of(window, c) &&
		       !is_idle(window, c) && c->their_age <= c->our_age &&
		       hold_is_short(window, c, wait);
	}
}

/* The number of verdicts until the page goes, 0 if it is too high. */
static u32 looks_until_gone(u64 window, struct ssi_contest c)
{
	u32 looks, most = 2 + 2 * window / (MS / 2);
	u64 wait;

	for (looks = 1; looks <= most; looks++) {
		if (ssi_rules_judge(window, &c, &wait) != SSI_VERDICT_HOLD)
			return looks;
		c.page_age += wait;
		c.since_done += wait;
		c.our_age += wait;
		c.their_age += wait;
	}
	return 0;
}

/*
 * Both gather, have a page that the other requests, and know both ages. Never
 * may both yield. Both may hold for a while if they are equally old; else the
 * older one holds.
 */
static bool one_side_wins(u64 window, const struct ssi_contest *c)
{
	struct ssi_contest other = *c;
	enum ssi_verdict here, there;
	u64 wait;

	other.our_age = c->their_age;
	other.their_age = c->our_age;
	here = ssi_rules_judge(window, c, &wait);
	there = ssi_rules_judge(window, &other, &wait);
	if (here == SSI_VERDICT_YIELD && there == SSI_VERDICT_YIELD)
		return false;
	if (here != SSI_VERDICT_HOLD && here != SSI_VERDICT_YIELD)
		return true;
	if (c->our_age == c->their_age)
		return here == SSI_VERDICT_HOLD && there == SSI_VERDICT_HOLD;
	return (here == SSI_VERDICT_HOLD) == (c->our_age > c->their_age) &&
	       here != there;
}

/* A node that does not look whether its tasks run decides as if it had. */
static bool running_is_asked(u64 window, const struct ssi_contest *c)
{
	struct ssi_contest other = *c;
	u64 wait = 0, other_wait = 0;

	other.running = !c->running;
	return ssi_rules_asks_running(window, c) ||
	       (ssi_rules_judge(window, c, &wait) ==
		ssi_rules_judge(window, &other, &other_wait) &&
		wait == other_wait);
}

/*
 * A node that gathers anew becomes the youngest, so it must have had its turn.
 */
static bool anew_is_done(u64 window, const struct ssi_contest *c)
{
	u64 wait;

	if (!ssi_rules_gathers_anew(window, c))
		return c->outstanding || c->since_done < window;
	return ssi_rules_judge(window, c, &wait) == SSI_VERDICT_RELEASE;
}

static bool is_gone_in_time(u64 window, const struct ssi_contest *c)
{
	return looks_until_gone(window, *c);
}

static bool all_ages(bool (*check)(u64 window, const struct ssi_contest *c),
		     u64 window, struct ssi_contest c)
{
	const u64 *ours, *theirs;

	for_each_of(ours, times) {
		for_each_of(theirs, times) {
			c.our_age = *ours;
			c.their_age = *theirs;
			if (!check(window, &c))
				return false;
		}
	}
	return true;
}

static bool all_flags(bool (*check)(u64 window, const struct ssi_contest *c),
		      u64 window, struct ssi_contest c)
{
	u32 bits;

	for (bits = 0; bits < 8; bits++) {
		c.copy = bits & 1;
		c.running = bits & 2;
		c.outstanding = bits & 4 ? 3 : 0;
		if (!all_ages(check, window, c))
			return false;
	}
	return true;
}

static bool all_contests(bool (*check)(u64 window, const struct ssi_contest *c))
{
	const u64 *window, *age, *done;
	bool all = true;

	for_each_of(window, windows)
		for_each_of(age, times)
			for_each_of(done, times)
				all &= all_flags(check, *window,
						 (struct ssi_contest){
							 .page_age = *age,
							 .since_done = *done });
	return all;
}

#define AHEAD	32u	/* pages, at most */

/* A node's streams, and the pages that were requested ahead so far. */
struct reader {
	struct ssi_stream streams[SSI_RULES_STREAMS];
	u32 oldest;
	u64 first;
	u32 count;
};

static u32 fault(struct reader *reader, u64 index)
{
	reader->count = ssi_rules_read_ahead(reader->streams, &reader->oldest,
					     index, AHEAD, &reader->first);
	return reader->count;
}

/* Every page after the third is requested once, in time, and not too early. */
static bool stream_is_read_ahead(u64 step)
{
	struct reader reader = { 0 };
	u64 asked = 0;

	for (u64 index = 1000; index < 5000; index += step) {
		if (fault(&reader, index)) {
			if (asked && reader.first != asked)
				return false;
			asked = reader.first + reader.count;
		}
		if (index > 1000 + 2 * step &&
		    (asked <= index || asked > index + 1 + AHEAD))
			return false;
	}
	return true;
}

static bool streams_do_not_disturb(void)
{
	struct reader reader = { 0 };
	u32 asked = 0;

	for (u64 i = 0; i < 100; i++)
		for (u64 stream = 0; stream < SSI_RULES_STREAMS; stream++)
			asked += !!fault(&reader, stream * 100000 + i);
	return asked >= SSI_RULES_STREAMS * 100 / AHEAD;
}

static bool strangers_ask_for_nothing(void)
{
	struct reader reader = { 0 };

	for (u64 i = 1; i < 10000; i++)
		if (fault(&reader, i * 7919 % 100003 * 10))
			return false;
	return true;
}

/* A fault that waits is repeated with the same page. */
static bool same_page_asks_for_nothing(void)
{
	struct reader reader = { 0 };

	for (u64 i = 0; i < 100; i++)
		if (fault(&reader, 77))
			return false;
	return true;
}

/* Starts from each end; some walks of the other sort are among those that count. */
static bool walks_are_followed(void)
{
	u32 walks = 0;
	bool ok = !ssi_rules_walks_write(walks);

	for (u32 i = 1; i <= 100; i++)
		walks = ssi_rules_walks(walks, i % 10);
	ok = ok && ssi_rules_walks_write(ssi_rules_walks(walks, false));
	for (u32 i = 1; i <= 100; i++)
		walks = ssi_rules_walks(walks, !(i % 10));
	return ok && !ssi_rules_walks_write(ssi_rules_walks(walks, true));
}

int main(void)
{
	tap_plan(22);
	tap_ok(fixed_window_is_taken(), "a window that is set is used unchanged");
	tap_ok(auto_window_is_bounded(false) && auto_window_is_bounded(true), "the automatic window is 1 to 100 ms");
	tap_ok(auto_window_grows(false) && auto_window_grows(true), "the automatic window never shrinks as service gets slower");
	tap_ok(auto_window_gathers(), "the automatic window is long enough for a hundred pages");
	tap_ok(first_is_the_average(), "the average begins with the first request");
	tap_ok(average_grows_with_time(),
	       "the average never shrinks as a request gets slower");
	tap_ok(average_stays_between(),
	       "the average stays between its last value and the new request");
	tap_ok(outliers_are_damped(), "an outlier raises the average only a little");
	tap_ok(steps_to_follow(100000, 5 * MS) < 1000,
	       "the average follows a slower service");
	tap_ok(steps_to_follow(5 * MS, 100000) <
	       steps_to_follow(100000, 5 * MS) / 2,
	       "the average follows a faster service, and sooner");
	tap_ok(all_contests(verdict_is_right),
	       "a page is given away after its turn, when it is unused, or to an older node");
	tap_ok(all_contests(is_gone_in_time), "no page is held longer than its turn");
	tap_ok(all_contests(one_side_wins),
	       "of two nodes that request each other's pages the older one holds");
	tap_ok(all_contests(anew_is_done),
	       "a node that gathers anew has had its turn");
	tap_ok(all_contests(running_is_asked),
	       "a verdict for which tasks are not looked at does not depend on them");
	tap_ok(!ssi_rules_gathers_anew(MS, &(struct ssi_contest){
		       .outstanding = 1, .since_done = SECOND }),
	       "a node that waits for a page does not gather anew");
	tap_ok(walks_are_followed(),
	       "after some walks that write, or read, that is known, and one more does not matter");
	tap_ok(stream_is_read_ahead(1), "ascending faults are read ahead");
	tap_ok(stream_is_read_ahead(3), "ascending faults with gaps are read ahead");
	tap_ok(streams_do_not_disturb(), "streams do not disturb each other");
	tap_ok(strangers_ask_for_nothing(),
	       "random faults request nothing ahead");
	tap_ok(same_page_asks_for_nothing(),
	       "a fault that is repeated requests nothing ahead");
	return tap_exit();
}
