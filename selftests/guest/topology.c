// SPDX-License-Identifier: GPL-2.0-or-later
/* Is the machine that the kernel sees the one that was described to it? */
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "clocksource.h"
#include "report.h"

/* Firmware tables, the legacy hole below 1 MiB and rounding. */
#define MEMORY_TOLERANCE_MIB	4

static void check_cpus(const struct machine *machine,
		       const struct settings *settings)
{
	int expected = 0;

	for (int i = 0; i < settings->num_cpus; i++) {
		int found = i < machine->num_nodes ?
			    machine->nodes[i].num_cpus : 0;

		expected += settings->cpus[i];
		if (found != settings->cpus[i])
			report_fail("Node %d has %d CPUs online instead of %d.",
				    i, found, settings->cpus[i]);
	}
	if (settings->num_cpus && machine->num_cpus != expected)
		report_fail("There are %d CPUs online instead of %d.",
			    machine->num_cpus, expected);
}

/* Each node is a package: same node, same package, and only then. */
static int check_packages(const struct machine *machine,
			  const struct settings *settings)
{
	int packages = 0;

	for (int i = 0; i < machine->num_cpus; i++) {
		const struct machine_cpu *cpu = &machine->cpus[i];
		int first = 1;

		for (int j = 0; j < i; j++) {
			const struct machine_cpu *other = &machine->cpus[j];

			if (other->package == cpu->package)
				first = 0;
			if (settings->nodes &&
			    (other->package == cpu->package) !=
			    (other->node == cpu->node))
				report_fail("CPU %d is on node %d and in package %d, but CPU %d is on node %d and in package %d.",
					    cpu->id, cpu->node, cpu->package,
					    other->id, other->node,
					    other->package);
		}
		packages += first;
	}
	return packages;
}

static void check_node_memory(const struct machine *machine,
			      const struct settings *settings)
{
	for (int i = 0; i < settings->num_memory; i++) {
		long found = i < machine->num_nodes ?
			     (long)(machine->nodes[i].present_kib >> 10) : 0;
		long missing = settings->memory[i] - found;

		if (missing < 0 || missing > MEMORY_TOLERANCE_MIB)
			report_fail("Node %d has %ld MiB of RAM instead of %d.",
				    i, found, settings->memory[i]);
	}
}

static void check_distances(const struct machine *machine,
			    const struct settings *settings)
{
	for (int i = 0; i < settings->num_distances; i++) {
		int from = i / settings->nodes, to = i % settings->nodes;
		int found = -1;

		if (from < machine->num_nodes &&
		    to < machine->nodes[from].num_distances)
			found = machine->nodes[from].distances[to];
		if (found != settings->distances[i])
			report_fail("The distance from node %d to node %d is %d instead of %d.",
				    from, to, found, settings->distances[i]);
	}
}

static void check_uuid(const struct settings *settings)
{
	char line[64];

	if (!settings->uuid)
		return;
	machine_read_line("/sys/class/dmi/id/product_uuid", line, sizeof(line));
	if (strcmp(line, settings->uuid))
		report_fail("The machine's UUID is \"%s\" instead of %s.", line,
			    settings->uuid);
}

static void report_nodes(const struct machine *machine)
{
	char cpus[256] = "", memory[512] = "", distances[1024] = "";
	size_t at_cpus = 0, at_memory = 0, at_distances = 0;

	for (int i = 0; i < machine->num_nodes; i++) {
		const struct machine_node *node = &machine->nodes[i];
		const char *comma = i ? "," : "";

		at_cpus += snprintf(cpus + at_cpus, sizeof(cpus) - at_cpus,
				    "%s%d", comma, node->num_cpus);
		at_memory += snprintf(memory + at_memory,
				      sizeof(memory) - at_memory, "%s%llu",
				      comma, (unsigned long long)
				      node->present_kib >> 10);
		/* Beyond a few nodes the matrix is only compared. */
		for (int j = 0; j < node->num_distances && j < 8 && i < 8; j++)
			at_distances += snprintf(distances + at_distances,
						 sizeof(distances) - at_distances,
						 "%s%d", i || j ? "," : "",
						 node->distances[j]);
	}
	report_key("node_cpus=%s node_mib=%s distances=%s", cpus, memory,
		   distances);
}

void check_topology(const struct machine *machine,
		    const struct settings *settings)
{
	if (settings->nodes && machine->num_nodes != settings->nodes)
		report_fail("There are %d NUMA nodes instead of %d.",
			    machine->num_nodes, settings->nodes);
	check_cpus(machine, settings);
	check_node_memory(machine, settings);
	if (settings->nodes)
		check_distances(machine, settings);
	check_uuid(settings);
	report_key("cpus=%d nodes=%d packages=%d", machine->num_cpus,
		   machine->num_nodes, check_packages(machine, settings));
	report_nodes(machine);
	clocksource_check(settings->clocksource);
}
