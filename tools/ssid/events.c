// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What has happened of late, for clients that follow it (server-sent events).
 *
 * The last events are kept as the texts that are sent. Each follower has the number of
 * the next one; who is too slow misses some. A comment now and then finds out
 * whether the client is still there.
 */
#include "events.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../lib/number.h"

#define KEPT		256
#define FOLLOWERS_MAX	24
#define BEAT_S		5

/**
 * struct follower - a client that follows the events
 * @next: number of the next event
 * @text: what is being sent, allocated, or NULL
 * @at: what of it is not sent yet
 * @greeted: the first line is sent
 */
struct follower {
	uint64_t next;
	char *text;
	const char *at;
	bool greeted;
};

/* Protects all below. */
static pthread_mutex_t events_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t events_changed;
static pthread_once_t events_once = PTHREAD_ONCE_INIT;
static char *events_kept[KEPT];
static uint64_t events_count = 1;	/* number of the next event */
static unsigned int events_followers;
static bool events_over;

static void init(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&events_changed, &attr);
	pthread_condattr_destroy(&attr);
}

void events_add(const char *type, json_t *data)
{
	char *json, *text = NULL;
	struct timespec now;

	pthread_once(&events_once, init);
	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(data, "time", json_real((double)now.tv_sec +
						    (double)now.tv_nsec / 1e9));
	json = json_dumps(data, JSON_COMPACT);
	json_decref(data);
	pthread_mutex_lock(&events_mutex);
	if (json && asprintf(&text, "id: %" PRIu64 "\nevent: %s\ndata: %s\n\n",
			     events_count, type, json) > 0) {
		free(events_kept[events_count % KEPT]);
		events_kept[events_count % KEPT] = text;
		events_count++;
		pthread_cond_broadcast(&events_changed);
	}
	pthread_mutex_unlock(&events_mutex);
	free(json);
}

void events_end(void)
{
	pthread_once(&events_once, init);
	pthread_mutex_lock(&events_mutex);
	events_over = true;
	pthread_cond_broadcast(&events_changed);
	pthread_mutex_unlock(&events_mutex);
}

/* ---- an answer ---- */

/* Wait for an event, or until it is time for a comment. The mutex is held. */
static void wait_for_event(const struct follower *follower)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += BEAT_S;
	while (follower->next == events_count && !events_over)
		if (pthread_cond_timedwait(&events_changed, &events_mutex,
					   &until))
			return;
}

/* Return: a text to be freed; NULL at the end. */
static char *next_text(struct follower *follower)
{
	char *text = NULL;

	pthread_mutex_lock(&events_mutex);
	if (follower->greeted)
		wait_for_event(follower);
	if (follower->next + KEPT <= events_count)
		follower->next = events_count - KEPT + 1;
	if (events_over)
		;
	else if (!follower->greeted)
		text = strdup("retry: 2000\n\n");
	else if (follower->next == events_count)
		text = strdup(":\n\n");
	else
		text = strdup(events_kept[follower->next++ % KEPT]);
	follower->greeted = true;
	pthread_mutex_unlock(&events_mutex);
	return text;
}

static ssize_t read_events(void *of, char *buffer, size_t max)
{
	struct follower *follower = of;
	size_t len;

	if (!follower->text || !*follower->at) {
		free(follower->text);
		follower->at = follower->text = next_text(follower);
	}
	if (!follower->text)
		return -1;
	len = strlen(follower->at);
	if (len > max)
		len = max;
	memcpy(buffer, follower->at, len);
	follower->at += len;
	return len;
}

static void end_follower(void *of)
{
	struct follower *follower = of;

	free(follower->text);
	free(follower);
	pthread_mutex_lock(&events_mutex);
	events_followers--;
	pthread_mutex_unlock(&events_mutex);
}

/* Return: the number of the first event that the client gets. */
static uint64_t first_event(const struct request *request)
{
	const char *after = request->query(request->of, "after");
	uint64_t value;

	if (!after || !number_parse(after, INT64_MAX, &value) ||
	    value >= events_count)
		return events_count;
	return value + 1;
}

int events_follow(const struct request *request, struct answer *answer,
		  struct failure *failure)
{
	struct follower *follower = calloc(1, sizeof(*follower));
	bool room;

	pthread_once(&events_once, init);
	pthread_mutex_lock(&events_mutex);
	room = follower && events_followers < FOLLOWERS_MAX && !events_over;
	if (room) {
		events_followers++;
		follower->next = first_event(request);
	}
	pthread_mutex_unlock(&events_mutex);
	if (!room) {
		free(follower);
		return rest_fail(failure, 503, "too_many", "There are %d clients already that follow the events; end one of them",
				 FOLLOWERS_MAX);
	}
	*answer = (struct answer){
		.status = 200, .type = "text/event-stream",
		.read = read_events, .end = end_follower, .of = follower,
	};
	return 0;
}
