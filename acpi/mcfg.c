// SPDX-License-Identifier: GPL-2.0-or-later
/* MCFG: where PCI configuration space is in memory (PCI Firmware 3.3, 4.1.2). */
#include "tables.h"

#define MCFG_REVISION	1

struct mcfg {
	uint64_t reserved;
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus;
	uint8_t last_bus;
	uint32_t reserved1;
} __attribute__((packed));

_Static_assert(sizeof(struct mcfg) == 24, "PCI Firmware 3.3, table 4-3");

uint64_t ssi_mcfg_build(struct ssi_builder *b)
{
	const struct mcfg mcfg = {
		.base = SSI_ACPI_PCI_ECAM, .last_bus = 255,
	};
	uint64_t gpa = ssi_builder_begin_table(b, "MCFG", MCFG_REVISION);

	ssi_builder_append(b, &mcfg, sizeof(mcfg));
	ssi_builder_end_table(b);
	return gpa;
}
