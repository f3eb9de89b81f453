/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work of a connection: in a softirq, by one CPU at a time, without a wait for
 * another one; or in a thread.
 */
#ifndef _SSI_TCP_RUN_H
#define _SSI_TCP_RUN_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/workqueue.h>

/**
 * struct ssi_tcp_run - work that can be asked for at any time
 * @node: entry of the list of a CPU
 * @asked: how often it was asked for since the last time that it began; while this
 *	is not 0, the work is in the list of a CPU, or runs
 * @run: the work. It is asked for again if this returns true. Softirq, or process
 *	context with @threaded
 * @threaded: run in a thread; @node and @asked are not used
 * @work: calls @run if @threaded
 */
struct ssi_tcp_run {
	struct llist_node node;
	atomic_t asked;
	bool (*run)(struct ssi_tcp_run *run);
	bool threaded;
	struct work_struct work;
};

/**
 * ssi_tcp_run_set() - prepare a work
 * @run: the work
 * @call: see @run of struct ssi_tcp_run
 * @threaded: run it in a thread, where it may sleep
 */
void ssi_tcp_run_set(struct ssi_tcp_run *run,
		     bool (*call)(struct ssi_tcp_run *run), bool threaded);

/**
 * ssi_tcp_run_ask() - let the work run once after this call, or more often
 * @run: the work
 *
 * In a softirq it runs on this CPU when bottom halves are enabled, or on the CPU
 * where it runs already.
 *
 * Context: Any context.
 */
void ssi_tcp_run_ask(struct ssi_tcp_run *run);

/**
 * ssi_tcp_run_wait() - wait until the work neither runs nor is asked for
 * @run: the work
 *
 * Context: May sleep.
 */
void ssi_tcp_run_wait(struct ssi_tcp_run *run);

/**
 * ssi_tcp_run_init() - prepare softirqs and threads; before the first connection
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int ssi_tcp_run_init(void);

/**
 * ssi_tcp_run_exit() - wait for all that runs; no connection is left
 *
 * Context: May sleep.
 */
void ssi_tcp_run_exit(void);

#endif /* _SSI_TCP_RUN_H */
