// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables for firmware, which chooses their addresses (QEMU,
 * hw/acpi/bios-linker-loader.c describes the commands).
 *
 * They are built for address 0, so that a pointer is an offset. The RSDP, which
 * comes first, becomes a file of its own, and the offsets are less by the room
 * that it took. A table with pointers gets its checksum from the firmware,
 * which adds up what is there, the old checksum included: it is 0 here.
 */
#include "loader.h"

#include <errno.h>
#include <string.h>

#define COMMAND_ALLOCATE	1
#define COMMAND_ADD_POINTER	2
#define COMMAND_ADD_CHECKSUM	3

#define FILE_NAME_LEN	56
#define ZONE_HIGH	1	/* anywhere */
#define ZONE_FSEG	2	/* where a BIOS has the RSDP */
#define RSDP_ALIGN	16
#define TABLES_ALIGN	64

#define HEADER_CHECKSUM		9
#define RSDP_CHECKSUM		8
#define RSDP_CHECKSUM_LEN	20
#define RSDP_XCHECKSUM		32

struct command {
	uint32_t command;
	union {
		struct {
			char file[FILE_NAME_LEN];
			uint32_t align;
			uint8_t zone;
		} __attribute__((packed)) allocate;
		struct {
			char file[FILE_NAME_LEN];
			char target[FILE_NAME_LEN];
			uint32_t offset;
			uint8_t size;
		} __attribute__((packed)) pointer;
		struct {
			char file[FILE_NAME_LEN];
			uint32_t offset;
			uint32_t start;
			uint32_t length;
		} __attribute__((packed)) checksum;
		uint8_t all[SSI_ACPI_COMMAND_SIZE - 4];
	};
} __attribute__((packed));

_Static_assert(sizeof(struct command) == SSI_ACPI_COMMAND_SIZE,
	       "BiosLinkerLoaderEntry");

static void add_command(struct ssi_acpi_loader *loader,
			const struct command *command)
{
	memcpy(loader->commands + loader->commands_size, command,
	       sizeof(*command));
	loader->commands_size += sizeof(*command);
}

static void allocate(struct ssi_acpi_loader *loader, const char *file,
		     uint32_t align, uint8_t zone)
{
	struct command command = {
		.command = COMMAND_ALLOCATE,
		.allocate = { .align = align, .zone = zone },
	};

	strcpy(command.allocate.file, file);
	add_command(loader, &command);
}

static void add_pointer(struct ssi_acpi_loader *loader, const char *file,
			uint32_t offset)
{
	struct command command = {
		.command = COMMAND_ADD_POINTER,
		.pointer = { .offset = offset, .size = sizeof(uint64_t) },
	};

	strcpy(command.pointer.file, file);
	strcpy(command.pointer.target, SSI_ACPI_TABLES_FILE);
	add_command(loader, &command);
}

static void add_checksum(struct ssi_acpi_loader *loader, const char *file,
			 uint32_t offset, uint32_t start, uint32_t length)
{
	struct command command = {
		.command = COMMAND_ADD_CHECKSUM,
		.checksum = {
			.offset = offset, .start = start, .length = length,
		},
	};

	strcpy(command.checksum.file, file);
	add_command(loader, &command);
}

/* What a pointer holds is an offset into the file with the tables. */
static void shift_pointer(uint8_t *at, uint32_t first)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	value -= first;
	memcpy(at, &value, sizeof(value));
}

static void link_rsdp(struct ssi_acpi_loader *loader, uint32_t pointer,
		      uint32_t first)
{
	shift_pointer(loader->rsdp + pointer, first);
	loader->rsdp[RSDP_CHECKSUM] = 0;
	loader->rsdp[RSDP_XCHECKSUM] = 0;
	add_pointer(loader, SSI_ACPI_RSDP_FILE, pointer);
	add_checksum(loader, SSI_ACPI_RSDP_FILE, RSDP_CHECKSUM, 0,
		     RSDP_CHECKSUM_LEN);
	add_checksum(loader, SSI_ACPI_RSDP_FILE, RSDP_XCHECKSUM, 0,
		     SSI_ACPI_RSDP_SIZE);
}

/* Return: it has pointers. */
static int link_pointers(struct ssi_acpi_loader *loader,
			 const struct ssi_acpi_map *map,
			 const struct ssi_acpi_table *table, uint32_t first)
{
	int found = 0;

	for (unsigned int i = 0; i < map->num_pointers; i++) {
		uint32_t at = map->pointers[i];

		if (at < table->offset || at >= table->offset + table->size)
			continue;
		shift_pointer(loader->tables + at - first, first);
		add_pointer(loader, SSI_ACPI_TABLES_FILE, at - first);
		found = 1;
	}
	return found;
}

static void link_tables(struct ssi_acpi_loader *loader,
			const struct ssi_acpi_map *map, uint32_t first)
{
	for (unsigned int i = 1; i < map->count; i++) {
		const struct ssi_acpi_table *table = &map->tables[i];
		uint32_t start = table->offset - first;

		if (!link_pointers(loader, map, table, first))
			continue;
		loader->tables[start + HEADER_CHECKSUM] = 0;
		add_checksum(loader, SSI_ACPI_TABLES_FILE,
			     start + HEADER_CHECKSUM, start, table->size);
	}
}

int ssi_acpi_build_loader(const struct ssi_acpi_config *cfg,
			  struct ssi_acpi_loader *loader)
{
	struct ssi_acpi_map map;
	uint32_t first;
	int err = ssi_acpi_build_map(cfg, 0, loader->tables,
				     sizeof(loader->tables), &map);

	if (err)
		return err;
	first = map.tables[1].offset;
	memcpy(loader->rsdp, loader->tables, sizeof(loader->rsdp));
	memmove(loader->tables, loader->tables + first, map.used - first);
	loader->tables_size = map.used - first;
	loader->commands_size = 0;
	allocate(loader, SSI_ACPI_RSDP_FILE, RSDP_ALIGN, ZONE_FSEG);
	allocate(loader, SSI_ACPI_TABLES_FILE, TABLES_ALIGN, ZONE_HIGH);
	link_tables(loader, &map, first);
	link_rsdp(loader, map.pointers[0], first);
	return 0;
}
