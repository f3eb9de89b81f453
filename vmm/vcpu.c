// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's CPUs: every node has all of them, real ones and proxies.
 *
 * DOC: Theory of operation
 *
 * A CPU's thread goes through these steps, real or proxy alike:
 *
 *   wait      for INIT and SIPI of a CPU of this node (sipi.c). So the start
 *             of a CPU is seen on the node of the CPU that asked for it.
 *   reported  proxy.c was told of the vector and arranges with the other
 *             nodes that all proxies of this CPU run before it does.
 *   released  a real CPU runs the guest, a proxy runs the stub.
 *   parked    the guest has halted a real CPU with interrupts off, as it does
 *             with one that it takes offline. Its thread notices when it is
 *             kicked (vcpu_look(), now and then), proxy.c tells the other
 *             nodes, and here and there the CPU waits again.
 *
 * The boot CPU is not waited for: machine.c reports it itself; nor is it ever
 * parked, since KVM's boot CPU would not wait for a SIPI. A release or a park
 * wakes the thread out of KVM_RUN by a signal; immediate_exit closes the gap
 * between the last look and KVM_RUN.
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
#include "sipi.h"
#include "stop.h"
#include "tsc.h"
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

/* A lost page shows up here and on the channel; let the channel speak. */
#define LOST_GRACE_S		2

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
	(void)sig;	/* being interrupted is all */
}

static void install_kick(void)
{
	/* KVM_RUN ends all the same; what else a thread does goes on. */
	struct sigaction action = {
		.sa_handler = vcpu_handle_kick, .sa_flags = SA_RESTART,
	};

	sigaction(SIGNAL_KICK, &action, NULL);
}

void vcpu_create(struct vcpu *vcpu)
{
	pthread_mutex_init(&vcpu->lock, NULL);
	pthread_cond_init(&vcpu->wake, NULL);
	vcpu->released = false;
	vcpu->parked = false;
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

static void wait_for_release(struct vcpu *vcpu)
{
	pthread_mutex_lock(&vcpu->lock);
	while (!vcpu->released)
		pthread_cond_wait(&vcpu->wake, &vcpu->lock);
	pthread_mutex_unlock(&vcpu->lock);
}

uint32_t vcpu_mp_state(struct vcpu *vcpu)
{
	struct kvm_mp_state state;

	vcpu_ioctl(vcpu, KVM_GET_MP_STATE, &state, "KVM_GET_MP_STATE");
	return state.mp_state;
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
	if (err == EAGAIN)
		return;
	if (err == EFAULT)
		sleep(LOST_GRACE_S);
	stop_ask(EXIT_HOST, "KVM cannot run CPU %u: %s%s.", vcpu->cpu,
		 strerror(err),
		 err == EFAULT ? " (memory of the guest is out of reach)" : "");
}

/* Waits for INIT, or for ever: Linux' offline CPUs have IF clear in HLT. */
static bool has_guest_parked(struct vcpu *vcpu)
{
	uint32_t state;

	if (!vcpu->real || vcpu->boots || vcpu->run->if_flag)
		return false;
	state = vcpu_mp_state(vcpu);
	return state == KVM_MP_STATE_HALTED ||
	       state == KVM_MP_STATE_INIT_RECEIVED;
}

static bool is_parked(struct vcpu *vcpu)
{
	bool parked;

	pthread_mutex_lock(&vcpu->lock);
	parked = vcpu->parked;
	pthread_mutex_unlock(&vcpu->lock);
	return parked;
}

/* Return: it is parked, and KVM owes it nothing. */
static bool handle_interruption(struct vcpu *vcpu)
{
	if (is_parked(vcpu))
		return true;
	if (!has_guest_parked(vcpu))
		return false;
	vcpu_park(vcpu);
	proxy_report_parked(vcpu);
	return true;
}

/* Return: 0, or the error of KVM_RUN. */
static int run_guest(struct vcpu *vcpu)
{
	int err;

	tsc_enter_guest(vcpu);
	err = ioctl(vcpu->fd, KVM_RUN, 0) ? errno : 0;
	tsc_leave_guest(vcpu);
	return err;
}

/* Ends when the CPU is parked, or the machine is to end. */
static void run_loop(struct vcpu *vcpu)
{
	int err;

	while (!stop_asked()) {
		vcpu->run->immediate_exit = 0;
		if (is_parked(vcpu))	/* still complete the last exit */
			vcpu->run->immediate_exit = 1;
		err = run_guest(vcpu);
		if (!err) {
			if (vcpu->real)
				handle_exit(vcpu);
			else
				proxy_handle_exit(vcpu);
		} else if (err != EINTR) {
			handle_run_error(vcpu, err);
		} else if (handle_interruption(vcpu)) {
			return;
		}
	}
}

static void wait_for_start(struct vcpu *vcpu)
{
	uint8_t vector;

	if (!vcpu->boots && sipi_wait(vcpu, &vector))
		proxy_report_sipi(vcpu, vector);
	wait_for_release(vcpu);
}

static void begin_again(struct vcpu *vcpu)
{
	pthread_mutex_lock(&vcpu->lock);
	vcpu->parked = false;
	pthread_mutex_unlock(&vcpu->lock);
	sipi_reset(vcpu);
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;

	for (;;) {
		wait_for_start(vcpu);
		if (!vcpu->real)
			proxy_enter_stub(vcpu);
		else if (!vcpu->boots)
			enter_guest(vcpu);
		run_loop(vcpu);
		if (stop_asked())
			vcpu_rest();
		begin_again(vcpu);
	}
	return NULL;
}

void vcpu_start(struct vcpu *vcpu)
{
	if (pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu))
		die(EXIT_HOST, "The thread of CPU %u cannot be created.",
		    vcpu->cpu);
}
