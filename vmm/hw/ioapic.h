/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOAPIC: interrupt lines in, messages to local APICs out. */
#ifndef VMM_HW_IOAPIC_H
#define VMM_HW_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#define IOAPIC_PINS	24

/**
 * struct ioapic_msi - the message that a pin sends
 * @address: where it is written
 * @data: the value that is written
 * @level: the pin is level triggered and has to be told of the EOI
 */
struct ioapic_msi {
	uint64_t address;
	uint32_t data;
	bool level;
};

/**
 * struct ioapic_ops - the way to the local APICs
 * @send: deliver a message
 * @route: a pin's message has changed
 *
 * Both are called with the device lock held.
 */
struct ioapic_ops {
	void (*send)(const struct ioapic_msi *msi);
	void (*route)(unsigned int pin, const struct ioapic_msi *msi);
};

/* Add it to the bus. */
void ioapic_init(uint64_t base, const struct ioapic_ops *ops);

/* Set a line; call with the device lock held. */
void ioapic_set_line(unsigned int pin, bool level);

/* A local APIC has finished with a level-triggered vector. Takes the lock. */
void ioapic_eoi(uint8_t vector);

#endif /* VMM_HW_IOAPIC_H */
