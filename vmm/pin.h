/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which CPUs and which memory of the host the guest uses. */
#ifndef VMM_PIN_H
#define VMM_PIN_H

#include "options.h"

/*
 * Check what the user has given for this node, and take the guest's memory from the
 * host's NUMA nodes that were named. Ends the process with a message on errors.
 * Before there is a second thread.
 */
void pin_prepare(const struct options *options);

/*
 * The CPU of the host for the next of this node's CPUs, in their order. Return: -1 if the
 * user has named none.
 */
int pin_next(const struct options *options);

/* Let the calling thread run on a CPU of the host only; with -1 on any. */
void pin_here(int cpu);

#endif /* VMM_PIN_H */
