// SPDX-License-Identifier: GPL-2.0-or-later
/* Refuses configurations that no guest's kernel could use. */
#include <stdbool.h>
#include <string.h>

#include "ssi_acpi.h"

#define PAGE_MASK	0xfffull
#define UNREACHABLE	255
#define NO_APIC_ID	0xffffffffu

static const char *check_cpus(const struct ssi_acpi_config *cfg)
{
	if (!cfg->num_cpus || cfg->num_cpus > SSI_ACPI_MAX_CPUS)
		return "the number of CPUs is not 1 to 1024";
	for (unsigned int i = 0; i < cfg->num_cpus; i++) {
		const struct ssi_acpi_cpu *cpu = &cfg->cpus[i];

		if (cpu->node >= cfg->nodes)
			return "a CPU is on a node that does not exist";
		if (cpu->apic_id == NO_APIC_ID)
			return "a CPU has the broadcast address as its APIC id";
		for (unsigned int j = 0; j < i; j++) {
			if (cfg->cpus[j].apic_id == cpu->apic_id)
				return "two CPUs have the same APIC id";
		}
	}
	return NULL;
}

static bool overlaps(const struct ssi_acpi_memory *a,
		     const struct ssi_acpi_memory *b)
{
	return a->base < b->base + b->size && b->base < a->base + a->size;
}

static const char *check_memory(const struct ssi_acpi_config *cfg)
{
	if (!cfg->num_memory)
		return "there is no memory";
	for (unsigned int i = 0; i < cfg->num_memory; i++) {
		const struct ssi_acpi_memory *range = &cfg->memory[i];

		if (range->node >= cfg->nodes)
			return "memory is on a node that does not exist";
		if (!range->size || (range->base | range->size) & PAGE_MASK)
			return "a memory range is empty or not made of pages";
		if (range->base + range->size < range->base)
			return "a memory range passes the end of all memory";
		for (unsigned int j = 0; j < i; j++) {
			if (overlaps(range, &cfg->memory[j]))
				return "two memory ranges overlap";
		}
	}
	return NULL;
}

/* Linux refuses the whole matrix for one entry that breaks these rules. */
static const char *check_distances(const struct ssi_acpi_config *cfg)
{
	if (!cfg->distances)
		return NULL;
	for (unsigned int i = 0; i < cfg->nodes * cfg->nodes; i++) {
		bool same = i / cfg->nodes == i % cfg->nodes;
		uint8_t distance = cfg->distances[i];

		if (same && distance != SSI_ACPI_LOCAL_DISTANCE)
			return "the distance of a node to itself is not 10";
		if (!same && (distance <= SSI_ACPI_LOCAL_DISTANCE ||
			      distance == UNREACHABLE))
			return "a distance between nodes is not 11 to 254";
	}
	return NULL;
}

static const char *check_performance(const struct ssi_acpi_config *cfg)
{
	for (unsigned int i = 0; i < cfg->nodes * cfg->nodes; i++) {
		if (cfg->latencies && (!cfg->latencies[i] ||
				       cfg->latencies[i] > SSI_ACPI_MAX_LATENCY))
			return "a latency is not 1 to 4000000 ns";
		if (cfg->bandwidths && !cfg->bandwidths[i])
			return "a bandwidth is 0";
	}
	return NULL;
}

static const char *check_pci(const struct ssi_acpi_config *cfg)
{
	if (cfg->num_pci_roots > cfg->nodes)
		return "there are more PCI roots than nodes";
	for (unsigned int i = 0; i < cfg->num_pci_roots; i++) {
		const struct ssi_acpi_pci_root *root = &cfg->pci_roots[i];

		if (root->node >= cfg->nodes)
			return "a PCI root is on a node that does not exist";
		if (root->first_bus > root->last_bus || !root->window_size)
			return "a PCI root has no bus or no memory";
	}
	return NULL;
}

static const char *check_hardware(const struct ssi_acpi_config *cfg)
{
	if (!cfg->pm1_event_port || !cfg->pm1_control_port || !cfg->reset_port)
		return "a power management port is 0";
	if (!cfg->lapic_base || !cfg->ioapic_base)
		return "the address of an interrupt controller is 0";
	if (cfg->serial_port && cfg->serial_irq > 15)
		return "the serial port's interrupt is not 0 to 15";
	return NULL;
}

const char *ssi_acpi_check(const struct ssi_acpi_config *cfg)
{
	const char *why;

	if (!cfg->nodes || cfg->nodes > SSI_ACPI_MAX_NODES)
		return "the number of nodes is not 1 to 32";
	why = check_cpus(cfg);
	if (!why)
		why = check_memory(cfg);
	if (!why)
		why = check_distances(cfg);
	if (!why)
		why = check_performance(cfg);
	if (!why)
		why = check_pci(cfg);
	if (!why)
		why = check_hardware(cfg);
	return why;
}
