// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines that a check prints: SSI-CHECK name ok|FAIL key=value ... */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROGRESS_SECONDS	10.0
#define FAILURES_SHOWN		8

static struct {
	const char *name;
	char keys[1024];
	char skipped[256];
	unsigned int failures;
	double begun;
	double last_progress;
} report;

double report_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

void report_begin(const char *name)
{
	memset(&report, 0, sizeof(report));
	report.name = name;
	report.begun = report_now();
	report.last_progress = report.begun;
}

bool report_end(void)
{
	bool ok = !report.failures;

	if (report.skipped[0])
		report_key("skipped=%s", report.skipped);
	printf("SSI-CHECK %s %s%s seconds=%.1f\n", report.name,
	       ok ? "ok" : "FAIL", report.keys, report_now() - report.begun);
	fflush(stdout);
	return ok;
}

void report_key(const char *format, ...)
{
	size_t used = strlen(report.keys);
	va_list args;

	if (used + 2 >= sizeof(report.keys))
		return;
	report.keys[used++] = ' ';
	va_start(args, format);
	vsnprintf(report.keys + used, sizeof(report.keys) - used, format, args);
	va_end(args);
}

static void print_line(const char *format, va_list args)
{
	printf("%s: ", report.name);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
}

void report_fail(const char *format, ...)
{
	va_list args;

	if (report.failures++ >= FAILURES_SHOWN)
		return;
	va_start(args, format);
	print_line(format, args);
	va_end(args);
}

void report_progress(const char *format, ...)
{
	double now = report_now();
	va_list args;

	if (now - report.last_progress < PROGRESS_SECONDS)
		return;
	report.last_progress = now;
	va_start(args, format);
	print_line(format, args);
	va_end(args);
}

void report_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args);
	va_end(args);
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return difference < 0 ? -1 : difference > 0;
}

void report_sort(double *values, int count)
{
	qsort(values, count, sizeof(*values), compare);
}

void report_skip(const char *part)
{
	size_t used = strlen(report.skipped);

	snprintf(report.skipped + used, sizeof(report.skipped) - used, "%s%s",
		 used ? "," : "", part);
}
