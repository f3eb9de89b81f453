// SPDX-License-Identifier: GPL-2.0-or-later
/* RSDP: the root pointer, which names the XSDT (5.2.5.3). */
#include <string.h>

#include "tables.h"

struct rsdp {
	char signature[8];
	uint8_t checksum;	/* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} __attribute__((packed));

_Static_assert(sizeof(struct rsdp) == 36, "ACPI 6.4, table 5.3");

uint64_t ssi_rsdp_reserve(struct ssi_builder *b)
{
	const struct rsdp empty = { 0 };
	uint64_t gpa = ssi_builder_begin(b, "RSD ");

	ssi_builder_append(b, &empty, sizeof(empty));
	ssi_builder_note_pointer(b, offsetof(struct rsdp, xsdt));
	ssi_builder_end(b);
	return gpa;
}

void ssi_rsdp_fill(struct ssi_builder *b, uint64_t xsdt)
{
	struct rsdp rsdp = {
		.signature = { 'R', 'S', 'D', ' ', 'P', 'T', 'R', ' ' },
		.oem_id = { 'S', 'S', 'I', ' ', ' ', ' ' },
		.revision = 2,
		.length = sizeof(rsdp),
		.xsdt = xsdt,
	};

	if (b->full)
		return;
	rsdp.checksum = ssi_builder_sum(&rsdp, 20);
	rsdp.extended_checksum = ssi_builder_sum(&rsdp, sizeof(rsdp));
	memcpy(b->buf, &rsdp, sizeof(rsdp));
}
