/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's variables: a file of the user's, seen as a flash chip. */
#ifndef VMM_VARSTORE_H
#define VMM_VARSTORE_H

#include <stdint.h>

/**
 * varstore_open() - read the file, and lock it for as long as we live
 * @path: a copy of what came with the firmware; written when a variable is
 *
 * Ends the process with a sentence if it cannot be read, written or locked, or
 * has no size that a flash chip has. Return: its size.
 */
uint64_t varstore_open(const char *path);

/* Show it to the guest at an address. */
void varstore_create(uint64_t gpa);

#endif /* VMM_VARSTORE_H */
