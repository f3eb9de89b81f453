// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU features that all hosts have. The guest's threads move between the CPUs
 * of all nodes, so a CPU may show only features that all hosts have.
 *
 * Which registers are sets of features is from Intel's SDM volume 2 (CPUID) and
 * AMD's APM volume 3, appendix E; what the bits of IA32_ARCH_CAPABILITIES mean
 * from SDM volume 4, table 2-2.
 *
 * Linux reads IA32_ARCH_CAPABILITIES on the boot CPU only, and leaves out the
 * mitigations that the CPU does not need. So a bit "not affected" may be set
 * only if no host is affected, and a bit "affected" if one host is.
 */
#include "cpufeatures.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LEAF_FEATURES	0x1u
#define LEAF_PMU	0xau
#define LEAF_XSAVE	0xdu
#define LEAF_EXTENDED	0x80000001u
#define LEAF_SIZES	0x80000008u
#define LEAF_AMD_PMU	0x80000022u

#define FEATURES_ECX_PDCM	(1u << 15)	/* PERF_CAPABILITIES exists */
#define EXTENDED_ECX_PERFCTR	(1u << 23)	/* six counters, not four */

/* RSBA and RRSBA: the CPU is affected. All other bits are good to have. */
#define ARCH_CAPABILITIES_BAD	(1ull << 2 | 1ull << 19)

#define XSAVE_HEADER	576u	/* bytes of the legacy area and the header */

enum { EAX, EBX, ECX, EDX };

static const struct {
	uint32_t leaf, index;
	int reg;
} registers[] = {
	{ LEAF_FEATURES, 0, ECX }, { LEAF_FEATURES, 0, EDX }, { 0x6, 0, EAX },
	{ 0x7, 0, EBX }, { 0x7, 0, ECX }, { 0x7, 0, EDX },
	{ 0x7, 1, EAX }, { 0x7, 1, EDX }, { 0x7, 2, EDX },
	{ LEAF_XSAVE, 0, EAX }, { LEAF_XSAVE, 0, EDX },
	{ LEAF_XSAVE, 1, EAX }, { LEAF_XSAVE, 1, ECX },
	{ LEAF_XSAVE, 1, EDX },
	{ 0x14, 0, EBX }, { 0x19, 0, EBX },
	{ LEAF_EXTENDED, 0, ECX }, { LEAF_EXTENDED, 0, EDX },
	{ 0x80000007, 0, EBX }, { 0x80000007, 0, EDX },
	{ LEAF_SIZES, 0, EBX },
	{ 0x80000021, 0, EAX }, { 0x80000021, 0, ECX }, { 0x8000001f, 0, EAX },
};

static const uint32_t pmu_leaves[] = { LEAF_PMU, LEAF_AMD_PMU };

const uint32_t cpufeatures_msrs[CPUFEATURES_MSRS] = {
	[CPUFEATURES_ARCH_CAPABILITIES] = 0x10a,
	[CPUFEATURES_DE_CFG] = 0xc0011029,
	[CPUFEATURES_PERF_CAPABILITIES] = 0x345,
};

static const char *const reg_names[] = { "EAX", "EBX", "ECX", "EDX" };

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

/* A byte of leaf 0x80000008's EAX. A third byte of 0 means: as the first. */
static uint32_t size_of(uint32_t sizes, unsigned int byte)
{
	uint32_t size = sizes >> 8 * byte & 0xff;

	return byte == 2 && !size ? sizes & 0xff : size;
}

static uint32_t smaller_sizes(uint32_t a, uint32_t b)
{
	uint32_t sizes = 0;

	for (unsigned int byte = 0; byte < 3; byte++) {
		uint32_t one = size_of(a, byte), other = size_of(b, byte);

		sizes |= (one < other ? one : other) << 8 * byte;
	}
	return sizes;
}

static void read_pmu(struct cpufeatures *features, const struct kvm_cpuid2 *host)
{
	for (unsigned int i = 0; i < CPUFEATURES_PMU; i++) {
		const struct kvm_cpuid_entry2 *found = find(host, pmu_leaves[i / 4], 0);
		struct kvm_cpuid_entry2 entry;

		if (!found)
			continue;
		entry = *found;
		features->pmu[i] = *reg_of(&entry, i % 4);
	}
}

/* The registers of a missing leaf stay 0: no features. */
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
	found = find(host, LEAF_FEATURES, 0);
	if (found)
		features->model = found->eax;
	read_pmu(features, host);
	found = find(host, LEAF_SIZES, 0);
	if (found)
		features->sizes = smaller_sizes(found->eax, found->eax);
}

