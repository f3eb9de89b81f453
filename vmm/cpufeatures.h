/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which CPU features the hosts have in common. */
#ifndef VMM_CPUFEATURES_H
#define VMM_CPUFEATURES_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUFEATURES_WORDS	23

/**
 * struct cpufeatures - what one host, or all of them, can show to a guest
 * @vendor: EBX, EDX and ECX of leaf 0
 * @words: registers of CPUID in which each bit is a feature, in an order that
 *	is part of the messages between nodes
 */
struct cpufeatures {
	uint32_t vendor[3];
	uint32_t words[CPUFEATURES_WORDS];
};

/* Those of @host, as KVM_GET_SUPPORTED_CPUID tells. */
void cpufeatures_read(struct cpufeatures *features, const struct kvm_cpuid2 *host);

/* Keep in @all what @other has, too. False if another vendor made it. */
bool cpufeatures_join(struct cpufeatures *all, const struct cpufeatures *other);

/**
 * cpufeatures_missing() - what a host has that a guest is not shown
 * @all: what it is shown
 * @mine: of the host
 * @text: out: leaf, index, register and bits in hexadecimal, as in
 *	"7.0 EBX 0x20, d.1 EAX 0x8"
 * @size: of @text; what does not fit is left out
 *
 * Return: 0 if that is nothing.
 */
size_t cpufeatures_missing(const struct cpufeatures *all,
			   const struct cpufeatures *mine, char *text, size_t size);

/* Take out of @cpuid what @features does not have. */
void cpufeatures_apply(const struct cpufeatures *features, struct kvm_cpuid2 *cpuid);

#endif /* VMM_CPUFEATURES_H */
