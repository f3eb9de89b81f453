// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts on their way to local APICs: all are messages.
 *
 * KVM reports the end of a level-triggered interrupt only if a route with its
 * vector exists, so KVM gets a route for each level-triggered pin. These routes are
 * never raised.
 */
#include "irq.h"

#include <string.h>

#include "log.h"
#include "vm.h"

#define MSI_BASE	0xfee00000ull
#define DATA_NMI	(4u << 8)

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

static void irq_route_pin(unsigned int pin, const struct ioapic_msi *msi)
{
	static struct kvm_irq_routing_entry pins[IOAPIC_PINS];
	struct kvm_irq_routing_entry routes[IOAPIC_PINS];
	unsigned int count = 0;
	int err;

	if (!msi->level && !pins[pin].type)
		return;
	memset(&pins[pin], 0, sizeof(pins[pin]));
	if (msi->level) {
		pins[pin].gsi = pin;
		pins[pin].type = KVM_IRQ_ROUTING_MSI;
		pins[pin].u.msi.address_lo = msi->address;
		pins[pin].u.msi.data = msi->data;
	}
	for (unsigned int i = 0; i < IOAPIC_PINS; i++)
		if (pins[i].type)
			routes[count++] = pins[i];
	err = vm_set_routes(routes, count);
	if (err)
		log_warn("KVM refuses the route of interrupt pin %u: %s.", pin,
			 strerror(-err));
}

const struct ioapic_ops irq_ioapic_ops = {
	.send = irq_send_pin,
	.route = irq_route_pin,
};
