/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work and timers.
 */
#ifndef SIM_WORK_H
#define SIM_WORK_H

#include "sim.h"

/* What could begin now, and beginning the @number-th of it. */
u32 works_ready(void);
void work_run(u32 number);

/* When the first timer or delayed work is due, or ~0; queues what is. */
u64 timers_next(void);

void works_show(void);

/* Whether work is queued or running. */
bool works_are_left(const struct workqueue_struct *wq);

#endif /* SIM_WORK_H */
