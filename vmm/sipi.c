// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPUs that wait for their start: INIT and SIPI, seen on the sender's node.
 *
 * DOC: Theory of operation
 *
 * KVM reports neither of them to userspace, and KVM_RUN on a CPU that has received
 * both runs the guest, on the wrong node if it is a proxy. Three of KVM's rules help
 * (kvm_apic_accept_events() in arch/x86/kvm/lapic.c):
 *
 *   - KVM_RUN on a CPU in the state UNINITIALIZED, in which all begin, runs
 *     nothing and returns EAGAIN after an INIT.
 *   - KVM_GET_MP_STATE applies what is pending: after the INIT it says
 *     INIT_RECEIVED, after the SIPI RUNNABLE, and CS tells the vector.
 *   - A CPU in system management mode keeps an INIT pending. So proxies run
 *     the stub in that mode. A SIPI stays pending with it until the proxy is
 *     next interrupted, and what was pending when it leaves that mode counts.
 *
 * A CPU that the guest has parked is made to wait again by an INIT from here, which
 * merges with the guest's own if there was one. Since the guest's SIPI may follow
 * at once, such a CPU never goes back to UNINITIALIZED, where a SIPI would be
 * ignored; its state is polled.
 */
#include "sipi.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stop.h"

#define POLL_MIN_US	20
#define POLL_MAX_US	10000

static void run_until_init(struct vcpu *vcpu)
{
	if (ioctl(vcpu->fd, KVM_RUN, 0) == 0 || errno == EAGAIN ||
	    errno == EINTR)
		return;
	stop_ask(EXIT_HOST, "CPU %u cannot wait for its start: %s.", vcpu->cpu,
		 strerror(errno));
	vcpu_rest();
}

static bool must_wait(struct vcpu *vcpu)
{
	return !vcpu_is_released(vcpu) && !stop_asked();
}

static bool wait_for_init(struct vcpu *vcpu)
{
	while (vcpu_mp_state(vcpu) == KVM_MP_STATE_UNINITIALIZED) {
		vcpu->run->immediate_exit = 0;
		if (!must_wait(vcpu))
			return false;
		run_until_init(vcpu);
	}
	return true;
}

/* Never KVM_RUN now: that would run the guest at the SIPI. */
static bool poll_for_sipi(struct vcpu *vcpu)
{
	unsigned int us = POLL_MIN_US;

	while (vcpu_mp_state(vcpu) != KVM_MP_STATE_RUNNABLE) {
		if (!must_wait(vcpu))
			return false;
		usleep(us);
		if (us < POLL_MAX_US)
			us *= 2;
	}
	return true;
}

bool sipi_wait(struct vcpu *vcpu, uint8_t *vector)
{
	struct kvm_sregs sregs;

	if (!wait_for_init(vcpu) || !poll_for_sipi(vcpu))
		return false;
	vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	*vector = sregs.cs.selector >> 8;
	return true;
}

void sipi_reset(struct vcpu *vcpu)
{
	struct kvm_vcpu_events events;

	vcpu_ioctl(vcpu, KVM_GET_VCPU_EVENTS, &events, "KVM_GET_VCPU_EVENTS");
	events.smi.smm = 0;
	events.smi.latched_init = 1;
	vcpu_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &events, "an INIT");
}

void sipi_block(struct vcpu *vcpu)
{
	struct kvm_vcpu_events events;

	vcpu_ioctl(vcpu, KVM_GET_VCPU_EVENTS, &events, "KVM_GET_VCPU_EVENTS");
	events.smi.smm = 1;
	/* an NMI may come in between, and is not in @events */
	events.flags &= ~KVM_VCPUEVENT_VALID_NMI_PENDING;
	vcpu_ioctl(vcpu, KVM_SET_VCPU_EVENTS, &events,
		   "system management mode");
}
