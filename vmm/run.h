/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads of the guest's CPUs. */
#ifndef VMM_RUN_H
#define VMM_RUN_H

#include "vcpu.h"

/* Create the thread of a CPU. Ends the process on errors; while setting up. */
void run_start(struct vcpu *vcpu);

#endif /* VMM_RUN_H */
