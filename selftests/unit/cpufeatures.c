// SPDX-License-Identifier: GPL-2.0-or-later
/* CPU features that hosts have in common, vmm/cpufeatures.c. */
#include "../../vmm/cpufeatures.h"

#include <string.h>

#include "tap.h"

#define PDCM		(1u << 15)	/* leaf 1, ECX */
#define PERFCTR_CORE	(1u << 23)	/* leaf 0x80000001, ECX */
#define AVX		(1u << 28)	/* leaf 1, ECX */
#define XSAVE		(1u << 26)
#define AVX512F		(1u << 16)	/* leaf 7, EBX */
#define BMI2		(1u << 8)

#define X87_SSE_AVX	0x07u		/* XCR0 */
#define AVX512_STATE	0xe0u

struct table {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[16];
};

static void add(struct table *table, uint32_t leaf, uint32_t index,
		uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	table->entries[table->head.nent++] = (struct kvm_cpuid_entry2){
		.function = leaf, .index = index,
		.eax = eax, .ebx = ebx, .ecx = ecx, .edx = edx,
	};
}

/* A host with AVX, or with AVX and AVX-512. The sizes are of real CPUs. */
static void make_host(struct table *table, bool avx512)
{
	memset(table, 0, sizeof(*table));
	add(table, 0x0, 0, 0xd, 0x756e6547, 0x6c65746e, 0x49656e69);
	add(table, 0x1, 0, 0x50654, 0x800, AVX | XSAVE, 0x1fbff);
	add(table, 0x7, 0, 0, BMI2 | (avx512 ? AVX512F : 0), 0, 0);
	add(table, 0xd, 0, X87_SSE_AVX | (avx512 ? AVX512_STATE : 0),
	    avx512 ? 2688 : 832, avx512 ? 2688 : 832, 0);
	add(table, 0xd, 1, 0xf, 0, 0x100, 0);
	add(table, 0xd, 2, 256, 576, 0, 0);
	if (avx512) {
		add(table, 0xd, 5, 64, 1088, 0, 0);
		add(table, 0xd, 6, 512, 1152, 0, 0);
		add(table, 0xd, 7, 1024, 1664, 0, 0);
	}
	add(table, 0xd, 8, 128, 0, 1, 0);	/* of the supervisor: no offset */
}

static const struct kvm_cpuid_entry2 *find(const struct table *table,
					   uint32_t leaf, uint32_t index)
{
	for (unsigned int i = 0; i < table->head.nent; i++)
		if (table->entries[i].function == leaf &&
		    table->entries[i].index == index)
			return &table->entries[i];
	return NULL;
}

/* Properties of a host that are not bits of CPUID. */
struct other {
	uint32_t pmu_version;
	uint32_t amd_counters;
	uint32_t sizes;
	uint64_t arch, de_cfg, perf;
};

static struct cpufeatures features_of(const struct other *host,
				      struct table *table)
{
	struct cpufeatures features;

	make_host(table, false);
	table->entries[1].ecx |= PDCM;
	add(table, 0xa, 0, 0x7300400 | host->pmu_version, 0, 0, 0x603);
	add(table, 0x80000001, 0, 0, 0, PERFCTR_CORE, 0);
	add(table, 0x80000008, 0, host->sizes, 0, 0, 0);
	add(table, 0x80000022, 0, 1, host->amd_counters, 0, 0);
	cpufeatures_read(&features, &table->head);
	features.msrs[CPUFEATURES_ARCH_CAPABILITIES] = host->arch;
	features.msrs[CPUFEATURES_DE_CFG] = host->de_cfg;
	features.msrs[CPUFEATURES_PERF_CAPABILITIES] = host->perf;
	return features;
}

/* Join two hosts in both orders; @shown: CPUID of the first one after that. */
static struct cpufeatures join(const struct other *one, const struct other *two,
			       struct table *shown)
{
	struct table table;
	struct cpufeatures a = features_of(one, shown), b = features_of(two, &table);
	struct cpufeatures all = a;

	if (!cpufeatures_join(&all, &b) || !cpufeatures_join(&b, &a) ||
	    memcmp(&all, &b, sizeof(all)))
		tap_bail("the order of hosts makes a difference");
	cpufeatures_apply(&all, &shown->head);
	return all;
}

static bool shows_pmu(const struct table *table)
{
	const struct kvm_cpuid_entry2 *amd = find(table, 0x80000022, 0);

	return (find(table, 0xa, 0)->eax & 0xff) && amd->eax && amd->ebx &&
	       (find(table, 0x1, 0)->ecx & PDCM) &&
	       (find(table, 0x80000001, 0)->ecx & PERFCTR_CORE);
}

static bool hides_pmu(const struct table *table)
{
	const struct kvm_cpuid_entry2 *intel = find(table, 0xa, 0);
	const struct kvm_cpuid_entry2 *amd = find(table, 0x80000022, 0);

	return !intel->eax && !intel->edx && !amd->eax && !amd->ebx &&
	       !(find(table, 0x1, 0)->ecx & PDCM) &&
	       !(find(table, 0x80000001, 0)->ecx & PERFCTR_CORE);
}

