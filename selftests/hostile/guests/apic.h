/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC, with interrupts off: what has come can be read, and is taken
 * only by apic_acknowledge(). And other CPUs.
 */
#ifndef HOSTILE_APIC_H
#define HOSTILE_APIC_H

#include "guest.h"

void apic_enable(void);

/* Has an interrupt of that vector come, or does it within @us? */
bool apic_has_raised(uint8_t vector, uint64_t us);

/* Take the interrupt, which must be the highest that has come. */
void apic_acknowledge(uint8_t vector);

/*
 * Start the CPU of an x2APIC id, which calls @run and halts. Return: whether it
 * has begun within 10 s.
 */
bool apic_start_cpu(unsigned int id, void (*run)(void));

#endif /* HOSTILE_APIC_H */
