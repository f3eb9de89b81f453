/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine: creates everything in order, and runs it to its end. */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "options.h"

/*
 * Create the machine. Ends the process with a message on errors. Distances that
 * @options do not contain are measured and filled in.
 */
void machine_create(struct options *options);

/*
 * Run it to its end. Return: the exit code, after the reason was shown, or
 * EXIT_RESTART.
 */
int machine_run(void);

#endif /* VMM_MACHINE_H */
