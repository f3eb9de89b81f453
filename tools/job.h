/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ssid does to the cluster takes long: watch it.
 */
#ifndef JOB_H
#define JOB_H

/*
 * Print how the nodes' states change until ssid has finished. Return: the exit
 * code, after error() if it has failed.
 */
int job_watch(void);

#endif /* JOB_H */
