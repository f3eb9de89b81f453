/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the code under test does is written down, one letter for each step, from any
 * thread; a test then says what it expects.
 */
#ifndef SELFTESTS_STEPS_H
#define SELFTESTS_STEPS_H

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define STEPS_LIMIT_S	20

/* Protects the steps, and what a test puts beside them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char steps_done[64];
static size_t num_steps;

static void note(char what)
{
	pthread_mutex_lock(&lock);
	if (num_steps < sizeof(steps_done) - 1)
		steps_done[num_steps++] = what;
	pthread_mutex_unlock(&lock);
}

/* Wait until it has done this, and nothing else; then forget it. */
static bool did(const char *what)
{
	bool same = false;

	for (int i = 0; i < STEPS_LIMIT_S * 1000 && !same; i++) {
		usleep(1000);
		pthread_mutex_lock(&lock);
		same = num_steps >= strlen(what);
		pthread_mutex_unlock(&lock);
	}
	usleep(20000);		/* what it must not do comes too early otherwise */
	pthread_mutex_lock(&lock);
	same = !strcmp(steps_done, what);
	if (!same)
		tap_diag("it did \"%s\", not \"%s\"", steps_done, what);
	memset(steps_done, 0, sizeof(steps_done));
	num_steps = 0;
	pthread_mutex_unlock(&lock);
	return same;
}

#endif /* SELFTESTS_STEPS_H */
