/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs that wait for their start: INIT and SIPI, seen on the sender's node. */
#ifndef VMM_SIPI_H
#define VMM_SIPI_H

#include <stdbool.h>
#include <stdint.h>

#include "vcpu.h"

/**
 * sipi_wait() - wait until a CPU of this node starts this one
 * @vcpu: new, or after sipi_reset(); called by its thread
 * @vector: out: its start address, in units of 4 KiB
 *
 * Return: false if it was released instead, or the machine ends.
 */
bool sipi_wait(struct vcpu *vcpu, uint8_t *vector);

/* Set the state after an INIT; an INIT of the guest in the meantime is kept. */
void sipi_reset(struct vcpu *vcpu);

/* Keep INITs pending from now on; for a proxy that runs the stub. */
void sipi_block(struct vcpu *vcpu);

#endif /* VMM_SIPI_H */
