/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts on their way to local APICs. */
#ifndef VMM_IRQ_H
#define VMM_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/ioapic.h"

/* The outputs of the IOAPIC. */
extern const struct ioapic_ops irq_ioapic_ops;

/* Send the message of a device; a message that cannot be delivered is lost. */
void irq_send_msi(uint64_t address, uint32_t data);

/*
 * Interrupts that the kernel sends when an eventfd is signalled. With the device lock
 * held. irq_new_direct() returns a number for the others, or 0 if there is none;
 * irq_set_direct() sets the message; irq_attach() lets @fd send it, or no longer. Return of
 * both: whether KVM does it.
 */
unsigned int irq_new_direct(void);
bool irq_set_direct(unsigned int gsi, uint64_t address, uint32_t data);
bool irq_attach(unsigned int gsi, int fd, bool on);

/* Give a CPU of this node, by its APIC id, a fixed interrupt or an NMI. */
void irq_deliver(uint32_t apic_id, uint8_t vector);
void irq_deliver_nmi(uint32_t apic_id);

#endif /* VMM_IRQ_H */
