/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of clusters: check a new one, print any.
 */
#ifndef LIB_NAME_H
#define LIB_NAME_H

#include <stddef.h>

/**
 * name_check() - check the name of a new cluster
 * @name: the name
 *
 * A name is UTF-8 without control characters, so that terminals and JSON can
 * have it.
 *
 * Return: NULL, or the error as the end of a sentence.
 */
const char *name_check(const char *name);

/**
 * name_print() - make a text printable
 * @text: any bytes: other programs can give the module such names
 * @out: the text with a U+FFFD for each byte that name_check() refuses
 * @size: of @out; what does not fit is left out
 */
void name_print(const char *text, char *out, size_t size);

#endif /* LIB_NAME_H */
