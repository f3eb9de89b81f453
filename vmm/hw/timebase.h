/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time that the guest's devices show. */
#ifndef VMM_TIMEBASE_H
#define VMM_TIMEBASE_H

#include <stdint.h>
#include <time.h>

/**
 * timebase_init() - begin to count
 * @dilation: the host's seconds in one second of the guest, at least 1
 */
void timebase_init(unsigned int dilation);

/* Nanoseconds of the guest's time since some moment. */
uint64_t timebase_ns(void);

/*
 * Let all of these clocks stand still with the guest, and run again; not the wall clock,
 * unless it is dilated. No CPU of this node may run meanwhile.
 */
void timebase_stop(void);
void timebase_go(void);

/* Nanoseconds of the host's time since some moment. */
uint64_t timebase_host_ns(void);

/* The guest's wall clock: the host's time at timebase_init(). */
time_t timebase_wall(void);

#endif /* VMM_TIMEBASE_H */
