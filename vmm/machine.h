/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine: everything that is created, in order, until it ends. */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "options.h"

/*
 * Create the machine. Ends the process with a sentence if it cannot. What
 * @options leave out and can be measured is filled in.
 */
void machine_create(struct options *options);

/*
 * Run it to its end. Return: the exit code, after the reason was shown, or
 * EXIT_RESTART.
 */
int machine_run(void);

#endif /* VMM_MACHINE_H */
