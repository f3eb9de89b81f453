/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view of a node: what its host says of it, see the schema Node in openapi.json.
 */
#ifndef SSID_NODE_VIEW_H
#define SSID_NODE_VIEW_H

#include <jansson.h>

/**
 * node_view_clean() - what may be kept and shown of another host's answer
 * @answer: any JSON
 * @id: of the node that was asked for
 *
 * Return: a view with the keys and types of the schema only, with texts and lists that have
 *	a limit; NULL if the answer has no state of a node.
 */
json_t *node_view_clean(const json_t *answer, unsigned int id);

/* A copy without what changes all the time: it differs from an earlier one if there is news. */
json_t *node_view_steady(const json_t *view);

#endif /* SSID_NODE_VIEW_H */
