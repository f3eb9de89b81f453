// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts on their way to local APICs: all are messages.
 *
 * KVM reports the end of a level-triggered interrupt only if a route with its
 * vector exists, so KVM gets a route for each level-triggered pin. These routes are
 * never raised. The routes behind those of the pins are of interrupts that the kernel
 * sends itself.
 */
#include "irq.h"

#include <string.h>

#include "log.h"
#include "vm.h"

#define MSI_BASE	0xfee00000ull
#define DATA_NMI	(4u << 8)
#define MAX_DIRECT	64u	/* more than there are queues of cards with vhost=on */
#define MAX_ROUTES	(IOAPIC_PINS + MAX_DIRECT)

/* By their numbers; type 0: there is none. The device lock protects them. */
static struct kvm_irq_routing_entry irq_routes[MAX_ROUTES];
static unsigned int irq_num_direct;

void irq_send_msi(uint64_t address, uint32_t data)
{
	int err = vm_signal_msi(address, data);

	/* -EPERM or 0: the APIC is not enabled or the CPU is not there. */
	if (err)
		log_debug("The interrupt 0x%x to 0x%llx was not delivered: %s.",
			  data, (unsigned long long)address, strerror(-err));
}

/* KVM's extended format: bits 31-8 of an APIC id in the upper half. */
static uint64_t msi_address(uint32_t apic_id)
{
	return (uint64_t)(apic_id & 0xffffff00u) << 32 | MSI_BASE |
	       (apic_id & 0xff) << 12;
}

void irq_deliver(uint32_t apic_id, uint8_t vector)
{
	irq_send_msi(msi_address(apic_id), vector);
}

void irq_deliver_nmi(uint32_t apic_id)
{
	irq_send_msi(msi_address(apic_id), DATA_NMI);
}

static void irq_send_pin(const struct ioapic_msi *msi)
{
	irq_send_msi(msi->address, msi->data);
}

static int set_route(unsigned int gsi, uint64_t address, uint32_t data)
{
	struct kvm_irq_routing_entry routes[MAX_ROUTES];
	unsigned int count = 0;

	irq_routes[gsi] = (struct kvm_irq_routing_entry) {
		.gsi = gsi, .type = KVM_IRQ_ROUTING_MSI,
		.u.msi = {
			.address_lo = address, .address_hi = address >> 32,
			.data = data,
		},
	};
	if (!address)
		irq_routes[gsi].type = 0;
	for (unsigned int i = 0; i < MAX_ROUTES; i++)
		if (irq_routes[i].type)
			routes[count++] = irq_routes[i];
	return vm_set_routes(routes, count);
}

static void irq_route_pin(unsigned int pin, const struct ioapic_msi *msi)
{
	int err;

	if (!msi->level && !irq_routes[pin].type)
		return;
	err = set_route(pin, msi->level ? msi->address : 0, msi->data);
	if (err)
		log_warn("KVM refuses the route of interrupt pin %u: %s.", pin,
			 strerror(-err));
}

unsigned int irq_new_direct(void)
{
	return irq_num_direct < MAX_DIRECT ? IOAPIC_PINS + irq_num_direct++ : 0;
}

bool irq_set_direct(unsigned int gsi, uint64_t address, uint32_t data)
{
	return !set_route(gsi, address, data);
}

bool irq_attach(unsigned int gsi, int fd, bool on)
{
	return !vm_attach(gsi, fd, on);
}

const struct ioapic_ops irq_ioapic_ops = {
	.send = irq_send_pin,
	.route = irq_route_pin,
};
