/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where CPUs, memory and PCI devices of each node are in the guest. */
#ifndef SSI_ACPI_LAYOUT_H
#define SSI_ACPI_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "ssi_acpi.h"

/*
 * RAM is contiguous except for this hole for devices. It begins at the PCI
 * configuration space, since OVMF expects no RAM between that and 4 GiB.
 */
#define SSI_LAYOUT_HOLE_START	((uint64_t)SSI_ACPI_PCI_ECAM)
#define SSI_LAYOUT_HOLE_END	(4ull << 30)

/**
 * ssi_layout_address() - the guest's address of a byte of its memory
 * @offset: in the memory, which has no hole, as the module counts pages
 *
 * Return: the address, which is above the hole if the byte is not below it.
 */
static inline uint64_t ssi_layout_address(uint64_t offset)
{
	return offset < SSI_LAYOUT_HOLE_START ? offset :
	       offset - SSI_LAYOUT_HOLE_START + SSI_LAYOUT_HOLE_END;
}

/**
 * ssi_layout_offset() - the reverse of ssi_layout_address()
 * @address: the guest's
 * @offset: out: where in the memory
 *
 * Return: whether the address is not in the hole.
 */
static inline bool ssi_layout_offset(uint64_t address, uint64_t *offset)
{
	*offset = address < SSI_LAYOUT_HOLE_START ? address :
		  address - SSI_LAYOUT_HOLE_END + SSI_LAYOUT_HOLE_START;
	return address < SSI_LAYOUT_HOLE_START || address >= SSI_LAYOUT_HOLE_END;
}

/**
 * struct ssi_layout_node - what one node gives to the guest
 * @cpus: number of CPUs
 * @memory: bytes, a multiple of 2 MiB
 */
struct ssi_layout_node {
	uint64_t cpus;
	uint64_t memory;
};

/**
 * struct ssi_layout - the guest's CPUs, ranges of memory and PCI roots
 * @cpus: node by node
 * @memory: in ascending address; one more than nodes, for the hole
 * @nodes: number of nodes
 * @num_cpus: entries of @cpus
 * @num_memory: entries of @memory
 * @pci_roots: of the nodes that have PCI devices; node 0 always does
 * @num_pci_roots: entries of @pci_roots
 */
struct ssi_layout {
	struct ssi_acpi_cpu cpus[SSI_ACPI_MAX_CPUS];
	struct ssi_acpi_memory memory[SSI_ACPI_MAX_NODES + 1];
	unsigned int nodes;
	unsigned int num_cpus;
	unsigned int num_memory;
	struct ssi_acpi_pci_root pci_roots[SSI_ACPI_MAX_NODES];
	unsigned int num_pci_roots;
};

/**
 * ssi_layout_make() - place the nodes in the order given
 * @layout: out
 * @nodes: the nodes
 * @count: how many, at most SSI_ACPI_MAX_NODES
 *
 * Memory is contiguous except for a hole below 4 GiB. Each node is one
 * package, and the APIC ids of a package begin at a power of two.
 *
 * Return: NULL, or what is wrong, a text that completes a sentence.
 */
const char *ssi_layout_make(struct ssi_layout *layout,
			    const struct ssi_layout_node *nodes,
			    unsigned int count);

/* Give a node with PCI devices a root. A second call for it does nothing. */
void ssi_layout_add_pci_root(struct ssi_layout *layout, unsigned int node);

/* Let a configuration point to a layout, which must live as long. */
void ssi_layout_apply(const struct ssi_layout *layout, struct ssi_acpi_config *cfg);

#endif /* SSI_ACPI_LAYOUT_H */
