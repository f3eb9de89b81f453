// SPDX-License-Identifier: GPL-2.0-or-later
/* Where CPUs, memory and PCI devices of each node are in the guest. */
#include "layout.h"

/* Buses and addresses of each node's PCI root: the node follows from either. */
#define BUSES_OF_ROOT	(256 / SSI_ACPI_MAX_NODES)
#define FIRST_WINDOW	(512u << 20)
#define OTHER_WINDOW	(8u << 20)

_Static_assert(FIRST_WINDOW + (SSI_ACPI_MAX_NODES - 1) * OTHER_WINDOW <=
	       SSI_ACPI_PCI_WINDOW_SIZE, "the windows of all roots fit");

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
	if (node->memory % MEMORY_ALIGN)
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
	uint64_t below = base < SSI_LAYOUT_HOLE_START ?
			 SSI_LAYOUT_HOLE_START - base : 0;

	if (!size)
		return base;
	if (below && size > below) {
		add_range(layout, base, below, node);
		size -= below;
		base = SSI_LAYOUT_HOLE_END;
	}
	add_range(layout, base, size, node);
	base += size;
	return base == SSI_LAYOUT_HOLE_START ? SSI_LAYOUT_HOLE_END : base;
}

void ssi_layout_add_pci_root(struct ssi_layout *layout, unsigned int node)
{
	static const struct ssi_acpi_pci_root first = {
		.last_bus = BUSES_OF_ROOT - 1,
		.window = SSI_ACPI_PCI_WINDOW, .window_size = FIRST_WINDOW,
	};
	struct ssi_acpi_pci_root *root;

	for (unsigned int i = 0; i < layout->num_pci_roots; i++)
		if (layout->pci_roots[i].node == node)
			return;
	root = &layout->pci_roots[layout->num_pci_roots++];
	*root = first;
	if (!node)
		return;
	root->node = node;
	root->first_bus = node * BUSES_OF_ROOT;
	root->last_bus = root->first_bus + BUSES_OF_ROOT - 1;
	root->window = SSI_ACPI_PCI_WINDOW + FIRST_WINDOW +
		       (node - 1) * OTHER_WINDOW;
	root->window_size = OTHER_WINDOW;
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
	layout->num_pci_roots = 0;
	ssi_layout_add_pci_root(layout, 0);
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
	if (!layout->num_memory)
		return "no node has memory";
	return NULL;
}

void ssi_layout_apply(const struct ssi_layout *layout, struct ssi_acpi_config *cfg)
{
	cfg->nodes = layout->nodes;
	cfg->cpus = layout->cpus;
	cfg->num_cpus = layout->num_cpus;
	cfg->memory = layout->memory;
	cfg->num_memory = layout->num_memory;
	cfg->pci_roots = layout->pci_roots;
	cfg->num_pci_roots = layout->num_pci_roots;
}
