/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest CPU says of itself. */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#include "cpufeatures.h"

/**
 * struct cpuid_topology - a CPU's place, and what the host does not know
 * @apic_id: of this CPU
 * @shift: bits of an APIC id that number the CPUs of a package
 * @cpus: CPUs of this package
 * @tsc_khz: speed of the guest's TSC
 * @invariant_tsc: say that the TSC is, whatever the host says
 * @features: what may be shown
 */
struct cpuid_topology {
	uint32_t apic_id;
	unsigned int shift;
	unsigned int cpus;
	uint32_t tsc_khz;
	bool invariant_tsc;
	const struct cpufeatures *features;
};

/* Set a CPU's CPUID. Ends the process on errors. */
void cpuid_set(int vcpu_fd, const struct cpuid_topology *topology);

/* What this host can show. */
void cpuid_host_features(struct cpufeatures *features);

#endif /* VMM_CPUID_H */
