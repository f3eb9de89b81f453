// SPDX-License-Identifier: GPL-2.0-or-later
/* FACS: holds the global lock; required unless hardware-reduced (5.2.10). */
#include "tables.h"

struct facs {
	char signature[4];
	uint32_t length;
	uint32_t hardware_signature;
	uint32_t waking_vector;
	uint32_t global_lock;
	uint32_t flags;
	uint64_t x_waking_vector;
	uint8_t version;
	uint8_t reserved[31];
} __attribute__((packed));

_Static_assert(sizeof(struct facs) == 64, "ACPI 6.4, table 5.13");

uint64_t ssi_facs_build(struct ssi_builder *b)
{
	const struct facs facs = {
		.signature = { 'F', 'A', 'C', 'S' },
		.length = sizeof(facs),
		.version = 2,
	};
	uint64_t gpa = ssi_builder_begin(b, "FACS");

	ssi_builder_append(b, &facs, sizeof(facs));
	ssi_builder_end(b);
	return gpa;
}
