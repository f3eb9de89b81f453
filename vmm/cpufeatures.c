// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which CPU features the hosts have in common. A guest's threads move between
 * the CPUs of all nodes, so each may show only what all of them can.
 *
 * Which registers are sets of features is from Intel's SDM volume 2 (CPUID) and
 * AMD's APM volume 3, appendix E.
 */
#include "cpufeatures.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LEAF_XSAVE	0xdu
#define XSAVE_HEADER	576u	/* bytes of the legacy area and the header */

enum { EAX, EBX, ECX, EDX };

static const struct {
	uint32_t leaf, index;
	int reg;
} registers[] = {
	{ 0x1, 0, ECX }, { 0x1, 0, EDX }, { 0x6, 0, EAX },
	{ 0x7, 0, EBX }, { 0x7, 0, ECX }, { 0x7, 0, EDX },
	{ 0x7, 1, EAX }, { 0x7, 1, EDX }, { 0x7, 2, EDX },
	{ LEAF_XSAVE, 0, EAX }, { LEAF_XSAVE, 0, EDX },
	{ LEAF_XSAVE, 1, EAX }, { LEAF_XSAVE, 1, ECX },
	{ LEAF_XSAVE, 1, EDX },
	{ 0x14, 0, EBX }, { 0x19, 0, EBX },
	{ 0x80000001, 0, ECX }, { 0x80000001, 0, EDX },
	{ 0x80000007, 0, EBX }, { 0x80000007, 0, EDX },
	{ 0x80000008, 0, EBX },
	{ 0x80000021, 0, EAX }, { 0x8000001f, 0, EAX },
};

_Static_assert(sizeof(registers) / sizeof(registers[0]) == CPUFEATURES_WORDS,
	       "a word a register");

static const struct kvm_cpuid_entry2 *find(const struct kvm_cpuid2 *cpuid,
					   uint32_t leaf, uint32_t index)
{
	for (unsigned int i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == leaf &&
		    cpuid->entries[i].index == index)
			return &cpuid->entries[i];
	return NULL;
}

static uint32_t *reg_of(struct kvm_cpuid_entry2 *entry, int reg)
{
	uint32_t *regs[] = { &entry->eax, &entry->ebx, &entry->ecx,
			     &entry->edx };

	return regs[reg];
}

/* A leaf that a host does not have has no features. */
void cpufeatures_read(struct cpufeatures *features, const struct kvm_cpuid2 *host)
{
	const struct kvm_cpuid_entry2 *found = find(host, 0, 0);

	memset(features, 0, sizeof(*features));
	if (found) {
		features->vendor[0] = found->ebx;
		features->vendor[1] = found->edx;
		features->vendor[2] = found->ecx;
	}
	for (unsigned int i = 0; i < CPUFEATURES_WORDS; i++) {
		struct kvm_cpuid_entry2 entry;

		found = find(host, registers[i].leaf, registers[i].index);
		if (!found)
			continue;
		entry = *found;
		features->words[i] = *reg_of(&entry, registers[i].reg);
	}
}

bool cpufeatures_join(struct cpufeatures *all, const struct cpufeatures *other)
{
	if (memcmp(all->vendor, other->vendor, sizeof(all->vendor)))
		return false;
	for (unsigned int i = 0; i < CPUFEATURES_WORDS; i++)
		all->words[i] &= other->words[i];
	return true;
}

size_t cpufeatures_missing(const struct cpufeatures *all,
			   const struct cpufeatures *mine, char *text, size_t size)
{
	static const char *const names[] = { "EAX", "EBX", "ECX", "EDX" };
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < CPUFEATURES_WORDS && len < size; i++) {
		uint32_t missing = mine->words[i] & ~all->words[i];

		if (missing)
			len += snprintf(text + len, size - len,
					"%s%x.%x %s 0x%x", len ? ", " : "",
					registers[i].leaf, registers[i].index,
					names[registers[i].reg], missing);
	}
	return len;
}

static void mask_registers(const struct cpufeatures *features,
			   struct kvm_cpuid_entry2 *entry)
{
	for (unsigned int i = 0; i < CPUFEATURES_WORDS; i++)
		if (entry->function == registers[i].leaf &&
		    entry->index == registers[i].index)
			*reg_of(entry, registers[i].reg) &= features->words[i];
}

/* State components that XSAVE may hold: user's and supervisor's. */
static uint64_t xsave_components(const struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *user = find(cpuid, LEAF_XSAVE, 0);
	const struct kvm_cpuid_entry2 *system = find(cpuid, LEAF_XSAVE, 1);
	uint64_t components = 0;

	if (user)
		components |= (uint64_t)user->edx << 32 | user->eax;
	if (system)
		components |= (uint64_t)system->edx << 32 | system->ecx;
	return components;
}

static bool is_component(const struct kvm_cpuid_entry2 *entry)
{
	return entry->function == LEAF_XSAVE && entry->index >= 2 &&
	       entry->index < 64;
}

/* Components that went take their leaves along, and the area gets smaller. */
static void fit_xsave(struct kvm_cpuid2 *cpuid)
{
	uint64_t components = xsave_components(cpuid);
	uint32_t size = XSAVE_HEADER;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (is_component(entry)) {
			if (!(components >> entry->index & 1))
				continue;
			if (!(entry->ecx & 1) && entry->ebx + entry->eax > size)
				size = entry->ebx + entry->eax;
		}
		cpuid->entries[kept++] = *entry;
	}
	cpuid->nent = kept;
	for (unsigned int i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == LEAF_XSAVE &&
		    cpuid->entries[i].index == 0)
			cpuid->entries[i].ecx = size;
}

void cpufeatures_apply(const struct cpufeatures *features, struct kvm_cpuid2 *cpuid)
{
	for (unsigned int i = 0; i < cpuid->nent; i++)
		mask_registers(features, &cpuid->entries[i]);
	fit_xsave(cpuid);
}
