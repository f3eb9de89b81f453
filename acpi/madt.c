// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MADT: CPUs as x2APIC entries, the IOAPIC, the SCI's polarity and trigger
 * (5.2.12). No legacy PIC is announced, so the guest probes and finds none.
 */
#include "tables.h"

#define MADT_REVISION		5

#define TYPE_IOAPIC		1
#define TYPE_OVERRIDE		2
#define TYPE_X2APIC		9
#define TYPE_X2APIC_NMI		10

#define X2APIC_ENABLED		(1u << 0)
#define ALL_PROCESSORS		0xffffffffu
#define LINT_NMI		1	/* LINT1, as on every PC */

/* MPS INTI flags (table 5.26). */
#define ACTIVE_HIGH		(1u << 0)
#define EDGE_TRIGGERED		(1u << 2)

struct madt {
	uint32_t lapic_base;
	uint32_t flags;
} __attribute__((packed));

struct madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t base;
	uint32_t gsi_base;
} __attribute__((packed));

struct madt_override {
	uint8_t type;
	uint8_t length;
	uint8_t bus;
	uint8_t source;
	uint32_t gsi;
	uint16_t flags;
} __attribute__((packed));

struct madt_x2apic {
	uint8_t type;
	uint8_t length;
	uint16_t reserved;
	uint32_t apic_id;
	uint32_t flags;
	uint32_t uid;
} __attribute__((packed));

struct madt_x2apic_nmi {
	uint8_t type;
	uint8_t length;
	uint16_t flags;
	uint32_t uid;
	uint8_t lint;
	uint8_t reserved[3];
} __attribute__((packed));

_Static_assert(sizeof(struct madt) == 8, "ACPI 6.4, table 5.19");
_Static_assert(sizeof(struct madt_ioapic) == 12, "ACPI 6.4, 5.2.12.3");
_Static_assert(sizeof(struct madt_override) == 10, "ACPI 6.4, 5.2.12.5");
_Static_assert(sizeof(struct madt_x2apic) == 16, "ACPI 6.4, 5.2.12.12");
_Static_assert(sizeof(struct madt_x2apic_nmi) == 12, "ACPI 6.4, 5.2.12.13");

static void append_cpus(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg)
{
	for (unsigned int i = 0; i < cfg->num_cpus; i++) {
		const struct madt_x2apic entry = {
			.type = TYPE_X2APIC,
			.length = sizeof(entry),
			.apic_id = cfg->cpus[i].apic_id,
			.flags = X2APIC_ENABLED,
			.uid = i,
		};

		ssi_builder_append(b, &entry, sizeof(entry));
	}
}

static void append_interrupts(struct ssi_builder *b,
			      const struct ssi_acpi_config *cfg)
{
	const struct madt_ioapic ioapic = {
		.type = TYPE_IOAPIC,
		.length = sizeof(ioapic),
		.id = cfg->ioapic_id,
		.base = cfg->ioapic_base,
	};
	/*
	 * Edge-triggered, unlike on most machines: only the CPU's own node
	 * would notice the end of a level-triggered interrupt.
	 */
	const struct madt_override sci = {
		.type = TYPE_OVERRIDE,
		.length = sizeof(sci),
		.source = SSI_ACPI_SCI_IRQ,
		.gsi = SSI_ACPI_SCI_IRQ,
		.flags = ACTIVE_HIGH | EDGE_TRIGGERED,
	};
	const struct madt_x2apic_nmi nmi = {
		.type = TYPE_X2APIC_NMI,
		.length = sizeof(nmi),
		.uid = ALL_PROCESSORS,
		.lint = LINT_NMI,
	};

	ssi_builder_append(b, &ioapic, sizeof(ioapic));
	ssi_builder_append(b, &sci, sizeof(sci));
	ssi_builder_append(b, &nmi, sizeof(nmi));
}

uint64_t ssi_madt_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg)
{
	const struct madt madt = { .lapic_base = cfg->lapic_base };
	uint64_t gpa = ssi_builder_begin_table(b, "APIC", MADT_REVISION);

	ssi_builder_append(b, &madt, sizeof(madt));
	append_cpus(b, cfg);
	append_interrupts(b, cfg);
	ssi_builder_end_table(b);
	return gpa;
}