/* A driver detects the counters on the boot CPU and uses them on all CPUs. */
static void join_pmu(struct cpufeatures *all, const struct cpufeatures *other)
{
	const unsigned int msr = CPUFEATURES_PERF_CAPABILITIES;

	if (!memcmp(all->pmu, other->pmu, sizeof(all->pmu)) &&
	    all->msrs[msr] == other->msrs[msr])
		return;
	memset(all->pmu, 0, sizeof(all->pmu));
	all->msrs[msr] = 0;
	for (unsigned int i = 0; i < CPUFEATURES_WORDS; i++) {
		if (registers[i].reg != ECX)
			continue;
		if (registers[i].leaf == LEAF_FEATURES)
			all->words[i] &= ~FEATURES_ECX_PDCM;
		if (registers[i].leaf == LEAF_EXTENDED)
			all->words[i] &= ~EXTENDED_ECX_PERFCTR;
	}
}

bool cpufeatures_join(struct cpufeatures *all, const struct cpufeatures *other)
{
	const unsigned int arch = CPUFEATURES_ARCH_CAPABILITIES;
	uint64_t bad = (all->msrs[arch] | other->msrs[arch]) & ARCH_CAPABILITIES_BAD;

	if (memcmp(all->vendor, other->vendor, sizeof(all->vendor)))
		return false;
	for (unsigned int i = 0; i < CPUFEATURES_WORDS; i++)
		all->words[i] &= other->words[i];
	join_pmu(all, other);
	all->sizes = smaller_sizes(all->sizes, other->sizes);
	all->msrs[arch] = (all->msrs[arch] & other->msrs[arch]) | bad;
	all->msrs[CPUFEATURES_DE_CFG] &= other->msrs[CPUFEATURES_DE_CFG];
	return true;
}

/**
 * struct list - a text with commas between its parts
 * @text: the text; parts that do not fit are cut off
 * @size: size of @text
 * @len: length of the text without the cut
 */
struct list {
	char *text;
	size_t size;
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void list_add(struct list *list, const char *fmt, ...)
{
	va_list args;

	if (list->len && list->len < list->size)
		list->len += snprintf(list->text + list->len,
				      list->size - list->len, ", ");
	if (list->len >= list->size)
		return;
	va_start(args, fmt);
	list->len += vsnprintf(list->text + list->len, list->size - list->len,
			       fmt, args);
	va_end(args);
}

size_t cpufeatures_missing(const struct cpufeatures *all,
			   const struct cpufeatures *mine, char *text, size_t size)
{
	struct list list = { .text = text, .size = size };

	text[0] = '\0';
	for (unsigned int i = 0; i < CPUFEATURES_WORDS; i++)
		if (mine->words[i] & ~all->words[i])
			list_add(&list, "%x.%x %s 0x%x", registers[i].leaf,
				 registers[i].index, reg_names[registers[i].reg],
				 mine->words[i] & ~all->words[i]);
	if (memcmp(all->pmu, mine->pmu, sizeof(all->pmu)))
		list_add(&list, "the performance counters");
	for (unsigned int byte = 0; byte < 2; byte++)
		if (size_of(all->sizes, byte) < size_of(mine->sizes, byte))
			list_add(&list, "more than %u bits of %s addresses",
				 size_of(all->sizes, byte),
				 byte ? "linear" : "physical");
	for (unsigned int i = 0; i < CPUFEATURES_MSRS; i++)
		if (mine->msrs[i] != all->msrs[i])
			list_add(&list, "MSR %x 0x%llx", cpufeatures_msrs[i],
				 (unsigned long long)(mine->msrs[i] ^ all->msrs[i]));
	return list.len;
}

/* A third byte of 0 stays 0 if its size is that of the first byte. */
static void set_sizes(const struct cpufeatures *features,
		      struct kvm_cpuid_entry2 *entry)
{
	uint32_t sizes = features->sizes;

	if (!(entry->eax >> 16 & 0xff) && size_of(sizes, 2) == size_of(sizes, 0))
		sizes &= 0xffff;
	entry->eax = (entry->eax & 0xff000000) | sizes;
}

static void set_registers(const struct cpufeatures *features,
			  struct kvm_cpuid_entry2 *entry)
{
	for (unsigned int i = 0; i < CPUFEATURES_WORDS; i++)
		if (entry->function == registers[i].leaf &&
		    entry->index == registers[i].index)
			*reg_of(entry, registers[i].reg) &= features->words[i];
	for (unsigned int i = 0; i < CPUFEATURES_PMU; i++)
		if (entry->function == pmu_leaves[i / 4])
			*reg_of(entry, i % 4) = features->pmu[i];
	if (entry->function == LEAF_SIZES)
		set_sizes(features, entry);
}

/* State components of XSAVE, user and supervisor. */
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

/* Remove the leaves of hidden components, and make the XSAVE area smaller. */
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
		set_registers(features, &cpuid->entries[i]);
	fit_xsave(cpuid);
}
