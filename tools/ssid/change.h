/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the cluster's file while the guest runs. */
#ifndef SSID_CHANGE_H
#define SSID_CHANGE_H

#include "rest.h"

/*
 * Can @plan take the place of @old while the guest runs? Return: 0, or -1 with the keys
 * for which it cannot.
 */
int change_check(const json_t *old, const json_t *plan, struct failure *failure);

/*
 * Make @plan the plan of this host, whose node @id runs with another one, and set what is
 * different in the module. On an error nothing is changed. Return: 0 or -1.
 */
int change_node(json_t *plan, unsigned int id, struct failure *failure);

#endif /* SSID_CHANGE_H */
