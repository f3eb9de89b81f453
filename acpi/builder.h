/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Appends tables to a buffer and fills in their lengths and checksums. */
#ifndef SSI_ACPI_BUILDER_H
#define SSI_ACPI_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ssi_acpi.h"

/**
 * struct ssi_builder - a buffer being filled
 * @buf: where it lies in our memory
 * @size: its size
 * @used: bytes filled
 * @gpa: where the guest will see it
 * @full: the buffer was too small; everything after its end was dropped
 * @map: the tables so far
 */
struct ssi_builder {
	uint8_t *buf;
	size_t size;
	size_t used;
	uint64_t gpa;
	bool full;
	struct ssi_acpi_map *map;
};

/**
 * struct ssi_acpi_gas - generic address structure (5.2.3.2)
 * @space: address space; SSI_GAS_IO
 * @bit_width: width of the register
 * @bit_offset: 0
 * @access: 1 byte, 2 word, 3 dword
 * @address: port
 */
struct ssi_acpi_gas {
	uint8_t space;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access;
	uint64_t address;
} __attribute__((packed));

#define SSI_GAS_IO	1

/**
 * ssi_builder_append() - copy bytes to the end
 * @b: the builder
 * @data: the bytes
 * @len: how many
 */
void ssi_builder_append(struct ssi_builder *b, const void *data, size_t len);

/**
 * ssi_builder_begin() - start a table that has no standard header
 * @b: the builder
 * @signature: four characters
 *
 * Return: the guest physical address of the table.
 */
uint64_t ssi_builder_begin(struct ssi_builder *b, const char *signature);

/**
 * ssi_builder_begin_table() - start a table with the standard header (5.2.6)
 * @b: the builder
 * @signature: four characters
 * @revision: of this table
 *
 * Return: the guest physical address of the table.
 */
uint64_t ssi_builder_begin_table(struct ssi_builder *b, const char *signature,
				 uint8_t revision);

/**
 * ssi_builder_end() - complete the table that was begun last
 * @b: the builder
 */
void ssi_builder_end(struct ssi_builder *b);

/**
 * ssi_builder_end_table() - complete it, with length and checksum of its header
 * @b: the builder
 */
void ssi_builder_end_table(struct ssi_builder *b);

/**
 * ssi_builder_note_pointer() - record that the last table has a table's address
 * @b: the builder
 * @offset: place of the address, from the start of the last table
 */
void ssi_builder_note_pointer(struct ssi_builder *b, size_t offset);

/**
 * ssi_builder_sum() - the byte that makes the sum of all bytes zero
 * @data: the bytes
 * @len: how many
 */
uint8_t ssi_builder_sum(const void *data, size_t len);

#endif /* SSI_ACPI_BUILDER_H */
