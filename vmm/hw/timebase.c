// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The time that the guest's devices show: the host's, or slower by a factor
 * (time dilation: Gupta et al., "To Infinity and Beyond", NSDI 2006).
 */
#include "timebase.h"

#include <pthread.h>

#include "../state.h"

#define NS_PER_S	1000000000ull

static struct {
	unsigned int dilation;
	uint64_t start_ns;
	time_t start;
	uint64_t stopped_ns;	/* the host's time then; 0: it runs */
	uint64_t away_ns;	/* for so long it has stood still */
	uint64_t saved_ns;	/* the time of a checkpoint */
} timebase = { .dilation = 1 };

/* Protects @stopped_ns and @away_ns: a time between their changes would be too early. */
static pthread_mutex_t timebase_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

uint64_t timebase_host_ns(void)
{
	uint64_t ns;

	pthread_mutex_lock(&timebase_lock);
	ns = (timebase.stopped_ns ? timebase.stopped_ns : raw_ns()) -
	     timebase.away_ns;
	pthread_mutex_unlock(&timebase_lock);
	return ns;
}

void timebase_stop(void)
{
	pthread_mutex_lock(&timebase_lock);
	timebase.stopped_ns = raw_ns();
	pthread_mutex_unlock(&timebase_lock);
}

void timebase_go(void)
{
	pthread_mutex_lock(&timebase_lock);
	timebase.away_ns += raw_ns() - timebase.stopped_ns;
	timebase.stopped_ns = 0;
	pthread_mutex_unlock(&timebase_lock);
}

static void timebase_save(void *unused)
{
	(void)unused;
	timebase.saved_ns = timebase_host_ns();
}

/* The time goes on from where it was. */
static bool timebase_restored(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&timebase_lock);
	timebase.away_ns = (timebase.stopped_ns ? timebase.stopped_ns : raw_ns()) -
			   timebase.saved_ns;
	timebase.start_ns = timebase.saved_ns;
	pthread_mutex_unlock(&timebase_lock);
	return timebase.saved_ns <= INT64_MAX;
}

static const struct state_field timebase_fields[] = {
	STATE_FIELD(timebase, saved_ns),
};

void timebase_init(unsigned int dilation)
{
	static struct state_part state = {
		.name = "timebase", .version = 1, STATE_FIELDS(timebase_fields),
		.save = timebase_save, .restored = timebase_restored,
	};

	timebase.dilation = dilation;
	timebase.start_ns = timebase_host_ns();
	timebase.start = time(NULL);
	state_add(&state);
}

uint64_t timebase_ns(void)
{
	return timebase_host_ns() / timebase.dilation;
}

time_t timebase_wall(void)
{
	if (timebase.dilation == 1)	/* also follows changes of the host's clock */
		return time(NULL);
	return timebase.start + (timebase_host_ns() - timebase.start_ns) /
	       timebase.dilation / NS_PER_S;
}