static void test_pmu(void)
{
	static const struct other host = { 2, 6, 0x3030, 0, 0, 0x2000 };
	struct other other = host;
	static struct table shown;

	join(&host, &other, &shown);
	tap_ok(shows_pmu(&shown), "equal performance counters are shown");
	other.pmu_version = 5;
	join(&host, &other, &shown);
	tap_ok(hides_pmu(&shown), "performance counters of different versions are hidden");
	other = host;
	other.amd_counters = 4;
	join(&host, &other, &shown);
	tap_ok(hides_pmu(&shown), "different numbers of performance counters are hidden");
	other = host;
	other.perf = 0;
	join(&host, &other, &shown);
	tap_ok(hides_pmu(&shown), "different PERF_CAPABILITIES hide performance counters");
}

static uint32_t joined_sizes(uint32_t one, uint32_t two)
{
	struct other a = { .sizes = one }, b = { .sizes = two };
	static struct table shown;

	join(&a, &b, &shown);
	return find(&shown, 0x80000008, 0)->eax;
}

static void test_sizes(void)
{
	tap_ok(joined_sizes(0x3034, 0x3034) == 0x3034,
	       "equal address sizes do not change");
	tap_ok(joined_sizes(0x392e, 0x3027) == 0x3027 &&
	       joined_sizes(0x3027, 0x392e) == 0x3027 &&
	       joined_sizes(0x3934, 0x302e) == 0x302e,
	       "the smaller address sizes are shown");
	tap_ok(joined_sizes(0x303034, 0x3034) == 0x303034 &&
	       joined_sizes(0x3034, 0x303034) == 0x303034 &&
	       joined_sizes(0x303034, 0x302e) == 0x2e302e,
	       "the smaller guest physical address size is shown");
}

static void test_msrs(void)
{
	/* RDCL_NO, IBRS_ALL, MDS_NO; and RSBA, RRSBA, ITS_NO */
	static const struct other safe = { .arch = 0x23, .de_cfg = 0x2 };
	struct other old = { .arch = 0x1 }, affected = { .arch = 0x80004 };
	struct other its = { .arch = 1ull << 62 | 0x23 };
	struct cpufeatures all;
	static struct table shown;
	struct cpufeatures mine = features_of(&safe, &shown);
	char text[64];

	all = join(&safe, &safe, &shown);
	tap_ok(all.msrs[0] == 0x23 && all.msrs[1] == 0x2,
	       "equal MSRs do not change");
	all = join(&safe, &old, &shown);
	tap_ok(all.msrs[0] == 0x1 && !all.msrs[1],
	       "a bit \"not affected\" needs all hosts");
	cpufeatures_missing(&all, &mine, text, sizeof(text));
	tap_ok(!strcmp(text, "MSR 10a 0x22, MSR c0011029 0x2"),
	       "the changed MSRs are listed: %s", text);
	all = join(&safe, &affected, &shown);
	tap_ok(all.msrs[0] == 0x80004, "a bit \"affected\" needs one host");
	all = join(&its, &safe, &shown);
	tap_ok(all.msrs[0] == 0x23, "bit 62 is joined like the others");
}

static bool same(const struct table *a, const struct table *b)
{
	return a->head.nent == b->head.nent &&
	       !memcmp(a->entries, b->entries,
		       a->head.nent * sizeof(a->entries[0]));
}

int main(void)
{
	static struct table small, large, shown;
	struct cpufeatures mine, theirs, all;
	char text[64];

	tap_plan(22);
	make_host(&small, false);
	make_host(&large, true);
	cpufeatures_read(&mine, &large.head);
	cpufeatures_read(&theirs, &small.head);

	shown = large;
	cpufeatures_apply(&mine, &shown.head);
	tap_ok(same(&shown, &large), "one host shows all its features");

	all = mine;
	tap_ok(cpufeatures_join(&all, &theirs) && all.model == 0x50654,
	       "hosts of one vendor join");
	tap_ok(cpufeatures_missing(&all, &mine, text, sizeof(text)) &&
	       !strcmp(text, "7.0 EBX 0x10000, d.0 EAX 0xe0"),
	       "the missing features are listed: %s", text);
	tap_ok(!cpufeatures_missing(&all, &theirs, text, sizeof(text)) &&
	       !text[0], "no missing features are an empty list");
	cpufeatures_apply(&all, &shown.head);
	tap_ok(find(&shown, 0x7, 0)->ebx == BMI2,
	       "a feature that one host lacks is hidden");
	tap_ok(find(&shown, 0x1, 0)->eax == 0x50654,
	       "the CPU's model does not change");
	tap_ok(!find(&shown, 0xd, 5) && !find(&shown, 0xd, 6) &&
	       !find(&shown, 0xd, 7) && find(&shown, 0xd, 2) &&
	       find(&shown, 0xd, 8), "the leaves of a hidden feature's state are hidden");
	tap_ok(find(&shown, 0xd, 0)->ecx == 832,
	       "the XSAVE area becomes smaller");

	all = theirs;
	cpufeatures_join(&all, &mine);
	shown = small;
	cpufeatures_apply(&all, &shown.head);
	tap_ok(same(&shown, &small), "the host with fewer features shows all of them");

	theirs.vendor[0] ^= 1;
	tap_ok(!cpufeatures_join(&all, &theirs), "hosts of two vendors do not join");
	test_pmu();
	test_sizes();
	test_msrs();
	return tap_exit();
}
