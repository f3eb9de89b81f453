// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPUID and feature MSRs of guest CPUs: all that KVM supports on all hosts,
 * with one package for each node, and without features that do not work across
 * nodes.
 *
 * Numbers are from Intel's SDM volume 2 (CPUID) and AMD's APM volume 3,
 * appendix E; KVM's own leaves from Documentation/virt/kvm/x86/cpuid.rst.
 */
#include "cpuid.h"

#include <errno.h>
#include <linux/kvm.h>
#include <linux/kvm_para.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "log.h"
#include "vm.h"

#define LEAF_VENDOR		0x0
#define LEAF_FEATURES		0x1
#define LEAF_CACHES		0x4
#define LEAF_TOPOLOGY		0xb
#define LEAF_TSC		0x15
#define LEAF_TOPOLOGY_V2	0x1f
#define LEAF_EXT_FEATURES	0x80000001u
#define LEAF_POWER		0x80000007u
#define LEAF_SIZES		0x80000008u
#define LEAF_SVM		0x8000000au
#define LEAF_AMD_CACHES		0x8000001du
#define LEAF_AMD_TOPOLOGY	0x8000001eu

#define FEATURES_ECX_VMX	(1u << 5)
#define FEATURES_ECX_X2APIC	(1u << 21)
#define FEATURES_ECX_DEADLINE	(1u << 24)
#define FEATURES_ECX_HYPERVISOR	(1u << 31)
#define FEATURES_EDX_HTT	(1u << 28)
#define EXT_ECX_CMP_LEGACY	(1u << 1)
#define EXT_ECX_SVM		(1u << 2)
#define POWER_EDX_INVARIANT_TSC	(1u << 8)

#define LEVEL_SMT		1u
#define LEVEL_CORE		2u
#define SHARED_BY_SHIFT		14
#define L3_CACHE		3

/* The crystal's frequency in CPUID: KVM's APIC timer runs at 1 GHz. */
#define CRYSTAL_HZ		1000000000u

/*
 * The only KVM feature that works across nodes: clocks differ between hosts,
 * and the kicks of paravirtual locks do not reach a proxy.
 */
#define KVM_FEATURES_SHOWN	(1u << KVM_FEATURE_NOP_IO_DELAY)

#define MAX_ENTRIES		280

struct cpuid_table {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[MAX_ENTRIES];
};

static struct kvm_cpuid_entry2 *find(struct cpuid_table *table, uint32_t leaf)
{
	for (unsigned int i = 0; i < table->head.nent; i++)
		if (table->entries[i].function == leaf)
			return &table->entries[i];
	return NULL;
}

static void remove_leaf(struct cpuid_table *table, uint32_t leaf)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < table->head.nent; i++)
		if (table->entries[i].function != leaf)
			table->entries[kept++] = table->entries[i];
	table->head.nent = kept;
}

static struct kvm_cpuid_entry2 *add(struct cpuid_table *table, uint32_t leaf,
				    uint32_t index)
{
	struct kvm_cpuid_entry2 *entry;

	if (table->head.nent == MAX_ENTRIES)
		die(EXIT_HOST, "KVM's CPUID has too many leaves.");
	entry = &table->entries[table->head.nent++];
	memset(entry, 0, sizeof(*entry));
	entry->function = leaf;
	entry->index = index;
	entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	return entry;
}

static bool is_amd(struct cpuid_table *table)
{
	struct kvm_cpuid_entry2 *e = find(table, LEAF_VENDOR);

	/* "Auth" of AuthenticAMD and "Hygo" of HygonGenuine */
	return e && (e->ebx == 0x68747541 || e->ebx == 0x6f677948);
}

static void set_features(struct cpuid_table *table,
			 const struct cpuid_topology *topology)
{
	struct kvm_cpuid_entry2 *e = find(table, LEAF_FEATURES);

	if (!e)
		die(EXIT_HOST, "KVM's CPUID has no leaf 1.");
	e->ebx = (e->ebx & 0xffff) | (topology->apic_id & 0xff) << 24 |
		 1u << topology->shift << 16;
	e->ecx &= ~FEATURES_ECX_VMX;
	e->ecx |= FEATURES_ECX_X2APIC | FEATURES_ECX_DEADLINE |
		  FEATURES_ECX_HYPERVISOR;
	e->edx &= ~FEATURES_EDX_HTT;
	if (topology->cpus > 1)
		e->edx |= FEATURES_EDX_HTT;
}

/* Leaves with the x2APIC id: one thread per core, cores, package. */
static void add_topology(struct cpuid_table *table, uint32_t leaf,
			 const struct cpuid_topology *topology)
{
	struct kvm_cpuid_entry2 *e;

	remove_leaf(table, leaf);
	e = add(table, leaf, 0);
	e->ebx = 1;
	e->ecx = LEVEL_SMT << 8;
	e->edx = topology->apic_id;
	e = add(table, leaf, 1);
	e->eax = topology->shift;
	e->ebx = topology->cpus;
	e->ecx = LEVEL_CORE << 8 | 1;
	e->edx = topology->apic_id;
	e = add(table, leaf, 2);
	e->ecx = 2;
	e->edx = topology->apic_id;
}

static void set_leaf_max(struct cpuid_table *table, uint32_t max)
{
	struct kvm_cpuid_entry2 *e = find(table, LEAF_VENDOR);

	if (e && e->eax < max)
		e->eax = max;
}

