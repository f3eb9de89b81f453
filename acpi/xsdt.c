// SPDX-License-Identifier: GPL-2.0-or-later
/* XSDT: the list of the other tables (5.2.8). */
#include "tables.h"

#define HEADER_SIZE	36

uint64_t ssi_xsdt_build(struct ssi_builder *b, const uint64_t *tables,
			unsigned int count)
{
	uint64_t gpa = ssi_builder_begin_table(b, "XSDT", 1);

	for (unsigned int i = 0; i < count; i++)
		ssi_builder_note_pointer(b, HEADER_SIZE + i * sizeof(*tables));
	ssi_builder_append(b, tables, count * sizeof(*tables));
	ssi_builder_end_table(b);
	return gpa;
}
