/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's CPUs in a checkpoint. */
#ifndef VMM_CHECKPOINT_CPU_H
#define VMM_CHECKPOINT_CPU_H

#include <jansson.h>

#include "vcpu.h"

/*
 * While the guest stands still: complete the accesses to devices that CPUs have begun. Waits
 * for other nodes' devices.
 */
void checkpoint_cpu_complete(struct vcpu *vcpus, unsigned int num);

/*
 * Wait until all interrupts that have come here for CPUs of other nodes were sent there. No
 * further ones come.
 */
void checkpoint_cpu_forward(struct vcpu *vcpus, unsigned int num);

/*
 * Save the CPUs that are real here: an object with a member for each, by its number. A CPU
 * that waits for its start has no state. Return: NULL: it has failed.
 */
json_t *checkpoint_cpu_save(struct vcpu *vcpus, unsigned int num);

/*
 * Restore those of @states that are real here. Ends the process with a sentence on errors.
 * While setting up.
 */
void checkpoint_cpu_restore(struct vcpu *vcpus, unsigned int num,
			    const json_t *states);

#endif /* VMM_CHECKPOINT_CPU_H */
