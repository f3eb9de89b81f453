/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that are pinned to one CPU each. */
#ifndef SSI_GUEST_WORKERS_H
#define SSI_GUEST_WORKERS_H

#include "barrier.h"
#include "machine.h"

/**
 * workers_run() - run one function on several CPUs at once and wait
 * @cpus: the CPUs, one thread each
 * @count: how many
 * @run: the function; @index is the place in @cpus
 * @arg: its argument
 *
 * Return: 0, or -1 with the failure reported and nothing run.
 */
int workers_run(const struct machine_cpu *cpus, int count,
		void (*run)(int index, void *arg), void *arg);

#endif /* SSI_GUEST_WORKERS_H */
