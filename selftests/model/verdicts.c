// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the hold window's rule, kmod/protocol/rules.c, in Promela, for
 * hold.pml.
 *
 * DOC: Theory of operation
 *
 * The model has no clock. Of each time in the rule it knows only whether it is
 * over: whether a page has been here for its turn, whether a window has passed
 * since the last page came, and which age is greater. One line is printed for
 * each combination of these, and compared with the rule for many times. If they
 * differ, nothing is printed and the exit code is 1.
 */
#include "protocol/rules.h"

#include <stdio.h>
#include <stdlib.h>

#define MS		1000000ull
#define LINES		(1u << 5)
#define UNKNOWN		(-1)

/* The bits of a line's number. */
enum {
	TURN_OVER = 1 << 0,
	OUTSTANDING = 1 << 1,
	RUNNING = 1 << 2,
	RESTED = 1 << 3,	/* a window has passed since the last came */
	OLDER = 1 << 4,		/* the other node is older */
};

static const char *const conditions[] = {
	"turn_over", "outstanding", "running", "rested", "older"
};

static const char *const verdicts[] = {
	[SSI_VERDICT_HOLD] = "HOLD",
	[SSI_VERDICT_YIELD] = "YIELD",
	[SSI_VERDICT_RELEASE] = "RELEASE",
};

static const u64 windows[] = { MS, 5 * MS, 100 * MS };

static int lines[LINES];
static int anew[LINES];

static void die(const char *what)
{
	fprintf(stderr, "verdicts: %s\n", what);
	exit(1);
}

/* A time before or after @limit, in one of three ways. */
static u64 time_at(u64 limit, bool after, u32 way)
{
	const u64 before[] = { 0, limit / 3, limit - 1 };
	const u64 behind[] = { limit, limit + 1, 7 * limit };

	return after ? behind[way] : before[way];
}

static void note(int *line, int verdict)
{
	if (*line != UNKNOWN && *line != verdict)
		die("the rule depends on more than the model knows");
	*line = verdict;
}

static void try_times(u64 window, bool copy, u32 i, u32 way)
{
	struct ssi_contest contest = {
		.page_age = time_at(copy ? window / 2 : 2 * window,
				    i & TURN_OVER, way % 3),
		.copy = copy,
		.outstanding = i & OUTSTANDING ? 1 + way : 0,
		.running = i & RUNNING,
		.since_done = time_at(window, i & RESTED, way / 3 % 3),
		.our_age = 5 * MS * (way / 9 % 3),
	};
	u64 wait;
	int verdict;

	contest.their_age = contest.our_age + (i & OLDER ? 1 + way * MS : 0);
	verdict = ssi_rules_judge(window, &contest, &wait);
	if (verdict == SSI_VERDICT_HOLD && !wait)
		die("a held message is not asked again later");
	note(&lines[i], verdict);
	note(&anew[i], ssi_rules_gathers_anew(window, &contest));
}

static void try_line(u32 i)
{
	u32 w, way;

	lines[i] = UNKNOWN;
	anew[i] = UNKNOWN;
	for (w = 0; w < ARRAY_SIZE(windows); w++)
		for (way = 0; way < 27; way++) {
			try_times(windows[w], false, i, way);
			try_times(windows[w], true, i, way);
		}
}

static void print_conditions(u32 i)
{
	u32 c;

	for (c = 0; c < ARRAY_SIZE(conditions); c++)
		printf("%s%s(%s)", c ? " && " : "", i & (1u << c) ? "" : "!",
		       conditions[c]);
}

/* As a condition that is true in all lines whose result is @result. */
static void print_macro(const char *name, const int *of, int result)
{
	u32 i;

	printf("#define %s(turn_over, outstanding, running, rested, older) \\\n\t(false",
	       name);
	for (i = 0; i < LINES; i++)
		if (of[i] == result) {
			printf(" || \\\n\t (");
			print_conditions(i);
			putchar(')');
		}
	printf(")\n\n");
}

int main(void)
{
	u32 i;

	for (i = 0; i < LINES; i++)
		try_line(i);
	printf("/* Made by selftests/model/verdicts.c from kmod/protocol/rules.c; do not edit. */\n\n");
	for (i = 0; i < ARRAY_SIZE(verdicts); i++)
		print_macro(verdicts[i], lines, i);
	print_macro("GATHERS_ANEW", anew, true);
	return 0;
}
