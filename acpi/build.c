// SPDX-License-Identifier: GPL-2.0-or-later
/* Builds the tables one after the other, with their pointers to each other. */
#include <errno.h>
#include <string.h>

#include "builder.h"
#include "ssi_acpi.h"
#include "tables.h"

#define BUFFER_ALIGN	64	/* so that the tables are aligned as well */

int ssi_acpi_build_map(const struct ssi_acpi_config *cfg, uint64_t gpa,
		       void *buf, size_t size, struct ssi_acpi_map *map)
{
	struct ssi_builder b = {
		.buf = buf, .size = size, .gpa = gpa, .map = map,
	};
	uint64_t facs, dsdt, listed[7];
	unsigned int count = 4;

	if (ssi_acpi_check(cfg) || gpa % BUFFER_ALIGN || gpa + size < gpa)
		return -EINVAL;
	memset(buf, 0, size);
	memset(map, 0, sizeof(*map));
	ssi_rsdp_reserve(&b);
	facs = ssi_facs_build(&b);
	dsdt = ssi_dsdt_build(&b, cfg);
	listed[0] = ssi_fadt_build(&b, cfg, facs, dsdt);
	listed[1] = ssi_madt_build(&b, cfg);
	listed[2] = ssi_srat_build(&b, cfg);
	listed[3] = ssi_slit_build(&b, cfg);
	if (cfg->num_pci_roots)
		listed[count++] = ssi_mcfg_build(&b);
	if (cfg->serial_port)
		listed[count++] = ssi_spcr_build(&b, cfg);
	if (cfg->latencies || cfg->bandwidths)
		listed[count++] = ssi_hmat_build(&b, cfg);
	ssi_rsdp_fill(&b, ssi_xsdt_build(&b, listed, count));
	map->used = b.used;
	return b.full ? -ENOSPC : 0;
}

int ssi_acpi_build(const struct ssi_acpi_config *cfg, uint64_t gpa, void *buf,
		   size_t size, size_t *used, uint64_t *rsdp_gpa)
{
	struct ssi_acpi_map map;
	int err = ssi_acpi_build_map(cfg, gpa, buf, size, &map);

	if (err)
		return err;
	*used = map.used;
	*rsdp_gpa = gpa + map.tables[0].offset;
	return 0;
}
