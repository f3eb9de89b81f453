/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel for the simulator. All that the module includes leads here.
 *
 * Names and what they promise are the kernel's; the code is the simulator's.
 */
#ifndef SIM_KERNEL_H
#define SIM_KERNEL_H

#include "base.h"
#include "list.h"
#include "mm.h"
#include "rbtree.h"
#include "sched.h"
#include "tracepoint.h"

#endif /* SIM_KERNEL_H */
