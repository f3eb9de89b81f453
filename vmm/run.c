// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The threads of the guest's CPUs: every node has all CPUs, real ones and proxies.
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
 * A thread takes jobs between two exits: work that other threads have on the CPU while it
 * does not run (run_job()). A CPU whose thread waits for its start takes none.
 *
 * The boot CPU is not waited for: machine.c reports it itself; nor is it ever
 * parked, since KVM's boot CPU would not wait for a SIPI. A release or a park
 * wakes the thread out of KVM_RUN by a signal; immediate_exit closes the gap
 * between the last look and KVM_RUN.
 */
#include "run.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bus.h"
#include "filter.h"
#include "forward.h"
#include "hw/ioapic.h"
#include "log.h"
#include "pin.h"
#include "proxy.h"
#include "resets.h"
#include "sipi.h"
#include "stop.h"
#include "tsc.h"

/* After a page was lost, time for the channel to report the lost node first. */
#define LOST_GRACE_S		2

/* Set the state after a SIPI; the other registers are as after an INIT. */
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
	stop_ask(EXIT_HOST, "KVM cannot continue CPU %u: exit %u, detail %u, instruction at 0x%llx.",
		 vcpu->cpu, run->exit_reason,
		 run->exit_reason == KVM_EXIT_INTERNAL_ERROR ?
			run->internal.suberror : 0,
		 (unsigned long long)regs.rip);
}

static void handle_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		counts_add(&vcpu->counts->ports);
		handle_port(vcpu);
		break;
	case KVM_EXIT_MMIO:
		counts_add(&vcpu->counts->mmio);
		handle_mmio(vcpu);
		break;
	case KVM_EXIT_IOAPIC_EOI:
		ioapic_eoi(vcpu->run->eoi.vector);
		break;
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_SHUTDOWN:
		resets_by_triple_fault(vcpu->cpu);
		vcpu_rest();
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

/* Halted with interrupts off, as Linux' offline CPUs are, or waiting for a SIPI. */
static bool has_guest_parked(struct vcpu *vcpu)
{
	uint32_t state;

	if (!vcpu->real || vcpu->boots || vcpu->run->if_flag)
		return false;
	state = vcpu_mp_state(vcpu);
	return state == KVM_MP_STATE_HALTED ||
	       state == KVM_MP_STATE_INIT_RECEIVED;
}

/**
 * struct run_order - a job and who waits for it; the CPU's lock protects @done
 * @job: what is to be done
 * @arg: for @job
 * @done: it was done
 */
struct run_order {
	vcpu_job job;
	void *arg;
	bool done;
};

/* Nothing of KVM is open now. */
static void do_job(struct vcpu *vcpu)
{
	struct run_order *order;

	pthread_mutex_lock(&vcpu->lock);
	order = vcpu->order;
	pthread_mutex_unlock(&vcpu->lock);
	if (!order)
		return;
	order->job(vcpu, order->arg);
	pthread_mutex_lock(&vcpu->lock);
	order->done = true;
	vcpu->order = NULL;
	pthread_cond_broadcast(&vcpu->idle);
	pthread_mutex_unlock(&vcpu->lock);
}

/* With the lock, until the thread has no other order. Return: it takes this one. */
static bool give_order(struct vcpu *vcpu, struct run_order *order)
{
	while (vcpu->runs && vcpu->order)
		pthread_cond_wait(&vcpu->idle, &vcpu->lock);
	if (!vcpu->runs)
		return false;
	vcpu->order = order;
	vcpu_kick(vcpu);
	return true;
}

bool run_job(struct vcpu *vcpu, vcpu_job job, void *arg)
{
	struct run_order order = { .job = job, .arg = arg };
	bool given;

	pthread_mutex_lock(&vcpu->lock);
	given = give_order(vcpu, &order);
	pthread_mutex_unlock(&vcpu->lock);
	if (!given)
		return false;
	tsc_wake();
	pthread_mutex_lock(&vcpu->lock);
	while (vcpu->order == &order)	/* another thread's may have come after it */
		pthread_cond_wait(&vcpu->idle, &vcpu->lock);
	pthread_mutex_unlock(&vcpu->lock);
	return order.done;
}

/* It takes jobs from now on, or no more. */
static void set_runs(struct vcpu *vcpu, bool runs)
{
	pthread_mutex_lock(&vcpu->lock);
	vcpu->runs = runs;
	if (!runs)
		vcpu->order = NULL;
	pthread_cond_broadcast(&vcpu->idle);
	pthread_mutex_unlock(&vcpu->lock);
}

bool run_may_be_parked(struct vcpu *vcpu)
{
	uint32_t state = vcpu_mp_state(vcpu);

	if (state == KVM_MP_STATE_RUNNABLE)
		return false;
	return state != KVM_MP_STATE_HALTED ||
	       !(vcpu->boots || vcpu->run->if_flag);
}

/* Return: it is parked, and KVM has completed its last exit. */
static bool handle_interruption(struct vcpu *vcpu)
{
	if (vcpu_is_parked(vcpu))
		return true;
	do_job(vcpu);
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

	if (!tsc_enter_guest(vcpu))
		vcpu->run->immediate_exit = 1;
	err = ioctl(vcpu->fd, KVM_RUN, 0) ? errno : 0;
	tsc_leave_guest(vcpu);
	counts_add(&vcpu->counts->exits);
	return err;
}

/* Ends when the CPU is parked, or the machine is to end. */
static void run_loop(struct vcpu *vcpu)
{
	int err;

	while (!stop_asked()) {
		vcpu->run->immediate_exit = 0;
		/* only complete the last exit */
		if (vcpu_is_parked(vcpu) || vcpu_has_job(vcpu))
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

	if (!vcpu->boots && !vcpu->is_restored && sipi_wait(vcpu, &vector))
		proxy_report_sipi(vcpu, vector);
	vcpu_wait_for_release(vcpu);
}

static void begin_again(struct vcpu *vcpu)
{
	vcpu_unpark(vcpu);
	sipi_reset(vcpu);
}

/* As QEMU's, for those who look at the threads: ps, perf, tools/trace. */
static void name_here(const struct vcpu *vcpu)
{
	char name[16];

	snprintf(name, sizeof(name), "CPU %u/%s", vcpu->cpu,
		 vcpu->real ? "KVM" : "proxy");
	pthread_setname_np(pthread_self(), name);
}

static void *run_thread(void *arg)
{
	struct vcpu *vcpu = arg;

	name_here(vcpu);
	pin_here(vcpu->host_cpu);
	filter_thread(FILTER_CPU);
	for (;;) {
		wait_for_start(vcpu);
		if (!vcpu->real)
			proxy_enter_stub(vcpu);
		else if (vcpu->is_restored)
			vcpu->is_restored = false;	/* for the next start */
		else if (!vcpu->boots)
			enter_guest(vcpu);
		set_runs(vcpu, true);
		run_loop(vcpu);
		set_runs(vcpu, false);
		if (stop_asked())
			vcpu_rest();
		begin_again(vcpu);
	}
	return NULL;
}

void run_start(struct vcpu *vcpu)
{
	if (pthread_create(&vcpu->thread, NULL, run_thread, vcpu))
		die(EXIT_HOST, "The host gives no thread for CPU %u.",
		    vcpu->cpu);
}
