/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long the CPUs of a guest have run on this node. The kernel counts it for each
 * thread: the time between an entry into a guest and the exit.
 */
#ifndef _SSI_GUEST_TIME_H
#define _SSI_GUEST_TIME_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct pid;

/**
 * struct ssi_guest_time - the time of the programs that have mapped a region
 * @lock: protects the other fields; no lock is taken inside it
 * @program: the process that has mapped the region last, or NULL
 * @seen: its time in ns when it was read last
 * @before: time of the programs before it
 */
struct ssi_guest_time {
	spinlock_t lock;
	struct pid *program;
	u64 seen;
	u64 before;
};

/**
 * ssi_guest_time_init() - prepare for a new region
 * @time: all zero
 */
void ssi_guest_time_init(struct ssi_guest_time *time);

/**
 * ssi_guest_time_exit() - forget the program
 * @time: of a region that is being freed
 */
void ssi_guest_time_exit(struct ssi_guest_time *time);

/**
 * ssi_guest_time_take() - the calling process has mapped the region
 * @time: of the region
 *
 * Context: process.
 */
void ssi_guest_time_take(struct ssi_guest_time *time);

/**
 * ssi_guest_time_read() - how long the guest's CPUs have run
 * @time: of a region
 *
 * Context: process.
 * Return: nanoseconds. It never decreases.
 */
u64 ssi_guest_time_read(struct ssi_guest_time *time);

#endif /* _SSI_GUEST_TIME_H */
