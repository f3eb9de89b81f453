/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function for each table; each returns the table's guest address. */
#ifndef SSI_ACPI_TABLES_H
#define SSI_ACPI_TABLES_H

#include <stdint.h>

#include "builder.h"
#include "ssi_acpi.h"

/**
 * ssi_rsdp_reserve() - leave room for the RSDP, which must name the XSDT
 * @b: the builder
 */
uint64_t ssi_rsdp_reserve(struct ssi_builder *b);

/**
 * ssi_rsdp_fill() - complete the RSDP, the first table of the buffer
 * @b: the builder
 * @xsdt: guest address of the XSDT
 */
void ssi_rsdp_fill(struct ssi_builder *b, uint64_t xsdt);

uint64_t ssi_facs_build(struct ssi_builder *b);
uint64_t ssi_dsdt_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg);
uint64_t ssi_fadt_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg, uint64_t facs,
			uint64_t dsdt);
uint64_t ssi_madt_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg);
uint64_t ssi_srat_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg);
uint64_t ssi_slit_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg);
uint64_t ssi_mcfg_build(struct ssi_builder *b);

/* The part of the DSDT about PCI. */
void ssi_pci_build(struct ssi_builder *b, const struct ssi_acpi_config *cfg);

uint64_t ssi_spcr_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg);
uint64_t ssi_hmat_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg);

/**
 * ssi_xsdt_build() - the list of tables
 * @b: the builder
 * @tables: guest addresses
 * @count: how many
 */
uint64_t ssi_xsdt_build(struct ssi_builder *b, const uint64_t *tables,
			unsigned int count);

#endif /* SSI_ACPI_TABLES_H */
