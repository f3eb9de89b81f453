/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU features that all hosts have. */
#ifndef VMM_CPUFEATURES_H
#define VMM_CPUFEATURES_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUFEATURES_WORDS	24
#define CPUFEATURES_PMU		8

/* MSRs that describe features. KVM_GET_MSRS on /dev/kvm reads them. */
enum cpufeatures_msr {
	CPUFEATURES_ARCH_CAPABILITIES,
	CPUFEATURES_DE_CFG,
	CPUFEATURES_PERF_CAPABILITIES,
	CPUFEATURES_MSRS,
};

extern const uint32_t cpufeatures_msrs[CPUFEATURES_MSRS];

/**
 * struct cpufeatures - features that one host, or all of them, can show a guest
 * @vendor: EBX, EDX and ECX of leaf 0
 * @words: registers of CPUID in which each bit is a feature, in an order that
 *	is part of the messages between nodes
 * @pmu: leaves 0xa and 0x80000022, which describe the performance counters
 * @sizes: EAX of leaf 0x80000008: a byte each for the bits of physical, linear
 *	and guest physical addresses; the last is not 0 here
 * @model: EAX of leaf 1: family, model and stepping; not joined
 * @reserved: 0
 * @msrs: values of cpufeatures_msrs[]; 0 if KVM does not have one
 */
struct cpufeatures {
	uint32_t vendor[3];
	uint32_t words[CPUFEATURES_WORDS];
	uint32_t pmu[CPUFEATURES_PMU];
	uint32_t sizes;
	uint32_t model;
	uint32_t reserved;
	uint64_t msrs[CPUFEATURES_MSRS];
};

/*
 * Read the features from @host, the result of KVM_GET_SUPPORTED_CPUID. The
 * caller fills in the values of the MSRs.
 */
void cpufeatures_read(struct cpufeatures *features, const struct kvm_cpuid2 *host);

/*
 * Remove from @all the features that @other lacks, take the smaller sizes, and
 * hide the performance counters unless they are equal. Return: false if the two
 * have CPUs of different vendors.
 */
bool cpufeatures_join(struct cpufeatures *all, const struct cpufeatures *other);

/**
 * cpufeatures_missing() - list the features of a host that a guest is not shown
 * @all: the features that the guest is shown
 * @mine: the features of the host
 * @text: out: leaf, index, register and bits in hexadecimal, or an MSR, as in
 *	"7.0 EBX 0x20, d.1 EAX 0x8, MSR 10a 0x21"
 * @size: of @text; what does not fit is left out
 *
 * Return: 0 if the list is empty.
 */
size_t cpufeatures_missing(const struct cpufeatures *all,
			   const struct cpufeatures *mine, char *text, size_t size);

/* Remove the features from @cpuid that @features does not have. */
void cpufeatures_apply(const struct cpufeatures *features, struct kvm_cpuid2 *cpuid);

#endif /* VMM_CPUFEATURES_H */
