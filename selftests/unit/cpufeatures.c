// SPDX-License-Identifier: GPL-2.0-or-later
/* CPU features that hosts have in common, vmm/cpufeatures.c. */
#include "../../vmm/cpufeatures.h"

#include <string.h>

#include "tap.h"

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

/* A host with AVX, or with AVX-512, too. The sizes are those of real CPUs. */
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
	add(table, 0xd, 8, 128, 0, 1, 0);	/* a supervisor's, no offset */
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

	tap_plan(10);
	make_host(&small, false);
	make_host(&large, true);
	cpufeatures_read(&mine, &large.head);
	cpufeatures_read(&theirs, &small.head);

	shown = large;
	cpufeatures_apply(&mine, &shown.head);
	tap_ok(same(&shown, &large), "a host alone shows all that it has");

	all = mine;
	tap_ok(cpufeatures_join(&all, &theirs), "hosts of one vendor join");
	tap_ok(cpufeatures_missing(&all, &mine, text, sizeof(text)) &&
	       !strcmp(text, "7.0 EBX 0x10000, d.0 EAX 0xe0"),
	       "what is not shown is said: %s", text);
	tap_ok(!cpufeatures_missing(&all, &theirs, text, sizeof(text)) &&
	       !text[0], "where that is nothing, nothing");
	cpufeatures_apply(&all, &shown.head);
	tap_ok(find(&shown, 0x7, 0)->ebx == BMI2,
	       "what one of them lacks is not shown");
	tap_ok(find(&shown, 0x1, 0)->eax == 0x50654,
	       "what is no feature stays as it is");
	tap_ok(!find(&shown, 0xd, 5) && !find(&shown, 0xd, 6) &&
	       !find(&shown, 0xd, 7) && find(&shown, 0xd, 2) &&
	       find(&shown, 0xd, 8), "nor are the leaves of its state");
	tap_ok(find(&shown, 0xd, 0)->ecx == 832,
	       "and the area for the state shrinks");

	all = theirs;
	cpufeatures_join(&all, &mine);
	shown = small;
	cpufeatures_apply(&all, &shown.head);
	tap_ok(same(&shown, &small), "the smaller host shows all that it has");

	theirs.vendor[0] ^= 1;
	tap_ok(!cpufeatures_join(&all, &theirs), "hosts of two vendors do not join");
	return tap_exit();
}
