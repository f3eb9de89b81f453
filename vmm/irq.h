/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts on their way to local APICs. */
#ifndef VMM_IRQ_H
#define VMM_IRQ_H

#include <stdint.h>

#include "hw/ioapic.h"

/* The outputs of the IOAPIC. */
extern const struct ioapic_ops irq_ioapic_ops;

/* Send the message of a device; a message that cannot be delivered is lost. */
void irq_send_msi(uint64_t address, uint32_t data);

/* Give a CPU of this node, by its APIC id, a fixed interrupt or an NMI. */
void irq_deliver(uint32_t apic_id, uint8_t vector);
void irq_deliver_nmi(uint32_t apic_id);

#endif /* VMM_IRQ_H */
