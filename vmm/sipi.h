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
 * @vector: out: where it shall begin, in 4 KiB
 *
 * Return: false if it was released instead, or the machine ends.
 */
bool sipi_wait(struct vcpu *vcpu, uint8_t *vector);

/* As an INIT leaves it; one that the guest has sent meanwhile is not lost. */
void sipi_reset(struct vcpu *vcpu);

/* Keep INITs pending from now on; for a proxy that runs the stub. */
void sipi_block(struct vcpu *vcpu);

#endif /* VMM_SIPI_H */
