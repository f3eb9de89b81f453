// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text and JSON from one walk.
 */

#include "output.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/name.h"

#define DEPTH_MAX	8
#define TEXT_MAX	512	/* bytes of a string */

static bool want_json;
static bool want_pretty;

/* Open containers, outermost first; empty between two flushes. */
static json_t *stack[DEPTH_MAX];
static unsigned int depth;
/* The outermost one once it is complete. */
static json_t *complete;

static void die(const char *what)
{
	error("%s", what);
	exit(EXIT_FAILURE);
}

void output_init(bool json, bool pretty)
{
	want_json = json;
	want_pretty = pretty;
}

bool output_is_json(void)
{
	return want_json;
}

void output_flush(void)
{
	size_t flags = want_pretty ? JSON_INDENT(4) : JSON_COMPACT;

	if (complete) {
		if (json_dumpf(complete, stdout, flags))
			die("the output cannot be written");
		putchar('\n');
		json_decref(complete);
		complete = NULL;
	}
	if (fflush(stdout) || ferror(stdout))
		die("the output cannot be written");
}

/* Takes the reference to @value. */
static void add(const char *key, json_t *value)
{
	json_t *parent = depth ? stack[depth - 1] : NULL;
	int err = 0;

	if (!value)
		die("out of memory");
	if (json_is_object(parent))
		err = json_object_set_new(parent, key, value);
	else if (parent)
		err = json_array_append_new(parent, value);
	if (err)
		die("out of memory");
}

static void begin(const char *key, json_t *container)
{
	add(key, container);
	if (depth == DEPTH_MAX)
		die("the output is nested too deeply");
	stack[depth++] = container;
}

void output_begin_array(const char *key)
{
	if (want_json)
		begin(key, json_array());
}

void output_begin_object(const char *key)
{
	if (want_json)
		begin(key, json_object());
}

void output_end(void)
{
	if (want_json && !--depth)
		complete = stack[0];
}

void output_u64(const char *key, const char *format, uint64_t value)
{
	if (want_json)
		add(key, json_integer((json_int_t)value));
	else if (format)
		printf(format, value);
}

void output_real(const char *key, const char *format, double value)
{
	if (want_json)
		add(key, json_real(value));
	else if (format)
		printf(format, value);
}

void output_string(const char *key, const char *format, const char *value)
{
	char printed[TEXT_MAX];

	name_print(value, printed, sizeof(printed));
	if (want_json)
		add(key, json_string(printed));
	else if (format)
		printf(format, printed);
}

void output_text(const char *format, ...)
{
	va_list args;

	if (want_json)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

static void print_error(const char *code, const char *text, const char *stop)
{
	json_t *object;

	if (!want_json) {
		fprintf(stderr, "Error: %s%s\n", text, stop);
		return;
	}
	object = json_pack("{s:{s:s, s:s+}}", "error", "code", code, "message",
			   text, stop);
	if (!object || json_dumpf(object, stderr, JSON_COMPACT))
		fputs("{\"error\":{\"code\":\"failed\",\"message\":\"Out of memory.\"}}", stderr);
	fputc('\n', stderr);
	json_decref(object);
}

__attribute__((format(printf, 2, 0)))
static void report(const char *code, const char *format, va_list args)
{
	char text[1024], printed[1024];
	size_t len;

	vsnprintf(text, sizeof(text), format, args);
	name_print(text, printed, sizeof(printed));
	len = strlen(printed);
	print_error(code, printed,
		    len && strchr(".?!", printed[len - 1]) ? "" : ".");
}

void error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report("failed", format, args);
	va_end(args);
}

void error_as(const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(code, format, args);
	va_end(args);
}
