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

static enum log_level log_level = LOG_LEVEL_INFO;
static bool log_time;
static char log_prefix[32] = "ssi-vmm";

void log_set_level(enum log_level level)
{
	log_level = level;
}

void log_set_time(bool on)
{
	log_time = on;
}

void log_set_program(const char *name)
{
	snprintf(log_prefix, sizeof(log_prefix), "%s", name);
}

void log_set_node(unsigned int node)
{
	snprintf(log_prefix, sizeof(log_prefix), "ssi-vmm[%u]", node);
}

/* ISO 8601, with milliseconds and a space behind it. */
static void print_time(char *text, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t len;

	text[0] = '\0';
	if (!log_time)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, size - len, ".%03uZ ",
		 (unsigned int)(now.tv_nsec / 1000000 % 1000));
}

/* One write a line, so that lines of several threads do not mix. */
static void log_line(const char *kind, const char *fmt, va_list args)
{
	char text[1024], line[1152], when[32];
	int len;

	vsnprintf(text, sizeof(text), fmt, args);
	print_time(when, sizeof(when));
	len = snprintf(line, sizeof(line), "%s%s: %s%s\n", when, log_prefix,
		       kind, text);
	output_write_error(line, len);
}

void log_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line("", fmt, args);
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	va_list args;

	if (log_level < LOG_LEVEL_INFO)
		return;
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

	if (log_level < LOG_LEVEL_WARNING)
		return;
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

	if (log_level < LOG_LEVEL_DEBUG)
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
