/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's TSC on this node: all its CPUs step forward at one moment. */
#ifndef VMM_TSC_H
#define VMM_TSC_H

#include <stdbool.h>
#include <stdint.h>

#include "vcpu.h"

/* The guest's time begins, on its first node. */
void tsc_begin(void);

/* It goes on from @ticks instead. */
void tsc_continue(uint64_t ticks);

/*
 * Give all of @vcpus, which do not run yet, an offset to the host's TSC. Ends
 * the process if KVM refuses. @vcpus stay where they are.
 */
void tsc_init(struct vcpu *vcpus, unsigned int num, uint64_t offset);

/* The guest's TSC now. Any thread. */
uint64_t tsc_read(void);

/* Its offset to the host's TSC, which each step changes. Any thread. */
uint64_t tsc_offset(void);

/*
 * Step forward. Waits until no CPU of this node is in the guest: if a CPU waits for
 * a page, until that page arrives. From one thread only, not the thread of a CPU.
 */
void tsc_advance(uint64_t ticks);

/*
 * Let this node's CPUs stand still; waits as tsc_advance() does. Then the time may be
 * set back by as much as has passed since all CPUs of the guest stand still.
 */
void tsc_stop(void);
void tsc_rewind(uint64_t ticks);
void tsc_go(void);

/*
 * Around KVM_RUN, by the CPU's thread. Return of the first: the CPU may run; else KVM may
 * only complete its last exit, since the guest stands still and there is a job for it.
 */
bool tsc_enter_guest(struct vcpu *vcpu);
void tsc_leave_guest(struct vcpu *vcpu);

/* A CPU has got a job: its thread must not wait here. */
void tsc_wake(void);

#endif /* VMM_TSC_H */
