/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's CPUs as KVM has them: every node has all, real ones and proxies. */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "counts.h"

struct vcpu;

/* Work on a CPU for its own thread; see run_job(). */
typedef void (*vcpu_job)(struct vcpu *vcpu, void *arg);

struct run_order;

/**
 * struct vcpu - one CPU of the guest, on this node
 * @cpu: its number in the guest's ACPI tables
 * @apic_id: its x2APIC id
 * @node: where it is real, as far as this node knows
 * @real: it is real here; as @node, it changes when the CPU moves (move.c)
 * @boots: it is the boot CPU, which no SIPI starts
 * @fd: KVM's descriptor
 * @run: the page shared with KVM
 * @thread: runs it
 * @lock: protects @released, @parked, @vector, @runs and @order
 * @wake: signals @released
 * @released: it may run: a real CPU the guest, a proxy the stub
 * @parked: the guest has parked it, and its thread does not know yet
 * @vector: where a real one begins, in 4 KiB
 * @runs: its thread is in run.c's loop, and takes a job
 * @order: the job that another thread has for its thread, or NULL; see run.c
 * @idle: signals that @order is another one, or NULL again
 * @tsc_offset: of its TSC to the host's, as KVM has it
 * @in_guest: its thread is in KVM_RUN, or about to be; see tsc.c
 * @is_restored: its state is that of a checkpoint, in which it ran
 * @counts: of its exits
 * @host_cpu: the CPU of the host where its thread runs; -1: any
 */
struct vcpu {
	unsigned int cpu;
	uint32_t apic_id;
	atomic_uint node;
	atomic_bool real;
	bool boots;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool released;
	bool parked;
	uint8_t vector;
	bool runs;
	struct run_order *order;
	pthread_cond_t idle;
	uint64_t tsc_offset;
	atomic_bool in_guest;
	bool is_restored;
	struct counts_cpu *counts;
	int host_cpu;
};

/**
 * struct vcpu_boot - the first state of the boot CPU
 * @is_pvh: in 32-bit mode without paging, as PVH has it; else in 64-bit mode
 * @rip: first instruction
 * @rsi: 64-bit: the address of Linux' boot parameters
 * @rbx: PVH: the address of its start info
 * @cr3: 64-bit: page tables
 * @gdt: a table with code at 0x10 and data at 0x18
 * @gdt_limit: its size less one
 */
struct vcpu_boot {
	bool is_pvh;
	uint64_t rip;
	uint64_t rsi;
	uint64_t rbx;
	uint64_t cr3;
	uint64_t gdt;
	uint16_t gdt_limit;
};

/* Initialise @vcpu, whose first five fields are set, and create it in KVM. */
void vcpu_create(struct vcpu *vcpu);

/* Enable x2APIC mode; after its CPUID was set. */
void vcpu_enable_x2apic(struct vcpu *vcpu);

/* Set the offset of its TSC to the host's: while setting up, by its thread. */
void vcpu_setup_tsc_offset(struct vcpu *vcpu, uint64_t offset);
void vcpu_set_tsc_offset(struct vcpu *vcpu, uint64_t offset);

/* Make it ready to boot. Before its thread. */
void vcpu_set_boot(struct vcpu *vcpu, const struct vcpu_boot *boot);

/* Let it run, from any thread; a second call has no effect. */
void vcpu_release(struct vcpu *vcpu, uint8_t vector);

/* Has vcpu_release() been called since it was created or parked? */
bool vcpu_is_released(struct vcpu *vcpu);

/* The guest has parked it: it waits for its start again. From any thread. */
void vcpu_park(struct vcpu *vcpu);

/* Has vcpu_park() been called, and not vcpu_unpark() yet? */
bool vcpu_is_parked(struct vcpu *vcpu);

/* It waits for its start again. Called by its thread. */
void vcpu_unpark(struct vcpu *vcpu);

/* Is there a job for its thread? From any thread. */
bool vcpu_has_job(struct vcpu *vcpu);

/* Wait until vcpu_release(). Called by its thread. */
void vcpu_wait_for_release(struct vcpu *vcpu);

/* Make its thread leave KVM_RUN, or skip it once. From any thread. */
void vcpu_kick(struct vcpu *vcpu);

/* Make the thread of a real CPU check whether the guest has parked it. */
void vcpu_look(struct vcpu *vcpu);

/* Apply pending events. Return: KVM_MP_STATE_*. Called by its thread. */
uint32_t vcpu_mp_state(struct vcpu *vcpu);

/* Stay here for ever: for the thread of a CPU when the machine ends. */
__attribute__((noreturn)) void vcpu_rest(void);

/* One of its ioctls; an error ends the machine, and the caller's thread. */
void vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *arg,
		const char *name);

#endif /* VMM_VCPU_H */
