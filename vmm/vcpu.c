// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's CPUs: every node has all of them, real ones and proxies.
 *
 * DOC: Theory of operation
 *
 * A CPU's thread goes through these steps, real or proxy alike:
 *
 *   wait      KVM_RUN on a CPU in the state UNINITIALIZED runs nothing; it
 *             returns EAGAIN after an INIT. KVM_GET_MP_STATE then applies the
 *             SIPI, and CS tells its vector. So the start of a CPU is seen on
 *             the node of the CPU that asked for it, before the guest's code
 *             runs on the wrong node.
 *   reported  proxy.c was told of the vector and arranges with the other
 *             nodes that all proxies of this CPU run before it does.
 *   released  a real CPU runs the guest, a proxy runs the stub.
 *
 * The boot CPU is not waited for: machine.c reports it itself. A release wakes
 * the thread out of KVM_RUN by a signal; immediate_exit closes the gap between the last look
 * at @released and KVM_RUN.
 */
#include "vcpu.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bus.h"
#include "forward.h"
#include "hw/ioapic.h"
#include "log.h"
#include "proxy.h"
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

#define SIPI_POLL_MIN_US	20
#define SIPI_POLL_MAX_US	2000

/* A lost page shows up here and on the channel; let the channel speak. */
#define LOST_GRACE_S		2

static void park_thread(void)
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
	park_thread();
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
	(void)sig;	/* being interrupted is all */
}

static void install_kick(void)
{
	struct sigaction action = { .sa_handler = vcpu_handle_kick };

	sigaction(SIGNAL_KICK, &action, NULL);
}

void vcpu_create(struct vcpu *vcpu)
{
	pthread_mutex_init(&vcpu->lock, NULL);
	pthread_cond_init(&vcpu->wake, NULL);
	vcpu->released = false;
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

void vcpu_set_tsc_offset(struct vcpu *vcpu, uint64_t offset)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&offset,
	};

	setup_ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr, "the TSC offset");
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
		.rip = boot->rip, .rsi = boot->rsi, .rflags = RFLAGS_FIXED,
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
	setup_ioctl(vcpu, KVM_SET_SREGS, &sregs, "the boot state");
	setup_ioctl(vcpu, KVM_SET_REGS, &regs, "the boot registers");
}

void vcpu_release(struct vcpu *vcpu, uint8_t vector)
{
	pthread_mutex_lock(&vcpu->lock);
	if (!vcpu->released) {
		vcpu->released = true;
		vcpu->vector = vector;
		vcpu->run->immediate_exit = 1;
		pthread_cond_signal(&vcpu->wake);
		pthread_kill(vcpu->thread, SIGNAL_KICK);
	}
	pthread_mutex_unlock(&vcpu->lock);
}

static bool is_released(struct vcpu *vcpu)
{
	bool released;

	pthread_mutex_lock(&vcpu->lock);
	released = vcpu->released;
	pthread_mutex_unlock(&vcpu->lock);
	return released;
}

static void wait_for_release(struct vcpu *vcpu)
{
	pthread_mutex_lock(&vcpu->lock);
	while (!vcpu->released)
		pthread_cond_wait(&vcpu->wake, &vcpu->lock);
	pthread_mutex_unlock(&vcpu->lock);
}

static uint32_t get_mp_state(struct vcpu *vcpu)
{
	struct kvm_mp_state state;

	vcpu_ioctl(vcpu, KVM_GET_MP_STATE, &state, "KVM_GET_MP_STATE");
	return state.mp_state;
}

/* After an INIT: never KVM_RUN now, that would run the guest at the SIPI. */
static bool poll_for_sipi(struct vcpu *vcpu)
{
	unsigned int us = SIPI_POLL_MIN_US;

	while (get_mp_state(vcpu) != KVM_MP_STATE_RUNNABLE) {
		if (is_released(vcpu) || stop_asked())
			return false;
		usleep(us);
		if (us < SIPI_POLL_MAX_US)
			us *= 2;
	}
	return true;
}

static uint8_t get_sipi_vector(struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	return sregs.cs.selector >> 8;
}

static void run_until_init(struct vcpu *vcpu)
{
	if (ioctl(vcpu->fd, KVM_RUN, 0) == 0 || errno == EAGAIN ||
	    errno == EINTR)
		return;
	stop_ask(EXIT_HOST, "CPU %u cannot wait for its start: %s.", vcpu->cpu,
		 strerror(errno));
	park_thread();
}

