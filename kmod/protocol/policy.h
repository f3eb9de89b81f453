/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: the settings of a region (ssictl policy).
 *
 * Pure: compiled for userspace too (selftests/unit).
 */
#ifndef _SSI_POLICY_H
#define _SSI_POLICY_H

#include "protocol/portable.h"

/**
 * struct ssi_policy - a setting of a region; see enum ssi_dsm_policy
 * @initial: the default value
 * @min: the smallest value
 * @max: the largest value
 * @can_be_auto: the value SSI_DSM_POLICY_AUTO is allowed, too
 * @refusal: error sentence for a value that is not allowed
 */
struct ssi_policy {
	u64 initial;
	u64 min;
	u64 max;
	bool can_be_auto;
	const char *refusal;
};

/* Indexed by enum ssi_dsm_policy. */
extern const struct ssi_policy ssi_policies[];

/**
 * ssi_policy_allows() - whether a policy can have a value
 * @id: enum ssi_dsm_policy, in range
 * @value: the value, or SSI_DSM_POLICY_AUTO
 *
 * Context: Any context.
 */
bool ssi_policy_allows(u32 id, u64 value);

#endif /* _SSI_POLICY_H */
