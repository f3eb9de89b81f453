/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The service thread: does page work without a wake-up for each.
 */
#ifndef _SSI_SERVICE_H
#define _SSI_SERVICE_H

#include <linux/types.h>

struct work_struct;
struct workqueue_struct;

/**
 * ssi_service_queue_work() - queue a work that a message has caused
 * @wq: where it runs if the service thread is busy
 * @work: initialised, not queued
 *
 * Context: any.
 */
void ssi_service_queue_work(struct workqueue_struct *wq,
			    struct work_struct *work);

/**
 * ssi_service_flush() - wait until the service thread has done its work
 *
 * Works that were queued before are done, or are in their workqueues.
 *
 * Context: process, sleeps.
 */
void ssi_service_flush(void);

/**
 * ssi_service_init() - start the service thread
 * @poll_us: longest time in microseconds for which it looks for a work that does
 *	not come; 0: there is no thread
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int ssi_service_init(u32 poll_us);

/**
 * ssi_service_exit() - stop the service thread; no work is left
 *
 * Context: process, sleeps.
 */
void ssi_service_exit(void);

#endif /* _SSI_SERVICE_H */
