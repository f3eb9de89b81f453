// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies: the settings of a region.
 */
#include "protocol/policy.h"

#include <linux/ssi_dsm_genl.h>

const struct ssi_policy ssi_policies[__SSI_DSM_POLICY_MAX] = {
	[SSI_DSM_POLICY_HOLD] = {
		.initial = SSI_DSM_POLICY_AUTO,
		.max = 15000000, /* twice this fits into a page age */
		.can_be_auto = true,
		.refusal = "the hold window is longer than 15 seconds",
	},
	[SSI_DSM_POLICY_SPIN] = {
		.initial = SSI_DSM_POLICY_AUTO,
		.max = 10000, /* a spinning CPU does no other work */
		.can_be_auto = true,
		.refusal = "the spin time is longer than 10 milliseconds",
	},
	[SSI_DSM_POLICY_AHEAD] = {
		.initial = 32,
		.max = 512,
		.refusal = "the read-ahead is more than 512 pages",
	},
	[SSI_DSM_POLICY_CACHE] = {
		.initial = SSI_DSM_POLICY_AUTO,
		.min = 1 << 20,
		.max = 1ull << 50,
		.can_be_auto = true,
		.refusal = "the cache is smaller than 1 MiB or larger than 1 PiB",
	},
	[SSI_DSM_POLICY_HUGE] = {
		.initial = 1,
		.max = 1,
		.refusal = "huge is 1 for yes or 0 for no",
	},
	[SSI_DSM_POLICY_ROGPT] = {
		.initial = 0, /* it reaches into KVM */
		.max = 1,
		.refusal = "rogpt is 1 for yes or 0 for no",
	},
};

bool ssi_policy_allows(u32 id, u64 value)
{
	const struct ssi_policy *policy = &ssi_policies[id];

	if (value == SSI_DSM_POLICY_AUTO)
		return policy->can_be_auto;
	return value >= policy->min && value <= policy->max;
}
