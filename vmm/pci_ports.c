// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PCI configuration space by ports. Every node has the address port of its own
 * CPUs: a guest writes it and then uses the data port on the same CPU, under one
 * lock. So an access to the data port becomes an access to configuration space in
 * memory, and only that access leaves the node.
 */
#include "pci_ports.h"

#include <stdatomic.h>

#include "../acpi/ssi_acpi.h"

#define ADDRESS_PORT	SSI_ACPI_PCI_PORTS
#define DATA_PORT	(SSI_ACPI_PCI_PORTS + 4)
#define ENABLE		0x80000000u
#define ECAM_FN_SHIFT	12

static _Atomic uint32_t pci_ports_address;

static bool access_address(struct forward_access *access)
{
	if (access->len != 4)	/* 0xcf9, as a byte, resets the machine */
		return false;
	if (access->is_write)
		atomic_store(&pci_ports_address, access->value);
	else
		access->value = atomic_load(&pci_ports_address);
	return true;
}

static bool access_data(struct forward_access *access)
{
	uint32_t address = atomic_load(&pci_ports_address);
	unsigned int byte = access->addr - DATA_PORT;

	if (!(address & ENABLE) || byte + access->len > 4) {
		access->value = UINT64_MAX;
		return true;
	}
	access->space = BUS_MMIO;
	access->addr = SSI_ACPI_PCI_ECAM +
		       ((address >> 8 & 0xffff) << ECAM_FN_SHIFT) +
		       (address & 0xfc) + byte;
	return false;
}

bool pci_ports_access(struct forward_access *access)
{
	if (access->space != BUS_PORT)
		return false;
	if (access->addr == ADDRESS_PORT)
		return access_address(access);
	if (access->addr >= DATA_PORT && access->addr < DATA_PORT + 4)
		return access_data(access);
	return false;
}
