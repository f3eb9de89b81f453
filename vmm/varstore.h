/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's variables: a file that the guest has as a flash chip. */
#ifndef VMM_VARSTORE_H
#define VMM_VARSTORE_H

#include <stdint.h>

/**
 * varstore_open() - read the file, and lock it until the process ends
 * @path: the variable store; the guest's changes are written to it
 *
 * Ends the process with an error if the file cannot be read, written or locked,
 * or has an invalid size. Return: its size.
 */
uint64_t varstore_open(const char *path);

/* Map it for the guest at @gpa. */
void varstore_create(uint64_t gpa);

#endif /* VMM_VARSTORE_H */
