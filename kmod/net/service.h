/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The service thread: does work that messages cause, and receives the next
 * messages meanwhile.
 */
#ifndef _SSI_SERVICE_H
#define _SSI_SERVICE_H

#include <linux/list.h>
#include <linux/types.h>

struct work_struct;
struct workqueue_struct;

/**
 * struct ssi_source - where messages come from: a connection's completion queue
 * @list: entry of the service thread's list
 * @alone: the service thread does not poll it any more
 * @unarmed: it is not armed, since the service thread polls it
 * @poll: handle up to @budget messages; returns how many. If messages of the
 *	source are being handled already, it returns 0. BH disabled
 * @kick: let a softirq poll it, which arms it unless ssi_service_polls() is true
 *	then. Any context
 */
struct ssi_source {
	struct list_head list;
	bool alone;
	bool unarmed;
	int (*poll)(struct ssi_source *source, int budget);
	void (*kick)(struct ssi_source *source);
};

/**
 * ssi_service_add() - let the service thread poll a source
 * @source: @poll and @kick are set; the caller arms it
 *
 * Context: process, sleeps.
 */
void ssi_service_add(struct ssi_source *source);

/**
 * ssi_service_remove() - from now on only softirqs poll a source
 * @source: the source
 *
 * Context: process, sleeps until the service thread does not poll it.
 */
void ssi_service_remove(struct ssi_source *source);

/**
 * ssi_service_polls() - whether a source need not be armed
 * @source: the source
 *
 * The caller is @source's softirq. It has polled @source, and @kick is effective
 * again: it starts the softirq anew.
 *
 * Context: softirq.
 * Return: true if the service thread polls @source after this call, or kicks it.
 */
bool ssi_service_polls(struct ssi_source *source);

/**
 * ssi_service_queue_work() - queue a work that a message has caused
 * @wq: where it runs if the service thread is busy, or leaves its CPU before
 * @work: initialised, not queued
 *
 * Context: any.
 */
void ssi_service_queue_work(struct workqueue_struct *wq,
			    struct work_struct *work);

/**
 * ssi_service_flush() - wait until the service thread has no work
 *
 * Works that it has not begun go to their workqueues.
 *
 * Context: process, sleeps.
 */
void ssi_service_flush(void);

/**
 * ssi_service_init() - start the service thread
 * @poll_us: longest time in microseconds for which it polls for a message that does
 *	not come; 0: there is no thread
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno.
 */
int ssi_service_init(u32 poll_us);

/**
 * ssi_service_exit() - stop the service thread; no source is left
 *
 * Context: process, sleeps.
 */
void ssi_service_exit(void);

#endif /* _SSI_SERVICE_H */
