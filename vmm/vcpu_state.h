/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole state of one CPU of the guest: taken from KVM, and given to it again, on this
 * node or another one. It is flat: it travels in messages and is kept in files.
 */
#ifndef VMM_VCPU_STATE_H
#define VMM_VCPU_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcpu.h"

/* Changes with the format; a state of another version is refused. */
#define VCPU_STATE_VERSION	1

#define VCPU_STATE_MAX		0xa000	/* bytes of a state */
#define VCPU_STATE_WHY_MAX	192	/* bytes of a reason with its NUL */

/**
 * enum vcpu_state_kind - where interrupts that wait at the CPU's local APIC are
 * @VCPU_STATE_WHOLE: in the state: the CPU goes on with them, and nothing sends it
 *	further ones meanwhile
 * @VCPU_STATE_EXCHANGE: left behind; the APIC that takes the state keeps its own (see
 *	move.c). No interrupt is in service
 */
enum vcpu_state_kind { VCPU_STATE_WHOLE, VCPU_STATE_EXCHANGE };

/* Ask KVM which registers there are. While setting up, after vm_create(). */
void vcpu_state_init(void);

/**
 * vcpu_state_get() - take the state of a CPU, which does not run
 * @vcpu: the CPU; KVM has completed its last exit: KVM_RUN with immediate_exit has failed
 *	with EINTR. Called by its thread (vcpu_job())
 * @buffer: out: the state, VCPU_STATE_MAX bytes
 *
 * An error ends the machine, as with vcpu_ioctl(). Return: bytes of the state.
 */
size_t vcpu_state_get(struct vcpu *vcpu, void *buffer);

/* Is no interrupt of the CPU in service? Called by its thread. */
bool vcpu_state_may_leave(struct vcpu *vcpu);

/* Is any interrupt of the CPU in service, or waits for it? Called by its thread. */
bool vcpu_state_has_interrupt(struct vcpu *vcpu);

/* No timer, breakpoint or event: for a proxy. Interrupts that wait stay. */
void vcpu_state_calm(struct vcpu *vcpu);

/*
 * As vcpu_state_get(), for VCPU_STATE_EXCHANGE and after vcpu_state_may_leave(). The
 * timer of the CPU that stays here has ended.
 */
size_t vcpu_state_leave(struct vcpu *vcpu, void *buffer);

/**
 * vcpu_state_put() - give a CPU a state
 * @vcpu: the CPU, which does not run; its CPUID, and the offset of its TSC by which the
 *	guest's time goes on, have been set. Called by its thread
 * @buffer: the state, of any origin
 * @size: bytes there
 * @kind: the CPU is new, or the proxy of the one that the state was taken from
 * @why: out: one sentence, VCPU_STATE_WHY_MAX bytes
 *
 * Return: false if it is no state of this CPU, or KVM refuses a part of it, which @why
 * tells. The CPU has a part of the state then, and must not run.
 */
bool vcpu_state_put(struct vcpu *vcpu, const void *buffer, size_t size,
		    enum vcpu_state_kind kind, char *why);

/* The guest's TSC when the state was taken; 0 if it is no state. */
uint64_t vcpu_state_tsc(const void *buffer, size_t size);

#endif /* VMM_VCPU_STATE_H */
