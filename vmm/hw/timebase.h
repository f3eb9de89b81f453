/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time that the guest's devices show. */
#ifndef VMM_TIMEBASE_H
#define VMM_TIMEBASE_H

#include <stdint.h>
#include <time.h>

/**
 * timebase_init() - begin to count
 * @dilation: how many of the host's seconds a second of the guest takes, at
 *	least 1
 */
void timebase_init(unsigned int dilation);

/* Nanoseconds of the guest's time since some moment. */
uint64_t timebase_ns(void);

/* The same of the host's time. */
uint64_t timebase_host_ns(void);

/* The guest's wall clock: right at timebase_init(). */
time_t timebase_wall(void);

#endif /* VMM_TIMEBASE_H */
