// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HMAT: how long memory takes from which CPUs, and how much comes (5.2.27).
 * Initiators are the nodes with CPUs, targets are all nodes. Without values
 * there is no table.
 */
#include <stdbool.h>

#include "tables.h"

#define HMAT_REVISION		2

#define TYPE_DOMAIN		0
#define TYPE_LOCALITY		1

#define DOMAIN_HAS_INITIATOR	(1u << 0)

#define ACCESS_LATENCY		0
#define ACCESS_BANDWIDTH	3

#define PS_PER_NS		1000
#define ENTRY_MAX		0xfffe	/* all ones: not reachable */

struct hmat_domain {
	uint16_t type;
	uint16_t reserved0;
	uint32_t length;
	uint16_t flags;
	uint16_t reserved1;
	uint32_t initiator;
	uint32_t memory;
	uint32_t reserved2;
	uint64_t reserved3[2];
} __attribute__((packed));

struct hmat_locality {
	uint16_t type;
	uint16_t reserved0;
	uint32_t length;
	uint8_t flags;		/* memory, not a cache before it */
	uint8_t data_type;
	uint16_t reserved1;
	uint32_t num_initiators;
	uint32_t num_targets;
	uint32_t reserved2;
	uint64_t unit;		/* of an entry: ps, or MB/s */
} __attribute__((packed));

_Static_assert(sizeof(struct hmat_domain) == 40, "ACPI 6.4, table 5.145");
_Static_assert(sizeof(struct hmat_locality) == 32, "ACPI 6.4, table 5.146");

static bool has_cpus(const struct ssi_acpi_config *cfg, unsigned int node)
{
	for (unsigned int i = 0; i < cfg->num_cpus; i++)
		if (cfg->cpus[i].node == node)
			return true;
	return false;
}

static bool has_memory(const struct ssi_acpi_config *cfg, unsigned int node)
{
	for (unsigned int i = 0; i < cfg->num_memory; i++)
		if (cfg->memory[i].node == node)
			return true;
	return false;
}

static void append_domain(struct ssi_builder *b,
			  const struct ssi_acpi_config *cfg, unsigned int node)
{
	struct hmat_domain domain = {
		.type = TYPE_DOMAIN, .length = sizeof(domain), .memory = node,
	};

	if (has_cpus(cfg, node)) {
		domain.flags = DOMAIN_HAS_INITIATOR;
		domain.initiator = node;
	}
	ssi_builder_append(b, &domain, sizeof(domain));
}

/* The smallest unit in which the largest value fits. */
static uint32_t find_scale(const struct ssi_acpi_config *cfg,
			   const uint32_t *values)
{
	uint32_t most = 1;

	for (unsigned int i = 0; i < cfg->nodes * cfg->nodes; i++)
		if (values[i] > most)
			most = values[i];
	return (most + ENTRY_MAX - 1) / ENTRY_MAX;
}

static void append_entries(struct ssi_builder *b,
			   const struct ssi_acpi_config *cfg,
			   const uint32_t *values, uint32_t scale)
{
	for (unsigned int from = 0; from < cfg->nodes; from++) {
		if (!has_cpus(cfg, from))
			continue;
		for (unsigned int to = 0; to < cfg->nodes; to++) {
			uint32_t value = values[from * cfg->nodes + to];
			uint16_t entry = (value + scale - 1) / scale;

			if (!has_memory(cfg, to))
				continue;
			ssi_builder_append(b, &entry, sizeof(entry));
		}
	}
}

static void append_locality(struct ssi_builder *b,
			    const struct ssi_acpi_config *cfg,
			    uint8_t data_type, const uint32_t *values)
{
	uint32_t scale = find_scale(cfg, values), initiators = 0, targets = 0;
	struct hmat_locality head = {
		.type = TYPE_LOCALITY, .data_type = data_type,
		.unit = data_type == ACCESS_LATENCY ?
			(uint64_t)scale * PS_PER_NS : scale,
	};

	for (unsigned int node = 0; node < cfg->nodes; node++) {
		initiators += has_cpus(cfg, node);
		targets += has_memory(cfg, node);
	}
	head.num_initiators = initiators;
	head.num_targets = targets;
	head.length = sizeof(head) + (initiators + targets) * 4 +
		      initiators * targets * 2;
	ssi_builder_append(b, &head, sizeof(head));
	for (uint32_t node = 0; node < cfg->nodes; node++)
		if (has_cpus(cfg, node))
			ssi_builder_append(b, &node, sizeof(node));
	for (uint32_t node = 0; node < cfg->nodes; node++)
		if (has_memory(cfg, node))
			ssi_builder_append(b, &node, sizeof(node));
	append_entries(b, cfg, values, scale);
}

uint64_t ssi_hmat_build(struct ssi_builder *b,
			const struct ssi_acpi_config *cfg)
{
	static const uint32_t reserved;
	uint64_t gpa = ssi_builder_begin_table(b, "HMAT", HMAT_REVISION);

	ssi_builder_append(b, &reserved, sizeof(reserved));
	for (unsigned int node = 0; node < cfg->nodes; node++)
		if (has_memory(cfg, node))
			append_domain(b, cfg, node);
	if (cfg->latencies)
		append_locality(b, cfg, ACCESS_LATENCY, cfg->latencies);
	if (cfg->bandwidths)
		append_locality(b, cfg, ACCESS_BANDWIDTH, cfg->bandwidths);
	ssi_builder_end_table(b);
	return gpa;
}
