// SPDX-License-Identifier: GPL-2.0-or-later
/* SLIT: relative distances between the nodes (5.2.17). */
#include "tables.h"

static uint8_t distance(const struct ssi_acpi_config *cfg, unsigned int from,
			unsigned int to)
{
	if (cfg->distances)
		return cfg->distances[from * cfg->nodes + to];
	return from == to ? SSI_ACPI_LOCAL_DISTANCE :
			    SSI_ACPI_REMOTE_DISTANCE;
}

uint64_t ssi_slit_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg)
{
	const uint64_t localities = cfg->nodes;
	uint64_t gpa = ssi_builder_begin_table(b, "SLIT", 1);

	ssi_builder_append(b, &localities, sizeof(localities));
	for (unsigned int from = 0; from < cfg->nodes; from++) {
		for (unsigned int to = 0; to < cfg->nodes; to++) {
			const uint8_t entry = distance(cfg, from, to);

			ssi_builder_append(b, &entry, sizeof(entry));
		}
	}
	ssi_builder_end_table(b);
	return gpa;
}
