/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to ssid of another host.
 */
#ifndef SSID_REMOTE_H
#define SSID_REMOTE_H

#include "rest.h"

/**
 * remote_call() - ask ssid of the host of a node
 * @node: node of a plan; its certificate must have the node's name
 * @method: for example "GET"
 * @path: with the query
 * @text: body, or NULL
 * @failure: out: the reason, also if the other ssid refuses; names the node
 *
 * Return: the answer's body, which the caller releases, or NULL.
 */
json_t *remote_call(const json_t *node, const char *method, const char *path,
		    const char *text, struct failure *failure);

/* The time of the day, in s, when a request was sent, and when its answer came. */
struct remote_span {
	double sent;
	double came;
};

/* remote_call() with "GET"; @span: out. */
json_t *remote_get(const json_t *node, const char *path,
		   struct remote_span *span, struct failure *failure);

#endif /* SSID_REMOTE_H */
