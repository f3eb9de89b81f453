// SPDX-License-Identifier: GPL-2.0-or-later
/* Appends tables to a buffer and fills in their lengths and checksums. */
#include "builder.h"

#include <assert.h>
#include <string.h>

/* The FACS must be aligned to 64 bytes (5.2.10); the other tables may be. */
#define TABLE_ALIGN	64

/* System description table header (5.2.6). */
struct table_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

_Static_assert(sizeof(struct table_header) == 36, "ACPI 6.4, 5.2.6");
_Static_assert(sizeof(struct ssi_acpi_gas) == 12, "ACPI 6.4, 5.2.3.2");

void ssi_builder_append(struct ssi_builder *b, const void *data, size_t len)
{
	if (b->full || len > b->size - b->used) {
		b->full = true;
		return;
	}
	memcpy(b->buf + b->used, data, len);
	b->used += len;
}

static void align_table(struct ssi_builder *b)
{
	static const uint8_t zeroes[TABLE_ALIGN];
	size_t rest = b->used % TABLE_ALIGN;

	if (rest)
		ssi_builder_append(b, zeroes, TABLE_ALIGN - rest);
}

uint64_t ssi_builder_begin(struct ssi_builder *b, const char *signature)
{
	struct ssi_acpi_table *table;

	assert(b->map->count < SSI_ACPI_MAX_TABLES);
	align_table(b);
	table = &b->map->tables[b->map->count++];
	memcpy(table->signature, signature, 4);
	table->offset = b->used;
	return b->gpa + b->used;
}

uint64_t ssi_builder_begin_table(struct ssi_builder *b, const char *signature,
				 uint8_t revision)
{
	struct table_header header = {
		.revision = revision,
		.oem_id = { 'S', 'S', 'I', ' ', ' ', ' ' },
		.oem_table_id = { 'S', 'S', 'I', 'G', 'U', 'E', 'S', 'T' },
		.oem_revision = 1,
		.creator_id = { 'S', 'S', 'I', ' ' },
		.creator_revision = 1,
	};
	uint64_t gpa = ssi_builder_begin(b, signature);

	memcpy(header.signature, signature, sizeof(header.signature));
	ssi_builder_append(b, &header, sizeof(header));
	return gpa;
}

void ssi_builder_end(struct ssi_builder *b)
{
	struct ssi_acpi_table *table = &b->map->tables[b->map->count - 1];

	table->size = b->used - table->offset;
}

void ssi_builder_end_table(struct ssi_builder *b)
{
	struct ssi_acpi_table *table = &b->map->tables[b->map->count - 1];
	uint8_t *start = b->buf + table->offset;
	size_t checksum = offsetof(struct table_header, checksum);

	ssi_builder_end(b);
	if (b->full)
		return;
	memcpy(start + offsetof(struct table_header, length), &table->size,
	       sizeof(table->size));
	start[checksum] = ssi_builder_sum(start, table->size);
}

void ssi_builder_note_pointer(struct ssi_builder *b, size_t offset)
{
	struct ssi_acpi_map *map = b->map;

	assert(map->num_pointers < SSI_ACPI_MAX_POINTERS);
	map->pointers[map->num_pointers++] =
		map->tables[map->count - 1].offset + offset;
}

uint8_t ssi_builder_sum(const void *data, size_t len)
{
	const uint8_t *byte = data;
	uint8_t sum = 0;

	while (len--)
		sum += *byte++;
	return -sum;
}
