// SPDX-License-Identifier: GPL-2.0-or-later
/* SRAT: which CPUs and which memory lie on which node (5.2.16). */
#include "tables.h"

#define SRAT_REVISION		3

#define TYPE_MEMORY		1
#define TYPE_X2APIC		2

#define AFFINITY_ENABLED	(1u << 0)

struct srat {
	uint32_t reserved_one;	/* 1, for compatibility */
	uint8_t reserved[8];
} __attribute__((packed));

struct srat_memory {
	uint8_t type;
	uint8_t length;
	uint32_t domain;
	uint16_t reserved0;
	uint64_t base;
	uint64_t size;
	uint32_t reserved1;
	uint32_t flags;
	uint64_t reserved2;
} __attribute__((packed));

struct srat_x2apic {
	uint8_t type;
	uint8_t length;
	uint16_t reserved0;
	uint32_t domain;
	uint32_t apic_id;
	uint32_t flags;
	uint32_t clock_domain;
	uint32_t reserved1;
} __attribute__((packed));

_Static_assert(sizeof(struct srat) == 12, "ACPI 6.4, table 5.57");
_Static_assert(sizeof(struct srat_memory) == 40, "ACPI 6.4, 5.2.16.2");
_Static_assert(sizeof(struct srat_x2apic) == 24, "ACPI 6.4, 5.2.16.3");

static void append_cpus(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg)
{
	for (unsigned int i = 0; i < cfg->num_cpus; i++) {
		const struct srat_x2apic entry = {
			.type = TYPE_X2APIC,
			.length = sizeof(entry),
			.domain = cfg->cpus[i].node,
			.apic_id = cfg->cpus[i].apic_id,
			.flags = AFFINITY_ENABLED,
		};

		ssi_builder_append(b, &entry, sizeof(entry));
	}
}

static void append_memory(struct ssi_builder *b,
			  const struct ssi_acpi_config *cfg)
{
	for (unsigned int i = 0; i < cfg->num_memory; i++) {
		const struct srat_memory entry = {
			.type = TYPE_MEMORY,
			.length = sizeof(entry),
			.domain = cfg->memory[i].node,
			.base = cfg->memory[i].base,
			.size = cfg->memory[i].size,
			.flags = AFFINITY_ENABLED,
		};

		ssi_builder_append(b, &entry, sizeof(entry));
	}
}

uint64_t ssi_srat_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg)
{
	const struct srat srat = { .reserved_one = 1 };
	uint64_t gpa = ssi_builder_begin_table(b, "SRAT", SRAT_REVISION);

	ssi_builder_append(b, &srat, sizeof(srat));
	append_cpus(b, cfg);
	append_memory(b, cfg);
	ssi_builder_end_table(b);
	return gpa;
}
