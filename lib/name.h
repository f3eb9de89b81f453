/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of clusters: what may be one, and how to print any.
 */
#ifndef LIB_NAME_H
#define LIB_NAME_H

#include <stddef.h>

/**
 * name_check() - may a cluster have this name?
 * @name: the name
 *
 * It is UTF-8 without control characters, so that every terminal and every
 * reader of JSON can show it.
 *
 * Return: NULL, or what is wrong with it, to complete a sentence.
 */
const char *name_check(const char *name);

/**
 * name_print() - make a text printable
 * @text: any bytes; the module takes names from other programs, too
 * @out: the text with a U+FFFD for each byte that name_check() refuses
 * @size: of @out; what does not fit is left out
 */
void name_print(const char *text, char *out, size_t size);

#endif /* LIB_NAME_H */
