// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages for the user, on stderr. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "log_limit.h"
#include "output.h"
#include "tty.h"

static bool log_verbose;
static char log_prefix[32] = "ssi-vmm";

void log_set_verbose(bool verbose)
{
	log_verbose = verbose;
}

void log_set_program(const char *name)
{
	snprintf(log_prefix, sizeof(log_prefix), "%s", name);
}

void log_set_node(unsigned int node)
{
	snprintf(log_prefix, sizeof(log_prefix), "ssi-vmm[%u]", node);
}

/* One write a line, so that lines of several threads do not mix. */
static void log_line(const char *kind, const char *fmt, va_list args)
{
	char text[1024], line[1100];
	int len;

	vsnprintf(text, sizeof(text), fmt, args);
	len = snprintf(line, sizeof(line), "%s: %s%s\n", log_prefix, kind,
		       text);
	output_write_error(line, len);
}

void log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line("", fmt, args);
	va_end(args);
}

__attribute__((format(printf, 1, 2)))
static void warn_always(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line("warning: ", fmt, args);
	va_end(args);
}

/* A guest can cause some of them as often as it likes. */
void log_warn(const char *fmt, ...)
{
	unsigned int left_out;
	struct timespec now;
	va_list args;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!log_limit(fmt, now.tv_sec, &left_out))
		return;
	if (left_out)
		warn_always("The next warning was left out %u times before.",
			    left_out);
	va_start(args, fmt);
	log_line("warning: ", fmt, args);
	va_end(args);
}

void log_debug(const char *fmt, ...)
{
	va_list args;

	if (!log_verbose)
		return;
	va_start(args, fmt);
	log_line("", fmt, args);
	va_end(args);
}

void die(enum exit_code code, const char *fmt, ...)
{
	va_list args;

	tty_restore();
	va_start(args, fmt);
	log_line("", fmt, args);
	va_end(args);
	output_flush();
	_exit(code);
}
