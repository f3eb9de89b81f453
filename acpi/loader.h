/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables for firmware, which chooses their addresses. */
#ifndef SSI_ACPI_LOADER_H
#define SSI_ACPI_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "ssi_acpi.h"

/* QEMU's names of the files that firmware loads. */
#define SSI_ACPI_LOADER_FILE	"etc/table-loader"
#define SSI_ACPI_TABLES_FILE	"etc/acpi/tables"
#define SSI_ACPI_RSDP_FILE	"etc/acpi/rsdp"

#define SSI_ACPI_RSDP_SIZE	36
#define SSI_ACPI_COMMAND_SIZE	128

/* Two allocations, the pointers, and the checksums over them. */
#define SSI_ACPI_MAX_COMMANDS	(2 + SSI_ACPI_MAX_POINTERS + \
				 SSI_ACPI_MAX_TABLES + 2)

/**
 * struct ssi_acpi_loader - three files for the firmware
 * @commands: how to put the others together
 * @commands_size: bytes in use
 * @tables: all but the RSDP; pointers are offsets into it
 * @tables_size: bytes in use
 * @rsdp: the RSDP
 */
struct ssi_acpi_loader {
	uint8_t commands[SSI_ACPI_MAX_COMMANDS * SSI_ACPI_COMMAND_SIZE];
	size_t commands_size;
	uint8_t tables[SSI_ACPI_MAX_SIZE];
	size_t tables_size;
	uint8_t rsdp[SSI_ACPI_RSDP_SIZE];
};

/**
 * ssi_acpi_build_loader() - the tables of ssi_acpi_build(), for firmware
 * @cfg: the configuration
 * @loader: out
 *
 * Return: 0 or -EINVAL or -ENOSPC, as ssi_acpi_build() does.
 */
int ssi_acpi_build_loader(const struct ssi_acpi_config *cfg,
			  struct ssi_acpi_loader *loader);

#endif /* SSI_ACPI_LOADER_H */
