/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as users write them: decimal, or hexadecimal behind 0x.
 */
#ifndef LIB_NUMBER_H
#define LIB_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * number_read() - read the number that a text begins with
 * @text: the text
 * @value: out: the number
 *
 * Signs, spaces and leading zeros are refused: 010 is 8 to some programs and
 * 10 to others.
 *
 * Return: the rest of the text, or NULL if it begins with no such number.
 */
const char *number_read(const char *text, uint64_t *value);

/* Is all of @text a number of at most @max? Then it is in @value. */
bool number_parse(const char *text, uint64_t max, uint64_t *value);

#endif /* LIB_NUMBER_H */
