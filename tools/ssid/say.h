/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of ssid for the log: lines on standard error.
 */
#ifndef SSID_SAY_H
#define SSID_SAY_H

#include <stddef.h>

/* A line. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line, and the end of the process; only while it starts. */
void say_and_end(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#endif /* SSID_SAY_H */
