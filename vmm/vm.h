/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The KVM virtual machine: the only file that holds its descriptor. */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory slots, by their number. */
enum vm_slot {
	VM_SLOT_LOW,		/* guest RAM below the hole */
	VM_SLOT_HIGH,		/* guest RAM from 4 GiB */
	VM_SLOT_FLASH_CODE,	/* the firmware, read-only */
	VM_SLOT_FLASH_VARIABLES, /* and what it keeps, read-only, too */

	/* seen in system management mode only, in KVM's second address space */
	VM_SLOT_STUB = 1 << 16,	/* the proxies' code, read-only */
	VM_SLOT_STUB_STACK,	/* and their stacks */
};

/*
 * Open KVM and create the machine with in-kernel local APICs in x2APIC mode
 * and a userspace IOAPIC of @pins pins. Ends the process if it cannot.
 */
void vm_create(unsigned int pins);

/* Ends the process if this host's KVM lacks the features that proxies need. */
void vm_need_smm(void);

/**
 * vm_add_memory() - add memory to the guest; ends the process on errors
 * @slot: its slot
 * @gpa: its address in the guest
 * @host: its address here
 * @size: bytes
 * @readonly: the guest may not write
 */
void vm_add_memory(enum vm_slot slot, uint64_t gpa, void *host, size_t size,
		   bool readonly);

/* Create a CPU. Return: its descriptor, and its shared page in @run. */
int vm_create_vcpu(unsigned int apic_id, struct kvm_run **run);

/* The CPUID that this host's KVM supports for guests; the caller frees it. */
struct kvm_cpuid2 *vm_supported_cpuid(void);

/* Fill @msrs with those that KVM lists as state of a CPU. Return: how many. */
unsigned int vm_list_msrs(uint32_t *msrs, unsigned int max);

/* Bytes of a CPU's floating-point registers, as KVM_GET_XSAVE2 has them. */
size_t vm_xsave_size(void);

/* What KVM can show of an MSR that describes features; 0: it has no such. */
uint64_t vm_feature_msr(uint32_t msr);

/* Get the speed of a new CPU's TSC, and set it. Return of the latter: 0 or -errno. */
uint32_t vm_tsc_khz(void);
int vm_set_tsc_khz(uint32_t khz);

/* Deliver a message-signalled interrupt. Return: 0 or -errno. */
int vm_signal_msi(uint64_t address, uint32_t data);

/*
 * A write to @gpa, of any size, signals the eventfd @fd instead of ending KVM_RUN, or no
 * longer does. Return: 0 or -errno.
 */
int vm_listen(uint64_t gpa, int fd, bool on);

/* The eventfd @fd raises the interrupt of a route, or no longer does. The same. */
int vm_attach(unsigned int gsi, int fd, bool on);

/**
 * vm_set_routes() - tell KVM which vectors of pins are level triggered
 * @routes: one entry for each such pin
 * @count: how many
 *
 * Return: 0 or -errno.
 */
int vm_set_routes(const struct kvm_irq_routing_entry *routes,
		  unsigned int count);

#endif /* VMM_VM_H */
