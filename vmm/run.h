/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads of the guest's CPUs. */
#ifndef VMM_RUN_H
#define VMM_RUN_H

#include "vcpu.h"

/* Create the thread of a CPU. Ends the process on errors; while setting up. */
void run_start(struct vcpu *vcpu);

/**
 * run_job() - have a CPU's thread do something while the CPU does not run
 * @vcpu: real or a proxy
 * @job: called by its thread: KVM has completed its last access to a device, and it enters
 *	the guest only after that. It may wait
 * @arg: for @job
 *
 * Works for a guest that stands still (pause.c), too. Waits until @job has returned; not
 * for the threads of CPUs, nor for the reader of the channel.
 *
 * Return: false if the CPU waits for its start, or has been parked meanwhile: its thread
 * did nothing.
 */
bool run_job(struct vcpu *vcpu, vcpu_job job, void *arg);

/* May the guest have parked it? Called by a job of a real CPU. */
bool run_may_be_parked(struct vcpu *vcpu);

#endif /* VMM_RUN_H */
