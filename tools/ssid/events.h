/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has happened of late, for clients that follow it (server-sent events).
 */
#ifndef SSID_EVENTS_H
#define SSID_EVENTS_H

#include "rest.h"

/* Keep an event for all followers; releases @data. @type: health, node, job, guest, placement. */
void events_add(const char *type, json_t *data);

/**
 * events_follow() - make an answer that goes on as long as the client listens
 * @request: the query "after" may have the id of the last event that is known
 * @answer: out
 * @failure: out
 *
 * Return: 0 or -1.
 */
int events_follow(const struct request *request, struct answer *answer,
		  struct failure *failure);

/* No event comes any more: end all answers. */
void events_end(void);

#endif /* SSID_EVENTS_H */
