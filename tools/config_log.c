// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The messages of the VMM's parser of configurations, in a process that does
 * nothing else: plain lines on standard error.
 */
#include "../vmm/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void die(enum exit_code code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(code);
}