/* A package shares its L3 cache; each core has the other caches alone. */
static void set_caches(struct cpuid_table *table, uint32_t leaf,
		       const struct cpuid_topology *topology)
{
	uint32_t cores = (1u << topology->shift) - 1;

	for (unsigned int i = 0; i < table->head.nent; i++) {
		struct kvm_cpuid_entry2 *e = &table->entries[i];
		uint32_t shared;

		if (e->function != leaf || !(e->eax & 0x1f))
			continue;
		shared = (e->eax >> 5 & 7) == L3_CACHE ? cores : 0;
		e->eax = (e->eax & 0x3fff) | shared << SHARED_BY_SHIFT;
		if (leaf == LEAF_CACHES)
			e->eax |= (cores & 0x3f) << 26;
	}
}

static void set_amd(struct cpuid_table *table,
		    const struct cpuid_topology *topology)
{
	struct kvm_cpuid_entry2 *e = find(table, LEAF_EXT_FEATURES);

	if (e && topology->cpus > 1)
		e->ecx |= EXT_ECX_CMP_LEGACY;
	e = find(table, LEAF_SIZES);
	if (e)
		e->ecx = (e->ecx & ~0xf0ffu) | topology->shift << 12 |
			 (topology->cpus - 1);
	e = find(table, LEAF_AMD_TOPOLOGY);
	if (e) {
		e->eax = topology->apic_id;
		e->ebx = topology->apic_id & ((1u << topology->shift) - 1);
		e->ecx = topology->apic_id >> topology->shift;
	}
	set_caches(table, LEAF_AMD_CACHES, topology);
}

/* Linux reads the TSC's frequency from CPUID on Intel CPUs only. */
static void set_intel(struct cpuid_table *table,
		      const struct cpuid_topology *topology)
{
	struct kvm_cpuid_entry2 *e;

	set_caches(table, LEAF_CACHES, topology);
	remove_leaf(table, LEAF_TSC);
	e = add(table, LEAF_TSC, 0);
	e->eax = CRYSTAL_HZ / 1000;
	e->ebx = topology->tsc_khz;
	e->ecx = CRYSTAL_HZ;
	set_leaf_max(table, LEAF_TSC);
}

static void hide_virtualisation(struct cpuid_table *table)
{
	struct kvm_cpuid_entry2 *e = find(table, LEAF_EXT_FEATURES);

	if (e)
		e->ecx &= ~EXT_ECX_SVM;
	remove_leaf(table, LEAF_SVM);
	e = find(table, KVM_CPUID_FEATURES);
	if (e) {
		e->eax &= KVM_FEATURES_SHOWN;
		e->edx = 0;
	}
}

static void set_invariant_tsc(struct cpuid_table *table)
{
	struct kvm_cpuid_entry2 *e = find(table, LEAF_POWER);

	if (!e)
		e = add(table, LEAF_POWER, 0);
	e->edx |= POWER_EDX_INVARIANT_TSC;
}

static void adapt(struct cpuid_table *table,
		  const struct cpuid_topology *topology)
{
	set_features(table, topology);
	hide_virtualisation(table);
	if (topology->invariant_tsc)
		set_invariant_tsc(table);
	add_topology(table, LEAF_TOPOLOGY, topology);
	set_leaf_max(table, LEAF_TOPOLOGY);
	if (is_amd(table)) {
		set_amd(table, topology);
		remove_leaf(table, LEAF_TOPOLOGY_V2);
		return;
	}
	set_intel(table, topology);
	add_topology(table, LEAF_TOPOLOGY_V2, topology);
	set_leaf_max(table, LEAF_TOPOLOGY_V2);
}

static void set_msr(int vcpu_fd, uint32_t msr, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msrs = { .head.nmsrs = 1, .entry = { .index = msr, .data = value } };

	if (ioctl(vcpu_fd, KVM_SET_MSRS, &msrs) != 1)
		die(EXIT_HOST, "KVM does not set MSR 0x%x of a CPU to 0x%llx, which the CPUs of all hosts have in common.",
		    msr, (unsigned long long)value);
}

/*
 * A new CPU has the values of its host; the guest must read the joined ones.
 * PERF_CAPABILITIES needs no write: it is equal on all hosts, or hidden.
 */
static void set_msrs(int vcpu_fd, const struct cpufeatures *features)
{
	static const enum cpufeatures_msr joined[] = {
		CPUFEATURES_ARCH_CAPABILITIES, CPUFEATURES_DE_CFG,
	};

	for (size_t i = 0; i < sizeof(joined) / sizeof(joined[0]); i++) {
		uint32_t msr = cpufeatures_msrs[joined[i]];
		uint64_t value = features->msrs[joined[i]];

		if (vm_feature_msr(msr) == value)
			continue;
		set_msr(vcpu_fd, msr, value);
	}
}

void cpuid_set(int vcpu_fd, const struct cpuid_topology *topology)
{
	struct kvm_cpuid2 *host = vm_supported_cpuid();
	struct cpuid_table *table = calloc(1, sizeof(*table));

	if (!table)
		die(EXIT_HOST, "There is no memory for CPUID.");
	table->head.nent = host->nent;
	memcpy(table->entries, host->entries,
	       host->nent * sizeof(host->entries[0]));
	cpufeatures_apply(topology->features, &table->head);
	adapt(table, topology);
	if (ioctl(vcpu_fd, KVM_SET_CPUID2, table))
		die(EXIT_HOST, "KVM refused the CPUID of a guest CPU: %s.",
		    strerror(errno));
	set_msrs(vcpu_fd, topology->features);
	free(table);
	free(host);
}

void cpuid_host_features(struct cpufeatures *features)
{
	struct kvm_cpuid2 *host = vm_supported_cpuid();

	cpufeatures_read(features, host);
	for (unsigned int i = 0; i < CPUFEATURES_MSRS; i++)
		features->msrs[i] = vm_feature_msr(cpufeatures_msrs[i]);
	free(host);
}
