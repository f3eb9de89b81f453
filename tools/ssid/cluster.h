/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cluster as a whole: started, ended and watched from any of its hosts.
 *
 * A start or an end takes long, so it is a job: a thread does it, and
 * cluster_view() tells how far it is.
 */
#ifndef SSID_CLUSTER_H
#define SSID_CLUSTER_H

#include "rest.h"

/*
 * Begin to start the guest of @plan on all its hosts, or to change what a running one can
 * change. Return: 0 or -1.
 */
int cluster_up(json_t *plan, struct failure *failure);

/* Begin to end the guest: by its power button, or with @now at once. */
int cluster_down(bool now, struct failure *failure);

/* Press the power button, and wait for nothing. */
int cluster_press(struct failure *failure);

/* { health, problems, cluster?, job?, nodes }; asks all hosts. */
json_t *cluster_view(void);

#endif /* SSID_CLUSTER_H */
