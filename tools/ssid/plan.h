/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cluster that this host is part of: its file, and what the file says.
 *
 * A plan is what describe_file() returns, and the text of the file as "file". Its
 * references are counted; nothing changes one after plan_read().
 */
#ifndef SSID_PLAN_H
#define SSID_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "rest.h"

/*
 * At the start: take up the plan that an ssid before this one has kept. Ends the process
 * if a node runs on this host and its plan cannot be used.
 */
void plan_init(void);

/* Check the text of a file. Return: a plan, or NULL. */
json_t *plan_read(const char *text, size_t len, struct failure *failure);

/* The plan of this host, or NULL; the caller releases it. */
json_t *plan_get(void);

/* Make @plan the plan of this host, and keep its file. Return: 0 or -1. */
int plan_keep(json_t *plan, struct failure *failure);

/* This host is part of no cluster any more. */
void plan_forget(void);

/* A node of a plan, or NULL; the plan has the reference. */
json_t *plan_node(const json_t *plan, unsigned int id);

unsigned int plan_node_id(const json_t *node);

/* Is it a node of this host? A node without an address is. */
bool plan_is_here(const json_t *node);

#endif /* SSID_PLAN_H */
