/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines that a check prints: SSI-CHECK name ok|FAIL key=value ... */
#ifndef SSI_GUEST_REPORT_H
#define SSI_GUEST_REPORT_H

#include <stdbool.h>

/* A check begins; all functions below are about it until report_end(). */
void report_begin(const char *name);

/* Print the line of the check. Return: whether it passed. */
bool report_end(void);

/* Add one "key=value" to the line. */
void report_key(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/*
 * The check has failed; print the reason, one sentence, on a line of its own.
 */
void report_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Print a remark on a line of its own, not more than one in 10 s. */
void report_progress(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Print a figure that does not fit into the line of the check. */
void report_note(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Parts that this machine cannot run go to one "skipped=a,b" key. */
void report_skip(const char *part);

/* Sort measured values, the smallest first. */
void report_sort(double *values, int count);

/* Seconds since some fixed moment. */
double report_now(void);

#endif /* SSI_GUEST_REPORT_H */
