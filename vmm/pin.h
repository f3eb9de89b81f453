/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which CPUs and which memory of the host the guest uses. */
#ifndef VMM_PIN_H
#define VMM_PIN_H

#include <pthread.h>

#include "options.h"

/*
 * Check what the user has given for this node, and take the guest's memory from the
 * host's NUMA nodes that were named. Ends the process with a message on errors.
 * Before there is a second thread.
 */
void pin_prepare(const struct options *options);

/* Let the thread of this node's CPU number @cpu run on its CPU of the host only. */
void pin_thread(const struct options *options, pthread_t thread,
		unsigned int cpu);

#endif /* VMM_PIN_H */
