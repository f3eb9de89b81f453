/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of the guest's kernel. */
#ifndef VMM_CMDLINE_H
#define VMM_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

/* Does the kernel find an option that begins so ("tsc=") in this line? */
bool cmdline_has(const char *line, const char *option);

/**
 * cmdline_find_limit() - find an option that the guest's machine cannot serve
 * @line: the line
 * @option: out: the option, as in "pci=nomsi"
 *
 * Return: what is missing without the part of the machine that the option turns
 * off, or NULL if there is no such option.
 */
const char *cmdline_find_limit(const char *line, const char **option);

/**
 * cmdline_add() - add an option where the kernel reads it
 * @line: the line; changed in place
 * @size: of the memory that @line is in
 * @option: the option
 *
 * The words behind "--" are for init; the kernel does not read them.
 *
 * Return: false if it does not fit; then @line is as it was.
 */
bool cmdline_add(char *line, size_t size, const char *option);

#endif /* VMM_CMDLINE_H */
