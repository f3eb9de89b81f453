// SPDX-License-Identifier: GPL-2.0-or-later
/* From the cluster's options to the guest's ACPI tables. */
#include "tables.h"

#include "host.h"

#define LAST_APIC_ID	254	/* an IOAPIC names a CPU by 8 bits */

static const char *place_shape(const struct options_shape *shape,
			       struct ssi_layout *layout)
{
	struct ssi_layout_node nodes[SSI_DSM_MAX_NODES];
	const char *why;

	for (unsigned int i = 0; i < shape->num_nodes; i++) {
		nodes[i].cpus = shape->cpus[i];
		nodes[i].memory = shape->memory[i];
	}
	why = ssi_layout_make(layout, nodes, shape->num_nodes);
	for (unsigned int i = 0; !why && i < shape->num_nodes; i++)
		if (!i || shape->has_root[i])
			ssi_layout_add_pci_root(layout, i);
	return why;
}

const char *tables_place(const struct options *options,
			 struct ssi_layout *layout)
{
	struct ssi_layout_node nodes[SSI_DSM_MAX_NODES];
	const char *why;

	if (options->shape)
		return place_shape(options->shape, layout);
	for (unsigned int i = 0; i < options->num_nodes; i++) {
		nodes[i].cpus = options->nodes[i].cpus;
		nodes[i].memory = options->nodes[i].memory;
	}
	why = ssi_layout_make(layout, nodes, options->num_nodes);
	for (unsigned int i = 0; !why && i < options->num_nodes; i++)
		if (device_is_on(&options->devices, i))
			ssi_layout_add_pci_root(layout, i);
	return why;
}

const char *tables_check_cpus(const struct ssi_layout *layout)
{
	/* They ascend, and 255 is a broadcast. */
	if (layout->cpus[layout->num_cpus - 1].apic_id > LAST_APIC_ID)
		return "its APIC ids go beyond 254; give the nodes fewer or more equal CPUs";
	return NULL;
}

/*
 * Linux discards a reading of the PM timer that takes longer than 1/32 ms
 * (arch/x86/kernel/tsc.c), and one reading is three exits. On a host that is a
 * virtual machine itself exits take longer, and Linux never accepts the TSC. But
 * if ssi-vmm does not write the kernel's command line, the kernel has no other way
 * to measure the TSC.
 */
bool tables_have_pm_timer(const struct options *options)
{
	if (options->pm_timer != PM_TIMER_AUTO)
		return options->pm_timer == PM_TIMER_ON;
	return !host_is_virtual() || (options->firmware && !options->kernel);
}

/* Rows that were neither configured nor measured have the usual values. */
static const uint8_t *make_distances(const struct options *options)
{
	static uint8_t matrix[SSI_DSM_MAX_NODES * SSI_DSM_MAX_NODES];
	unsigned int nodes = options->num_nodes;

	for (unsigned int from = 0; from < nodes; from++) {
		const uint8_t *row = options->nodes[from].distances;

		for (unsigned int to = 0; to < nodes; to++)
			matrix[from * nodes + to] = row ? row[to] :
				from == to ? SSI_ACPI_LOCAL_DISTANCE :
					     SSI_ACPI_REMOTE_DISTANCE;
	}
	return matrix;
}

/*
 * The rows of all nodes. Those of nodes without CPUs are not used, but must not be
 * 0. Return: the matrix, or NULL if the row of a node with CPUs is missing.
 */
static const uint32_t *gather_rows(const struct options *options,
				   uint32_t *matrix, bool bandwidths)
{
	unsigned int nodes = options->num_nodes;

	for (unsigned int from = 0; from < nodes; from++) {
		const struct node_options *node = &options->nodes[from];
		const uint32_t *row = bandwidths ? node->bandwidths :
						   node->latencies;

		if (!row && node->cpus)
			return NULL;
		for (unsigned int to = 0; to < nodes; to++)
			matrix[from * nodes + to] = row ? row[to] : 1;
	}
	return matrix;
}

const char *tables_describe(const struct options *options,
			    const struct ssi_layout *layout, bool pm_timer,
			    struct ssi_acpi_config *config)
{
	static uint32_t latencies[SSI_DSM_MAX_NODES * SSI_DSM_MAX_NODES];
	static uint32_t bandwidths[SSI_DSM_MAX_NODES * SSI_DSM_MAX_NODES];

	*config = (struct ssi_acpi_config) {
		SSI_ACPI_CONFIG_DEFAULTS,
		.distances = make_distances(options),
		.latencies = gather_rows(options, latencies, false),
		.bandwidths = gather_rows(options, bandwidths, true),
	};
	ssi_layout_apply(layout, config);
	if (!pm_timer)
		config->pm_timer_port = 0;
	/* The IOAPIC's id; CPUs may have the same one. */
	config->ioapic_id = 0;
	return ssi_acpi_check(config);
}
