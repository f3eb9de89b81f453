// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's CPUs as KVM has them: descriptors, registers, and what other
 * threads ask of a CPU's thread (run.c).
 */
#include "vcpu.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log.h"
#include "stop.h"
#include "vm.h"

#define SIGNAL_KICK	SIGUSR1

#define APIC_BASE_X2APIC	(3u << 10)	/* enabled, in x2APIC mode */
#define CR0_PE			0x1u
#define CR0_ET			0x10u
#define CR0_PG			0x80000000u
#define CR4_PAE			0x20u
#define EFER_LME		0x100u
#define EFER_LMA		0x400u
#define RFLAGS_FIXED		0x2u

void vcpu_rest(void)
{
	for (;;)
		pause();
}

void vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *arg,
		const char *name)
{
	if (ioctl(vcpu->fd, request, arg) >= 0)
		return;
	stop_ask(EXIT_HOST, "KVM refuses %s of CPU %u: %s.", name, vcpu->cpu,
		 strerror(errno));
	vcpu_rest();
}

/* As vcpu_ioctl(), while setting up. */
static void setup_ioctl(struct vcpu *vcpu, unsigned long request, void *arg,
			const char *name)
{
	if (ioctl(vcpu->fd, request, arg) < 0)
		die(EXIT_HOST, "KVM refuses %s of CPU %u: %s.", name,
		    vcpu->cpu, strerror(errno));
}

static void vcpu_handle_kick(int sig)
{
	(void)sig;	/* the interruption of KVM_RUN is the purpose */
}

static void install_kick(void)
{
	/* KVM_RUN ends all the same; other system calls are restarted. */
	struct sigaction action = {
		.sa_handler = vcpu_handle_kick, .sa_flags = SA_RESTART,
	};

	sigaction(SIGNAL_KICK, &action, NULL);
}

void vcpu_create(struct vcpu *vcpu)
{
	pthread_mutex_init(&vcpu->lock, NULL);
	pthread_cond_init(&vcpu->wake, NULL);
	pthread_cond_init(&vcpu->idle, NULL);
	vcpu->runs = false;
	vcpu->order = NULL;
	vcpu->released = false;
	vcpu->parked = false;
	vcpu->counts = counts_of(vcpu->cpu);
	atomic_store(&vcpu->counts->real, vcpu->real);
	vcpu->fd = vm_create_vcpu(vcpu->apic_id, &vcpu->run);
	install_kick();
}

/* Needs the CPUID to be set. */
void vcpu_enable_x2apic(struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	setup_ioctl(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.apic_base |= APIC_BASE_X2APIC;
	setup_ioctl(vcpu, KVM_SET_SREGS, &sregs, "x2APIC mode");
}

static struct kvm_device_attr tsc_offset_attr(const uint64_t *offset)
{
	return (struct kvm_device_attr) {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};
}

void vcpu_setup_tsc_offset(struct vcpu *vcpu, uint64_t offset)
{
	struct kvm_device_attr attr = tsc_offset_attr(&offset);

	setup_ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr, "the TSC offset");
	vcpu->tsc_offset = offset;
}

void vcpu_set_tsc_offset(struct vcpu *vcpu, uint64_t offset)
{
	struct kvm_device_attr attr = tsc_offset_attr(&offset);

	vcpu_ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr, "another TSC offset");
	vcpu->tsc_offset = offset;
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	bool code = type & 8;

	return (struct kvm_segment) {
		.base = 0, .limit = UINT32_MAX, .selector = selector,
		.type = type, .present = 1, .db = !code, .s = 1, .l = code,
		.g = 1,
	};
}

void vcpu_set_boot(struct vcpu *vcpu, const struct vcpu_boot *boot)
{
	struct kvm_regs regs = {
		.rip = boot->rip, .rsi = boot->rsi, .rbx = boot->rbx,
		.rflags = RFLAGS_FIXED,
	};
	struct kvm_segment data = flat_segment(0x18, 3);
	struct kvm_sregs sregs;

	setup_ioctl(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cs = flat_segment(0x10, 0xb);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.gdt.base = boot->gdt;
	sregs.gdt.limit = boot->gdt_limit;
	sregs.cr3 = boot->cr3;
	sregs.cr0 = CR0_PE | CR0_ET | CR0_PG;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	if (boot->is_pvh) {
		sregs.cs.l = 0;
		sregs.cs.db = 1;
		sregs.cr0 = CR0_PE | CR0_ET;
		sregs.cr4 = 0;
		sregs.efer = 0;
	}
	setup_ioctl(vcpu, KVM_SET_SREGS, &sregs, "the boot state");
	setup_ioctl(vcpu, KVM_SET_REGS, &regs, "the boot registers");
}

void vcpu_kick(struct vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	pthread_kill(vcpu->thread, SIGNAL_KICK);
}

void vcpu_release(struct vcpu *vcpu, uint8_t vector)
{
	pthread_mutex_lock(&vcpu->lock);
	if (!vcpu->released) {
		vcpu->released = true;
		vcpu->vector = vector;
		pthread_cond_signal(&vcpu->wake);
		vcpu_kick(vcpu);
	}
	pthread_mutex_unlock(&vcpu->lock);
}

void vcpu_park(struct vcpu *vcpu)
{
	pthread_mutex_lock(&vcpu->lock);
	vcpu->released = false;
	vcpu->parked = true;
	vcpu_kick(vcpu);
	pthread_mutex_unlock(&vcpu->lock);
}

void vcpu_look(struct vcpu *vcpu)
{
	if (vcpu->real && !vcpu->boots)
		pthread_kill(vcpu->thread, SIGNAL_KICK);
}

bool vcpu_is_released(struct vcpu *vcpu)
{
	bool released;

	pthread_mutex_lock(&vcpu->lock);
	released = vcpu->released;
	pthread_mutex_unlock(&vcpu->lock);
	return released;
}

uint32_t vcpu_mp_state(struct vcpu *vcpu)
{
	struct kvm_mp_state state;

	vcpu_ioctl(vcpu, KVM_GET_MP_STATE, &state, "KVM_GET_MP_STATE");
	return state.mp_state;
}

void vcpu_wait_for_release(struct vcpu *vcpu)
{
	pthread_mutex_lock(&vcpu->lock);
	while (!vcpu->released)
		pthread_cond_wait(&vcpu->wake, &vcpu->lock);
	pthread_mutex_unlock(&vcpu->lock);
}

bool vcpu_is_parked(struct vcpu *vcpu)
{
	bool parked;

	pthread_mutex_lock(&vcpu->lock);
	parked = vcpu->parked;
	pthread_mutex_unlock(&vcpu->lock);
	return parked;
}

bool vcpu_has_job(struct vcpu *vcpu)
{
	bool has_job;

	pthread_mutex_lock(&vcpu->lock);
	has_job = vcpu->order;
	pthread_mutex_unlock(&vcpu->lock);
	return has_job;
}

void vcpu_unpark(struct vcpu *vcpu)
{
	pthread_mutex_lock(&vcpu->lock);
	vcpu->parked = false;
	pthread_mutex_unlock(&vcpu->lock);
}
