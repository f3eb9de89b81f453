/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ssid does to the cluster takes long: watch it.
 */
#ifndef JOB_H
#define JOB_H

#include <jansson.h>

/*
 * Print how the nodes' states change until ssid has finished. @changes: what is
 * changed, as difference_list() returns it, or NULL. Return: the exit code, after
 * error() if it has failed.
 */
int job_watch(const json_t *changes);

#endif /* JOB_H */
