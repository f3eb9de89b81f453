/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text and JSON from one walk: every value is emitted once, with the key it
 * has in JSON and the format it has in text.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

void output_init(bool json, bool pretty);

/* Prints all output since the last flush; in JSON it is one value in a line. */
void output_flush(void);

/*
 * Containers; each begin needs its end. @key is NULL in an array and at the
 * top. They print nothing in text.
 */
void output_begin_array(const char *key);
void output_begin_object(const char *key);
void output_end(void);

/*
 * Values. @key NULL in an array. @format gets the value as its only argument;
 * without a format the value is only in the JSON.
 */
void output_u64(const char *key, const char *format, uint64_t value);
void output_real(const char *key, const char *format, double value);
void output_string(const char *key, const char *format, const char *value);

/* Only in the text. */
__attribute__((format(printf, 1, 2)))
void output_text(const char *format, ...);

/*
 * "Error: ..." to stderr, or { error: { code, message } }; adds the full stop if there is
 * none. The code is a word that programs compare; that of error() is "failed".
 */
__attribute__((format(printf, 1, 2)))
void error(const char *format, ...);
__attribute__((format(printf, 2, 3)))
void error_as(const char *code, const char *format, ...);

/* Is JSON wanted? */
bool output_is_json(void);

#endif /* OUTPUT_H */