/* Return: a CPU of this node has sent INIT and SIPI; false when released. */
static bool wait_for_sipi(struct vcpu *vcpu, uint8_t *vector)
{
	for (;;) {
		vcpu->run->immediate_exit = 0;
		if (is_released(vcpu))
			return false;
		if (stop_asked())
			park_thread();
		run_until_init(vcpu);
		if (get_mp_state(vcpu) == KVM_MP_STATE_UNINITIALIZED)
			continue;
		if (!poll_for_sipi(vcpu))
			continue;
		*vector = get_sipi_vector(vcpu);
		return true;
	}
}

/* As a SIPI leaves it; the rest is as after the INIT, or never ran. */
static void enter_guest(struct vcpu *vcpu)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_regs regs;
	struct kvm_sregs sregs;

	vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cs.selector = vcpu->vector << 8;
	sregs.cs.base = vcpu->vector << 12;
	vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs, "the start address");
	vcpu_ioctl(vcpu, KVM_GET_REGS, &regs, "KVM_GET_REGS");
	regs.rip = 0;
	vcpu_ioctl(vcpu, KVM_SET_REGS, &regs, "the start registers");
	vcpu_ioctl(vcpu, KVM_SET_MP_STATE, &state, "the running state");
}

static void handle_port(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	unsigned char *data = (unsigned char *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++) {
		struct forward_access access = {
			.space = BUS_PORT, .addr = run->io.port,
			.len = run->io.size,
			.is_write = run->io.direction == KVM_EXIT_IO_OUT,
		};

		if (access.is_write)
			memcpy(&access.value, data, access.len);
		forward_access(vcpu->cpu, &access);
		if (!access.is_write)
			memcpy(data, &access.value, access.len);
		data += run->io.size;
	}
}

static void handle_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct forward_access access = {
		.space = BUS_MMIO, .addr = run->mmio.phys_addr,
		.len = run->mmio.len, .is_write = run->mmio.is_write,
	};

	memcpy(&access.value, run->mmio.data, sizeof(access.value));
	forward_access(vcpu->cpu, &access);
	if (!access.is_write)
		memcpy(run->mmio.data, &access.value, sizeof(access.value));
}

static void handle_unknown(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct kvm_regs regs = { 0 };

	ioctl(vcpu->fd, KVM_GET_REGS, &regs);
	stop_ask(EXIT_HOST, "KVM cannot run CPU %u on: exit %u, detail %u, instruction at 0x%llx.",
		 vcpu->cpu, run->exit_reason,
		 run->exit_reason == KVM_EXIT_INTERNAL_ERROR ?
			run->internal.suberror : 0,
		 (unsigned long long)regs.rip);
}

static void handle_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		handle_port(vcpu);
		break;
	case KVM_EXIT_MMIO:
		handle_mmio(vcpu);
		break;
	case KVM_EXIT_IOAPIC_EOI:
		ioapic_eoi(vcpu->run->eoi.vector);
		break;
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_SHUTDOWN:
		stop_ask(EXIT_TRIPLE_FAULT, "CPU %u of the guest has shut down after a triple fault.",
			 vcpu->cpu);
		break;
	default:
		handle_unknown(vcpu);
	}
}

static void handle_run_error(struct vcpu *vcpu, int err)
{
	if (err == EINTR || err == EAGAIN)
		return;
	if (err == EFAULT)
		sleep(LOST_GRACE_S);
	stop_ask(EXIT_HOST, "KVM cannot run CPU %u: %s%s.", vcpu->cpu,
		 strerror(err),
		 err == EFAULT ? " (memory of the guest is out of reach)" : "");
}

static void run_loop(struct vcpu *vcpu)
{
	while (!stop_asked()) {
		vcpu->run->immediate_exit = 0;
		if (ioctl(vcpu->fd, KVM_RUN, 0) < 0)
			handle_run_error(vcpu, errno);
		else if (vcpu->real)
			handle_exit(vcpu);
		else
			proxy_handle_exit(vcpu);
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	uint8_t vector;

	if (!vcpu->boots && wait_for_sipi(vcpu, &vector))
		proxy_report_sipi(vcpu, vector);
	wait_for_release(vcpu);
	if (!vcpu->real)
		proxy_enter_stub(vcpu);
	else if (!vcpu->boots)
		enter_guest(vcpu);
	run_loop(vcpu);
	park_thread();
	return NULL;
}

void vcpu_start(struct vcpu *vcpu)
{
	if (pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu))
		die(EXIT_HOST, "The thread of CPU %u cannot be created.",
		    vcpu->cpu);
}
