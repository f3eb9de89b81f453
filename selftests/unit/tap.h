/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KTAP for test programs: a plan, lines of results, an exit code.
 *
 * Exit codes are those of kselftest: 0 passed, 1 failed, 4 skipped.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define TAP_SKIP	4
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static unsigned int tap_planned, tap_done, tap_failed;

/* The number of results that will follow. */
static inline void tap_plan(unsigned int tests)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	tap_planned = tests;
	printf("TAP version 13\n1..%u\n", tests);
}

/* One result; the text is its name. Returns @ok. */
__attribute__((format(printf, 2, 3)))
static inline bool tap_ok(bool ok, const char *fmt, ...)
{
	va_list args;

	printf("%sok %u ", ok ? "" : "not ", ++tap_done);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	tap_failed += !ok;
	return ok;
}

/* A remark that explains the result that follows. */
__attribute__((format(printf, 1, 2)))
static inline void tap_diag(const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

/* Ends the program: it cannot run here, for this reason. */
__attribute__((noreturn, format(printf, 1, 2)))
static inline void tap_skip_all(const char *fmt, ...)
{
	va_list args;

	printf("TAP version 13\n1..0 # SKIP ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	exit(TAP_SKIP);
}

/* Ends the program with a failed result, whose name is the reason. */
__attribute__((noreturn, format(printf, 1, 2)))
static inline void tap_bail(const char *fmt, ...)
{
	va_list args;

	printf("not ok %u ", ++tap_done);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\nBail out!\n");
	exit(EXIT_FAILURE);
}

/* The exit code of main(). */
static inline int tap_exit(void)
{
	if (tap_done != tap_planned) {
		printf("# %u results were planned, %u were given\n",
		       tap_planned, tap_done);
		return EXIT_FAILURE;
	}
	printf("# pass:%u fail:%u\n", tap_done - tap_failed, tap_failed);
	return tap_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif /* TAP_H */
