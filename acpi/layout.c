// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the CPUs and the memory of each node are in the guest. */
#include "layout.h"

#define HOLE_START	(3ull << 30)
#define HOLE_END	(4ull << 30)
#define MEMORY_ALIGN	(2ull << 20)
#define MEMORY_MAX	(1ull << 46)

/* The bits of an APIC id that number the CPUs of one package. */
static unsigned int package_shift(const struct ssi_layout_node *nodes,
				  unsigned int count)
{
	unsigned int shift = 0;

	for (unsigned int i = 0; i < count; i++) {
		while (nodes[i].cpus > 1ull << shift)
			shift++;
	}
	return shift;
}

static const char *check_node(const struct ssi_layout_node *node, uint64_t cpus)
{
	if (node->cpus > SSI_ACPI_MAX_CPUS - cpus)
		return "it has more than 1024 CPUs";
	if (!node->memory || node->memory % MEMORY_ALIGN)
		return "the memory of a node is not a multiple of 2 MiB";
	if (node->memory > MEMORY_MAX)
		return "the memory of a node is more than 64 TiB";
	return NULL;
}

static void add_range(struct ssi_layout *layout, uint64_t base, uint64_t size,
		      uint32_t node)
{
	layout->memory[layout->num_memory++] = (struct ssi_acpi_memory) {
		.base = base, .size = size, .node = node,
	};
}

/* Returns where the next node's memory begins. */
static uint64_t add_memory(struct ssi_layout *layout, uint64_t base, uint64_t size,
			   uint32_t node)
{
	if (base < HOLE_START && size > HOLE_START - base) {
		add_range(layout, base, HOLE_START - base, node);
		size -= HOLE_START - base;
		base = HOLE_END;
	}
	add_range(layout, base, size, node);
	base += size;
	return base == HOLE_START ? HOLE_END : base;
}

const char *ssi_layout_make(struct ssi_layout *layout,
			    const struct ssi_layout_node *nodes,
			    unsigned int count)
{
	unsigned int shift = package_shift(nodes, count);
	uint64_t base = 0;

	layout->nodes = count;
	layout->num_cpus = 0;
	layout->num_memory = 0;
	for (unsigned int i = 0; i < count; i++) {
		const char *why = check_node(&nodes[i], layout->num_cpus);

		if (why)
			return why;
		for (unsigned int cpu = 0; cpu < nodes[i].cpus; cpu++) {
			layout->cpus[layout->num_cpus++] =
				(struct ssi_acpi_cpu) {
					.apic_id = i << shift | cpu, .node = i,
				};
		}
		base = add_memory(layout, base, nodes[i].memory, i);
	}
	return NULL;
}

void ssi_layout_apply(const struct ssi_layout *layout, struct ssi_acpi_config *cfg)
{
	cfg->nodes = layout->nodes;
	cfg->cpus = layout->cpus;
	cfg->num_cpus = layout->num_cpus;
	cfg->memory = layout->memory;
	cfg->num_memory = layout->num_memory;
}
