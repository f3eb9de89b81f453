// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of ssid for the log: lines on standard error.
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void print(const char *fmt, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, args);
	fprintf(stderr, "ssid: %s\n", text);
}

void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print(fmt, args);
	va_end(args);
}

void say_and_end(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print(fmt, args);
	va_end(args);
	exit(EXIT_FAILURE);
}
