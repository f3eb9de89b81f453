/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pure decisions from counters: how long a page stays, how long a CPU spins.
 *
 * Pure: compiled for userspace too (selftests/unit).
 */
#ifndef _SSI_POLICY_H
#define _SSI_POLICY_H

#include "portable.h"

#define SSI_POLICY_HOLD_MAX_US	1000000u
#define SSI_POLICY_SPIN_MAX_US	1000u
#define SSI_POLICY_SPIN_US	20u

/* The hold window in ns: @hold_us, or from the service time if it is AUTO. */
u64 ssi_policy_hold_ns(u32 hold_us, u64 service_ns);

/* The moving average of the service time after a request that took @ns. */
u64 ssi_policy_service_ns(u64 average, u64 ns);

#endif /* _SSI_POLICY_H */
