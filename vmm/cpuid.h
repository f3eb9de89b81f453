/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID and feature MSRs of guest CPUs. */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#include "cpufeatures.h"

/**
 * struct cpuid_topology - values in a guest CPU's CPUID that are not the host's
 * @apic_id: of this CPU
 * @shift: bits of an APIC id that number the CPUs of a package
 * @cpus: CPUs of this package
 * @tsc_khz: speed of the guest's TSC
 * @invariant_tsc: show the TSC as invariant, even if the host does not
 * @features: the features that all hosts have
 */
struct cpuid_topology {
	uint32_t apic_id;
	unsigned int shift;
	unsigned int cpus;
	uint32_t tsc_khz;
	bool invariant_tsc;
	const struct cpufeatures *features;
};

/* Set CPUID and feature MSRs of a CPU. Ends the process on errors. */
void cpuid_set(int vcpu_fd, const struct cpuid_topology *topology);

/* Read the features that this host's KVM can show to a guest. */
void cpuid_host_features(struct cpufeatures *features);

#endif /* VMM_CPUID_H */
