/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points in time by a clock that nobody sets. */
#ifndef VMM_DEADLINE_H
#define VMM_DEADLINE_H

#include <time.h>

/*
 * The time in @ms milliseconds, for pthread_cond_clockwait() with
 * CLOCK_MONOTONIC: the host's time of day may be set forward or back while a
 * thread waits.
 */
static inline struct timespec deadline_in(unsigned int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	return until;
}

/* Milliseconds that are left until a point in time, 0 if it has passed. */
static inline int deadline_left_ms(const struct timespec *until)
{
	struct timespec now = deadline_in(0);
	long long ms = (until->tv_sec - now.tv_sec) * 1000ll +
		       (until->tv_nsec - now.tv_nsec + 999999) / 1000000;

	return ms > 0 ? ms : 0;
}

/* Seconds since the host was started. */
static inline time_t deadline_seconds(void)
{
	return deadline_in(0).tv_sec;
}

#endif /* VMM_DEADLINE_H */
