/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The escape key of a terminal, Ctrl-A, as users of QEMU and kvmtool know it. */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#define ESCAPE_KEY	1	/* Ctrl-A */

/**
 * escape_filter() - take the keys that are not for the guest
 * @keys: what was typed; result: what the guest gets
 * @len: number of keys
 * @enabled: Ctrl-A is the escape key
 * @take: gets the key behind each escape key; returns whether the guest gets it, too
 *
 * An escape key may be the last one of a call: then the next call begins with the key
 * behind it. For one terminal, and one thread.
 *
 * Return: the number of keys that the guest gets.
 */
size_t escape_filter(unsigned char *keys, size_t len, bool enabled,
		     bool (*take)(unsigned char key));

#endif /* ESCAPE_H */
